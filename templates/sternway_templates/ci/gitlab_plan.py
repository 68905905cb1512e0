"""The plan of a merge request as GitLab CI jobs: one note, which is renewed."""

from __future__ import annotations

from typing import Any

from .gitlab import images_note, job_image
from .gitlab_sign_in import OURS, shared, sign_in, uses_variable
from .head import text_of
from .parameters import Environment, PipelineInputs
from .plan_comment import marker, program
from .shell import plan

_ABOUT = """\
Include it in .gitlab-ci.yml (include: local). On each merge request it tells what a run would change: in the log of
each job and, with a masked variable STERNWAY_COMMENT_TOKEN (a project access token, role Reporter, scope api), in one
note. An environment is called NAME-plan here, and its account needs just the rights to read."""
_KUBECONFIG = """\
It needs a variable KUBECONFIG of type File: one for each environment that names no cluster."""
_FOLDER = ".sternway-plan"
_MOST = 1_000_000
"""Characters of a note (GitLab, "Instance limits", size of comments)."""
_MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'


def gitlab_plan(request: PipelineInputs) -> str:
    """Return the text of the file."""
    common, own = shared({each.name: _own(request, each) for each in request.environments})
    jobs = {_job_name(request, each): {**_job(request, each), **own[each.name]} for each in request.environments}
    pipeline = {
        _template(request): {**common, **_plan(request)},
        **jobs,
        f"comment-{request.name}": _comment(request, list(jobs)),
    }
    kubeconfig = _KUBECONFIG if uses_variable(request) else ""
    return text_of("gitlab-plan", request, pipeline, _ABOUT, kubeconfig, images_note(request))


def _template(request: PipelineInputs) -> str:
    return f".sternway-plan-{request.name}"


def _job_name(request: PipelineInputs, environment: Environment) -> str:
    return f"plan-{request.name}-{environment.name}" if request.folder else f"plan-{request.name}"


def _plan(request: PipelineInputs) -> dict[str, Any]:
    return {
        "interruptible": True,
        "timeout": "15 minutes",
        "rules": [{"if": _condition(request)}],
        "artifacts": {"when": "always", "paths": [f"{_FOLDER}/"], "expire_in": "1 week"},
    }


def _own(request: PipelineInputs, environment: Environment) -> dict[str, Any]:
    """Return where a job runs, what it calls, and the token that it signs in with."""
    way = sign_in(environment.config.ci, plans=True)
    flags = " ".join(way.flags)
    script = plan('"$SAGA_CONFIG"', flags, title=request.name, several=bool(request.folder), page=None)
    after = {"after_script": [*way.cleared]} if way.cleared else {}
    return {**job_image(environment.config), **way.keys(), "script": [*way.script, script], **after}


def _condition(request: PipelineInputs) -> str:
    tokens = any(each.config.ci.tokens for each in request.environments)
    return f"{_MERGE_REQUEST} && {OURS}" if tokens else _MERGE_REQUEST


def _job(request: PipelineInputs, environment: Environment) -> dict[str, Any]:
    where = {"ENVIRONMENT": environment.name} if request.folder else {}
    # It is the place of variables here, and no deployment.
    place = {"environment": {"name": f"{environment.name}-plan", "action": "access"}} if request.folder else {}
    return {
        "extends": _template(request),
        **place,
        "variables": {"SAGA_CONFIG": environment.path, "FOLDER": _FOLDER, **where},
    }


def _comment(request: PipelineInputs, needs: list[str]) -> dict[str, Any]:
    notes = "$CI_API_V4_URL/projects/$CI_MERGE_REQUEST_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
    return {
        **job_image(request.environments[0].config),
        "interruptible": True,
        "timeout": "5 minutes",
        "needs": needs,
        "rules": [{"if": f"{_condition(request)} && $STERNWAY_COMMENT_TOKEN", "when": "always"}],
        "variables": {
            # What writes runs nothing of the merge request.
            "GIT_STRATEGY": "none",
            "TOKEN": "$STERNWAY_COMMENT_TOKEN",
            "AUTH": "PRIVATE-TOKEN",
            "AUTHOR_URL": "$CI_API_V4_URL/user",
            "COMMENTS": notes,
            "EDITED": notes,
            "METHOD": "PUT",
            "MARKER": marker(request),
            "MOST": str(_MOST),
            "PAGE": "$CI_PIPELINE_URL",
        },
        "script": [program(f"{_FOLDER}/*.md")],
    }
