"""The saga as GitLab CI jobs: one for each environment, started by hand."""

from __future__ import annotations

import math
from typing import Any

from sternway_steps.config import Config

from ..kubernetes.images import RUN, image_of, note_on
from .gitlab_sign_in import shared, sign_in, uses_variable
from .head import text_of
from .parameters import UNCHANGED, Environment, PipelineInputs
from .shell import finish, key_needed, report_again, run

_RUN = '"gl-$CI_JOB_ID"'
_CONFIG = '"$SAGA_CONFIG"'
_REPORT = "sternway-report.html"
_ABOUT = """\
Include it in .gitlab-ci.yml (include: local), or take it as that.
A job that is cancelled gets SIGTERM, and is killed some seconds later; some executors kill it at once. At SIGTERM the
run begins its undo, and after_script goes on with it (since GitLab 17 also when a job is cancelled). What is not
undone then, the next run of the same target undoes first; so does `sternway rollback RUN`."""
_KUBECONFIG = """\
It needs a variable KUBECONFIG of type File, one for each environment that names no cluster: the kubeconfig of an
account with the rights that `sternway template` writes as a Role."""


def gitlab(request: PipelineInputs) -> str:
    """Return the text of the file. The jobs use the image that runs all steps; nothing is installed in them."""
    kubeconfig = _KUBECONFIG if uses_variable(request) else ""
    about = (_ABOUT, kubeconfig, key_needed(request, "masked variable"), images_note(request))
    return text_of("gitlab", request, _pipeline(request), *about)


def images_note(request: PipelineInputs) -> str:
    """Say what to set where the jobs' image is nobody's; "" where it is somebody's."""
    config = request.environments[0].config
    return note_on(config, {"image": image_of(config, RUN)})


def job_image(config: Config) -> dict[str, Any]:
    """Return the key `image` of a job: GitLab wants a shell in the place of the image's own program."""
    return {"image": {"name": image_of(config, RUN), "entrypoint": [""]}}


def _pipeline(request: PipelineInputs) -> dict[str, Any]:
    variables = {}
    for each in request.changeable:
        if each.enum:
            choice = {"value": UNCHANGED, "options": [UNCHANGED, *each.enum]}
            variables[each.variable] = {**choice, "description": each.description}
        else:
            variables[each.variable] = {"value": "", "description": f"{each.description} Empty: as configured."}
    template = f".sternway-{request.name}"
    common, own = shared({each.name: _own(request, each) for each in request.environments})
    jobs = {
        _job_name(request, each): {**_job(request, each, template), **own[each.name]} for each in request.environments
    }
    return {**({"variables": variables} if variables else {}), template: {**common, **_template(request)}, **jobs}


def _template(request: PipelineInputs) -> dict[str, Any]:
    limits: dict[str, str] = {"RUNNER_AFTER_SCRIPT_TIMEOUT": f"{math.ceil(request.undo_seconds / 60)}m"}
    job: dict[str, Any] = {"interruptible": False}
    if request.seconds is not None:
        # When a job's own time is over, GitLab skips after_script: so the script's ends before.
        limits["RUNNER_SCRIPT_TIMEOUT"] = f"{math.ceil((request.seconds - request.undo_seconds) / 60)}m"
        job["timeout"] = f"{math.ceil(request.seconds / 60) + 1} minutes"
    return {
        **job,
        "variables": limits,
        "rules": [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual"}],
        "artifacts": {"when": "always", "paths": [_REPORT], "expose_as": "Sternway report", "expire_in": "30 days"},
    }


def _own(request: PipelineInputs, environment: Environment) -> dict[str, Any]:
    """Return where a job runs, what it calls, and the token that it signs in with."""
    way = sign_in(environment.config.ci)
    # The shell is not replaced here: some executors read the end of a job from what it says last.
    forward = run(_CONFIG, request.changeable, " ".join([f"--run {_RUN} --report {_REPORT}", *way.flags]))
    undo = finish(_RUN, _CONFIG, " ".join(way.flags)) + " || code=$?"
    again = report_again(_RUN, _CONFIG, _REPORT, " ".join(way.flags))
    return {
        **job_image(environment.config),
        **way.keys(),
        "script": [*way.script, forward],
        "after_script": [*way.script, undo, again, *way.cleared, 'exit "${code:-0}"'],
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
