"""The plan of a pull request as a GitHub Actions workflow: one comment, which is renewed.

Two jobs share the work, so that what reads the pull request's files may write nothing, and what may write runs none of
them.
"""

from __future__ import annotations

from typing import Any

from .actions import commented, pinned
from .cloud import KUBECONFIG, refuse_agents, uses_secret, uses_tokens
from .github_job import PACKAGE, permissions, prepared
from .head import text_of
from .parameters import PipelineInputs
from .plan_comment import marker, program
from .shell import plan

_ABOUT = """\
It belongs into .github/workflows/. On each pull request it tells what a run would change: in one comment, and on the
page of each job. Pull requests of forks and of Dependabot get no secrets and no token: there nothing is planned."""
_PLACE = """\
Each plan is made in an environment of its own, NAME-plan, which needs just the rights to read: a secret KUBECONFIG
there, or the role that `ci` names for plans."""
_OURS = (
    "github.event.pull_request.head.repo.full_name == github.repository"
    " && github.event.pull_request.user.login != 'dependabot[bot]'"
)
"""Other pull requests get no secrets, no token of a cloud, and none that may write."""
_ENVIRONMENT = "matrix.environment"
_FOLDER = "${{ runner.temp }}/plan"
_MOST = 65_536
"""Characters of a comment; GitHub refuses a longer one ("body is too long (maximum is 65536 characters)")."""


def github_plan(request: PipelineInputs) -> str:
    """Return the text of the workflow file."""
    refuse_agents(request)
    place = _PLACE if request.folder else "It needs a secret KUBECONFIG." if uses_secret(request) else ""
    workflow = {
        "name": f"Plan {request.name}",
        "on": {"pull_request": {}},
        "permissions": {},
        "concurrency": {
            "group": f"sternway-plan-{request.name}-${{{{ github.event.pull_request.number }}}}",
            "cancel-in-progress": True,
        },
        "jobs": {"plan": _plan(request), "comment": _comment(request)},
    }
    return commented(text_of("github-plan", request, workflow, _ABOUT, PACKAGE, place))


def _plan(request: PipelineInputs) -> dict[str, Any]:
    job: dict[str, Any] = {"name": "Plan", "runs-on": "ubuntu-latest", "timeout-minutes": 15}
    config = request.environments[0].path
    where = {}
    if request.folder:
        config = f'"{request.folder}/$ENVIRONMENT.yaml"'
        where = {"ENVIRONMENT": f"${{{{ {_ENVIRONMENT} }}}}"}
        names = [each.name for each in request.environments]
        job["strategy"] = {"fail-fast": False, "matrix": {"environment": names}}
        # It is the place of secrets here, and no deployment.
        job["environment"] = {"name": f"${{{{ {_ENVIRONMENT} }}}}-plan", "deployment": False}
    if uses_tokens(request):
        job["if"] = f"${{{{ {_OURS} }}}}"
    env = {"KUBECONFIG": KUBECONFIG, "FOLDER": _FOLDER, **where}
    script = plan(config, title=request.name, several=bool(request.folder), page="GITHUB_STEP_SUMMARY")
    artifact = f"plan-{request.name}" + (f"-${{{{ {_ENVIRONMENT} }}}}" if request.folder else "")
    return {
        **job,
        "permissions": permissions(request),
        "steps": [
            *prepared(request, _ENVIRONMENT, plans=True),
            {"name": "Plan", "env": env, "run": script},
            {
                "name": "Keep the plan",
                "if": "${{ !cancelled() }}",
                "uses": pinned("actions/upload-artifact"),
                "with": {
                    "name": artifact,
                    "path": _FOLDER,
                    "if-no-files-found": "ignore",
                    "retention-days": 7,
                    "overwrite": True,
                },
            },
        ],
    }


def _comment(request: PipelineInputs) -> dict[str, Any]:
    comments = "${{ github.api_url }}/repos/${{ github.repository }}/issues"
    return {
        "name": "Comment",
        "needs": "plan",
        "if": f"${{{{ !cancelled() && {_OURS} }}}}",
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 5,
        "permissions": {"pull-requests": "write"},
        "steps": [
            {
                "uses": pinned("actions/download-artifact"),
                "with": {"pattern": f"plan-{request.name}*", "path": "plan", "merge-multiple": True},
            },
            {
                "name": "Write one comment, or renew it",
                "env": {
                    "TOKEN": "${{ github.token }}",
                    "AUTH": "Authorization: Bearer",
                    "AUTHOR": "github-actions[bot]",
                    "COMMENTS": comments + "/${{ github.event.pull_request.number }}/comments",
                    "EDITED": f"{comments}/comments",
                    "METHOD": "PATCH",
                    "MARKER": marker(request),
                    "MOST": str(_MOST),
                    "PAGE": "${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}",
                },
                "run": program("plan/*.md"),
            },
        ],
    }
