"""The saga as GitLab CI jobs: one for each environment, started by hand."""

from __future__ import annotations

import math
from typing import Any

from sternway_steps import __version__

from ..kubernetes.images import RUN, image_of, note_on
from ..output import MADE_BY
from ..yaml_text import comment, to_yaml
from .parameters import UNCHANGED, Environment, PipelineInputs
from .shell import KEY_NEEDED, finish, report_again, run

_RUN = '"gl-$CI_JOB_ID"'
_REPORT = "sternway-report.html"
_ABOUT = """\
# Include it in .gitlab-ci.yml (include: local), or take it as that. It needs a variable KUBECONFIG of type File, one
# for each environment: the kubeconfig of an account with the rights that `sternway template` writes as a Role.
# A job that is cancelled gets SIGTERM, and is killed some seconds later; some executors kill it at once. At SIGTERM the
# run begins its undo, and after_script goes on with it (since GitLab 17 also when a job is cancelled). What is not
# undone then, the next run of the same target undoes first; so does `sternway rollback RUN`.
"""


def gitlab(request: PipelineInputs) -> str:
    """Return the text of the file. The jobs use the image that runs all steps; nothing is installed in them."""
    head = f"{MADE_BY}{__version__}: sternway template --for gitlab --config {request.source}\n{_ABOUT}"
    head += KEY_NEEDED.format("masked variable") if request.encrypts else ""
    head += comment(images_note(request))
    return head + to_yaml([_pipeline(request)]).removeprefix("---\n")


def images_note(request: PipelineInputs) -> str:
    """Say what to set where the jobs' image is nobody's; "" where it is somebody's."""
    config = request.environments[0].config
    return note_on(config, {"image": image_of(config, RUN)})


def _pipeline(request: PipelineInputs) -> dict[str, Any]:
    variables = {}
    for each in request.changeable:
        if each.enum:
            choice = {"value": UNCHANGED, "options": [UNCHANGED, *each.enum]}
            variables[each.variable] = {**choice, "description": each.description}
        else:
            variables[each.variable] = {"value": "", "description": f"{each.description} Empty: as configured."}
    template = f".sternway-{request.name}"
    jobs = {_job_name(request, each): _job(request, each, template) for each in request.environments}
    return {**({"variables": variables} if variables else {}), template: _template(request), **jobs}


def _template(request: PipelineInputs) -> dict[str, Any]:
    image = image_of(request.environments[0].config, RUN)
    limits: dict[str, str] = {"RUNNER_AFTER_SCRIPT_TIMEOUT": f"{math.ceil(request.undo_seconds / 60)}m"}
    job: dict[str, Any] = {"image": {"name": image, "entrypoint": [""]}, "interruptible": False}
    if request.seconds is not None:
        # When a job's own time is over, GitLab skips after_script: so the script's ends before.
        limits["RUNNER_SCRIPT_TIMEOUT"] = f"{math.ceil((request.seconds - request.undo_seconds) / 60)}m"
        job["timeout"] = f"{math.ceil(request.seconds / 60) + 1} minutes"
    return {
        **job,
        "variables": limits,
        "rules": [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual"}],
        # The shell is not replaced here: some executors read the end of a job from what it says last.
        "script": [run('"$SAGA_CONFIG"', request.changeable, f"--run {_RUN} --report {_REPORT}")],
        "after_script": [finish(_RUN, '"$SAGA_CONFIG"'), report_again(_RUN, '"$SAGA_CONFIG"', _REPORT)],
        "artifacts": {"when": "always", "paths": [_REPORT], "expose_as": "Sternway report", "expire_in": "30 days"},
    }


def _job_name(request: PipelineInputs, environment: Environment) -> str:
    return f"deploy-{request.name}-{environment.name}" if request.folder else f"deploy-{request.name}"


def _job(request: PipelineInputs, environment: Environment, template: str) -> dict[str, Any]:
    several = bool(request.folder)
    url = environment.config.ci.url
    place = {"name": environment.name if several else request.name, **({"url": url} if url else {})}
    return {
        "extends": template,
        **({"environment": place} if several or url else {}),
        "resource_group": f"sternway-{request.name}" + (f"-{environment.name}" if several else ""),
        "variables": {"SAGA_CONFIG": environment.path},
    }
