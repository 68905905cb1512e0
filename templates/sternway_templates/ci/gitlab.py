"""The saga as jobs of GitLab CI: one for each environment, started by hand."""

from __future__ import annotations

import math
from typing import Any

from sternway_steps import __version__

from ..kubernetes.images import RUN, image_of
from ..output import MADE_BY
from ..yaml_text import to_yaml
from .parameters import UNCHANGED, Asked, Environment
from .shell import finish, run

_RUN = '"gl-$CI_JOB_ID"'
_ABOUT = """\
# Include it in .gitlab-ci.yml (include: local), or take it as that. It needs a variable KUBECONFIG of type File, one
# for each environment: the kubeconfig of an account with the rights that `sternway template` writes as a Role.
# A job that is cancelled gets SIGTERM, and is killed some seconds later; some executors kill it at once. At SIGTERM the
# run begins its undo, and after_script goes on with it (since GitLab 17 also when a job is cancelled). What is not
# undone then, the next run of the same target undoes first; so does `sternway rollback RUN`.
"""


def gitlab(asked: Asked) -> str:
    """Give the file. The image is the one that runs all steps; it has a shell, and nothing is installed in the job."""
    head = f"{MADE_BY}{__version__}: sternway template --for gitlab --config {asked.source}\n{_ABOUT}"
    return head + to_yaml([_pipeline(asked)]).removeprefix("---\n")


def _pipeline(asked: Asked) -> dict[str, Any]:
    variables = {}
    for each in asked.changeable:
        if each.enum:
            choice = {"value": UNCHANGED, "options": [UNCHANGED, *each.enum]}
            variables[each.variable] = {**choice, "description": each.description}
        else:
            variables[each.variable] = {"value": "", "description": f"{each.description} Empty: as configured."}
    template = f".sternway-{asked.name}"
    jobs = {_job_name(asked, each): _job(asked, each, template) for each in asked.environments}
    return {**({"variables": variables} if variables else {}), template: _template(asked), **jobs}


def _template(asked: Asked) -> dict[str, Any]:
    image = image_of(asked.environments[0].config, RUN)
    limits: dict[str, str] = {"RUNNER_AFTER_SCRIPT_TIMEOUT": f"{math.ceil(asked.undo_seconds / 60)}m"}
    job: dict[str, Any] = {"image": {"name": image, "entrypoint": [""]}, "interruptible": False}
    if asked.seconds is not None:
        # When a job's own time is over, GitLab skips after_script: so the script's ends before.
        limits["RUNNER_SCRIPT_TIMEOUT"] = f"{math.ceil((asked.seconds - asked.undo_seconds) / 60)}m"
        job["timeout"] = f"{math.ceil(asked.seconds / 60) + 1} minutes"
    return {
        **job,
        "variables": limits,
        "rules": [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual"}],
        # The shell is not replaced here: some executors read the end of a job from what it says last.
        "script": [run('"$SAGA_CONFIG"', asked.changeable, f"--run {_RUN}")],
        "after_script": [finish(_RUN, '"$SAGA_CONFIG"')],
    }


def _job_name(asked: Asked, environment: Environment) -> str:
    return f"deploy-{asked.name}-{environment.name}" if asked.folder else f"deploy-{asked.name}"


def _job(asked: Asked, environment: Environment, template: str) -> dict[str, Any]:
    several = bool(asked.folder)
    return {
        "extends": template,
        **({"environment": {"name": environment.name}} if several else {}),
        "resource_group": f"sternway-{asked.name}" + (f"-{environment.name}" if several else ""),
        "variables": {"SAGA_CONFIG": environment.path},
    }
