"""The plan of a merge request as GitLab CI jobs: one note, which is renewed."""

from __future__ import annotations

from typing import Any

from sternway_steps import __version__

from ..kubernetes.images import RUN, image_of
from ..output import MADE_BY
from ..yaml_text import comment, to_yaml
from .gitlab import images_note
from .parameters import Environment, PipelineInputs
from .plan_comment import marker, program
from .shell import plan

_ABOUT = """\
# Include it in .gitlab-ci.yml (include: local). On each merge request it tells what a run would change: in the log of
# each job and, with a masked variable STERNWAY_COMMENT_TOKEN (a project access token, role Reporter, scope api), in one
# note. It needs a variable KUBECONFIG of type File, whose account needs just the rights to read: one for each
# environment, which is called NAME-plan here.
"""
_FOLDER = ".sternway-plan"
_MOST = 1_000_000
"""Characters of a note (GitLab, "Instance limits", size of comments)."""
_MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'


def gitlab_plan(request: PipelineInputs) -> str:
    """Return the text of the file."""
    head = f"{MADE_BY}{__version__}: sternway template --for gitlab-plan --config {request.source}\n{_ABOUT}"
    head += comment(images_note(request))
    jobs = {_job_name(request, each): _job(request, each) for each in request.environments}
    pipeline = {_template(request): _plan(request), **jobs, f"comment-{request.name}": _comment(request, list(jobs))}
    return head + to_yaml([pipeline]).removeprefix("---\n")


def _template(request: PipelineInputs) -> str:
    return f".sternway-plan-{request.name}"


def _job_name(request: PipelineInputs, environment: Environment) -> str:
    return f"plan-{request.name}-{environment.name}" if request.folder else f"plan-{request.name}"


def _image(request: PipelineInputs) -> dict[str, Any]:
    return {"name": image_of(request.environments[0].config, RUN), "entrypoint": [""]}


def _plan(request: PipelineInputs) -> dict[str, Any]:
    script = plan('"$SAGA_CONFIG"', title=request.name, several=bool(request.folder), page=None)
    return {
        "image": _image(request),
        "interruptible": True,
        "timeout": "15 minutes",
        "rules": [{"if": _MERGE_REQUEST}],
        "script": [script],
        "artifacts": {"when": "always", "paths": [f"{_FOLDER}/"], "expire_in": "1 week"},
    }


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
        "image": _image(request),
        "interruptible": True,
        "timeout": "5 minutes",
        "needs": needs,
        "rules": [{"if": f"{_MERGE_REQUEST} && $STERNWAY_COMMENT_TOKEN", "when": "always"}],
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
