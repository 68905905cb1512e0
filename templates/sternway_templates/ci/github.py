"""The saga as a GitHub Actions workflow, started by hand."""

from __future__ import annotations

import math
from typing import Any

from sternway_steps import __version__
from sternway_steps.errors import Refused
from sternway_steps.journal.key_source import VARIABLE

from ..output import MADE_BY
from ..yaml_text import to_yaml
from .parameters import UNCHANGED, Changeable, PipelineInputs
from .shell import KEY_IF_GIVEN, KEY_NEEDED, finish, run

_MOST_INPUTS = 25
"""GitHub, "Events that trigger workflows", workflow_dispatch."""
_ABOUT = """\
# It belongs into .github/workflows/. It needs a secret KUBECONFIG, of the repository or of each environment: the
# kubeconfig of an account with the rights that `sternway template` writes as a Role. And a variable STERNWAY_PACKAGE:
# what pip installs, the wheel that you trust or its name in an index of yours.
# A job that is cancelled gets SIGINT, after 7.5 s SIGTERM, after 2.5 s more it is killed. At SIGINT the run begins its
# undo, at SIGTERM it seals its journal and leaves; the last step goes on with the undo. GitHub leaves 5 minutes for
# all that. What is not undone then, the next run of the same target undoes first; so does `sternway rollback RUN`.
"""


def github(request: PipelineInputs) -> str:
    """Return the text of the workflow file.

    Raises: Refused for more inputs than GitHub accepts.
    """
    head = f"{MADE_BY}{__version__}: sternway template --for github --config {request.source}\n{_ABOUT}"
    head += KEY_NEEDED.format("secret") if request.encrypts else ""
    return head + to_yaml([_workflow(request)]).removeprefix("---\n")


def _workflow(request: PipelineInputs) -> dict[str, Any]:
    several = bool(request.folder)
    inputs = {each.id: _input(each) for each in request.changeable}
    if several:
        inputs = {"environment": _environments(request), **inputs}
    if len(inputs) > _MOST_INPUTS:
        message = f"parameters: GitHub takes {_MOST_INPUTS} inputs, and these are {len(inputs)}"
        raise Refused(message, remedy="name fewer keys in parameters")
    job: dict[str, Any] = {"runs-on": "ubuntu-latest"}
    if several:
        job["environment"] = "${{ inputs.environment }}"
    if request.seconds is not None:
        job["timeout-minutes"] = math.ceil(request.seconds / 60)
    return {
        "name": f"Deploy {request.name}",
        "on": {"workflow_dispatch": {"inputs": inputs} if inputs else {}},
        "permissions": {"contents": "read"},
        # A run at work is never cut off by the next one; what waits is begun when its undo is over too.
        "concurrency": {
            "group": f"sternway-{request.name}" + ("-${{ inputs.environment }}" if several else ""),
            "cancel-in-progress": False,
        },
        "jobs": {"deploy": {**job, "steps": _steps(request)}},
    }


def _environments(request: PipelineInputs) -> dict[str, Any]:
    default = {"default": request.chosen} if request.chosen else {}
    names = [each.name for each in request.environments]
    return {"description": "Where to.", "type": "choice", "options": names, "required": True, **default}


def _input(each: Changeable) -> dict[str, Any]:
    if each.enum:
        options = [UNCHANGED, *each.enum]
        return {"description": each.description, "type": "choice", "options": options, "default": UNCHANGED}
    description = f"{each.description} Empty: as configured."
    return {"description": description, "type": "string", "required": False, "default": ""}


def _steps(request: PipelineInputs) -> list[dict[str, Any]]:
    where: dict[str, str] = {"ENVIRONMENT": "${{ inputs.environment }}"} if request.folder else {}
    config = f'"{request.folder}/$ENVIRONMENT.yaml"' if request.folder else request.environments[0].path
    run_env = {
        "KUBECONFIG": "${{ runner.temp }}/kubeconfig",
        "STERNWAY_RUN": "gh-${{ github.run_id }}-${{ github.run_attempt }}",
        **where,
    }
    if request.encrypts:
        run_env[VARIABLE] = f"${{{{ secrets.{VARIABLE} }}}}"
    first = KEY_IF_GIVEN if request.encrypts else ""
    sets = {each.variable: f"${{{{ inputs.{each.id} }}}}" for each in request.changeable}
    flags = "--output github"
    return [
        {"uses": "actions/checkout@v4", "with": {"persist-credentials": False}},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.13"}},
        {
            "name": "Install Sternway",
            "env": {"PACKAGE": "${{ vars.STERNWAY_PACKAGE }}"},
            "run": _INSTALL.format(
                example=f"{request.distribution} @ https://HOST/sternway-{__version__}-py3-none-any.whl"
            ),
        },
        {
            "name": "Write the kubeconfig",
            "env": {"CONTENT": "${{ secrets.KUBECONFIG }}", "KUBECONFIG": run_env["KUBECONFIG"]},
            "run": _KUBECONFIG,
        },
        {
            "name": "Run",
            "id": "saga",
            "env": {**run_env, **sets},
            "run": first + run(config, request.changeable, flags, replaces=True),
        },
        {
            "name": "Finish an undo that was cut off",
            "if": "${{ always() && (steps.saga.outcome == 'failure' || steps.saga.outcome == 'cancelled') }}",
            "env": run_env,
            "run": first + finish('"$STERNWAY_RUN"', config, flags, replaces=True) + "\n",
        },
    ]


_INSTALL = """\
if [ -z "$PACKAGE" ]; then
  missing="there is no variable STERNWAY_PACKAGE here: what pip installs, such as '{example}'"
  echo "::error title=STERNWAY_PACKAGE::$missing"
  echo "$missing" >>"${{GITHUB_STEP_SUMMARY:-/dev/null}}"
  exit 2
fi
python -m pip install "$PACKAGE"
"""

_KUBECONFIG = """\
if [ -z "$CONTENT" ]; then
  missing="there is no secret KUBECONFIG here: add one to the repository or to the environment"
  echo "::error title=KUBECONFIG::$missing"
  echo "$missing" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  exit 2
fi
umask 077
printf '%s' "$CONTENT" >"$KUBECONFIG"
"""
