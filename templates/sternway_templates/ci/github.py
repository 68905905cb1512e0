"""The saga as a GitHub Actions workflow, started by hand or called by another workflow."""

from __future__ import annotations

import math
from typing import Any

from sternway_steps.errors import Refused
from sternway_steps.journal.key_source import VARIABLE

from .actions import commented, pinned
from .cloud import KUBECONFIG, refuse_agents, uses_secret
from .github_job import PACKAGE, QUEUE, address, permissions, prepared
from .head import text_of
from .parameters import UNCHANGED, Changeable, PipelineInputs
from .shell import KEY_IF_GIVEN, finish, key_needed, known, report_again, run

_MOST_INPUTS = 25
"""GitHub, "Events that trigger workflows", workflow_dispatch."""
_MOST_OF_A_RUN = 63
_ABOUT = """\
It belongs into .github/workflows/. People start it by hand; another workflow calls it with `uses`.
A job that is cancelled gets SIGINT, after 7.5 s SIGTERM, after 2.5 s more it is killed. At SIGINT the run begins its
undo, at SIGTERM it seals its journal and leaves; the last step goes on with the undo. GitHub leaves 5 minutes for
all that. What is not undone then, the next run of the same target undoes first; so does `sternway rollback RUN`."""
_KUBECONFIG = """\
It needs a secret KUBECONFIG, of the repository or of each environment: the kubeconfig of an account with the rights
that `sternway template` writes as a Role."""
_ENVIRONMENT = "inputs.environment"
_ENDED_BADLY = "${{ always() && (steps.saga.outcome == 'failure' || steps.saga.outcome == 'cancelled') }}"


def github(request: PipelineInputs) -> str:
    """Return the text of the workflow file.

    Raises: Refused for more inputs than GitHub accepts, ConfigErrors for a cluster that only GitLab leads to.
    """
    refuse_agents(request)
    about = (_ABOUT, PACKAGE, _KUBECONFIG if uses_secret(request) else "", key_needed(request, "secret"))
    return commented(text_of("github", request, _workflow(request), *about))


def _workflow(request: PipelineInputs) -> dict[str, Any]:
    inputs = {each.id: _input(each) for each in request.changeable}
    if request.folder:
        inputs = {"environment": _environments(request), **inputs}
    if len(inputs) > _MOST_INPUTS:
        message = f"parameters: GitHub takes {_MOST_INPUTS} inputs, and these are {len(inputs)}"
        raise Refused(message, remedy="name fewer keys in parameters")
    called: dict[str, Any] = {"inputs": {name: _called(each) for name, each in inputs.items()}} if inputs else {}
    if secrets := _secrets(request):
        called["secrets"] = secrets
    return {
        "name": f"Deploy {request.name}",
        "on": {"workflow_dispatch": {"inputs": inputs} if inputs else {}, "workflow_call": called},
        "permissions": {},
        "jobs": {"deploy": _job(request)},
    }


def _job(request: PipelineInputs) -> dict[str, Any]:
    job: dict[str, Any] = {"name": "Deploy", "runs-on": "ubuntu-latest"}
    url = address(request, _ENVIRONMENT)
    if request.folder or url:
        name = f"${{{{ {_ENVIRONMENT} }}}}" if request.folder else request.name
        job["environment"] = {"name": name, **({"url": url} if url else {})}
    if request.seconds is not None:
        job["timeout-minutes"] = math.ceil(request.seconds / 60)
    group = f"sternway-{request.name}" + (f"-${{{{ {_ENVIRONMENT} }}}}" if request.folder else "")
    # A run at work is never cut off by the next one; what waits is begun when its undo is over too.
    concurrency = {"group": group, **QUEUE}
    return {**job, "permissions": permissions(request), "concurrency": concurrency, "steps": _steps(request)}


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


def _called(form: dict[str, Any]) -> dict[str, Any]:
    """Return an input as another workflow gives it: there is no choice there, so the script looks at what it gets."""
    about = form["description"] + (f" One of: {', '.join(form['options'])}." if "options" in form else "")
    if form.get("required"):  # also what a form fills in: no caller deploys to a place that it did not name
        return {"description": about, "type": "string", "required": True}
    return {"description": about, "type": "string", "required": False, "default": form["default"]}


def _secrets(request: PipelineInputs) -> dict[str, Any]:
    names = {"KUBECONFIG": uses_secret(request), VARIABLE: request.encrypts}
    about = "Of an environment with a secret of that name this one does not count."
    return {name: {"description": about, "required": False} for name, needed in names.items() if needed}


def _run_id(request: PipelineInputs) -> str:
    """Return the run's id, a label value of its target alone: a caller may call several in one run of its own."""
    environment = f"${{{{ {_ENVIRONMENT} }}}}-" if request.folder else ""
    longest = max(len(each.name) for each in request.environments) + 1 if request.folder else 0
    room = max(8, _MOST_OF_A_RUN - len("gh-123456789012-123-") - longest)
    return f"gh-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}-{environment}{request.name[:room].rstrip('-')}"


def _steps(request: PipelineInputs) -> list[dict[str, Any]]:
    where = {"ENVIRONMENT": f"${{{{ {_ENVIRONMENT} }}}}"} if request.folder else {}
    config = f'"{request.folder}/$ENVIRONMENT.yaml"' if request.folder else request.environments[0].path
    run_env = {"KUBECONFIG": KUBECONFIG, "STERNWAY_RUN": _run_id(request), **where}
    if request.encrypts:
        run_env[VARIABLE] = f"${{{{ secrets.{VARIABLE} }}}}"
    first = KEY_IF_GIVEN if request.encrypts else ""
    sets = {each.variable: f"${{{{ inputs.{each.id} }}}}" for each in request.changeable}
    flags = "--output github"
    report = f"${{{{ runner.temp }}}}/sternway-{request.name}" + (
        f"-${{{{ {_ENVIRONMENT} }}}}" if request.folder else ""
    )
    report += ".html"
    guard = {"name": "Check the environment", "env": where, "run": known(request)}
    return [
        *([guard] if request.folder else []),
        *prepared(request, _ENVIRONMENT),
        {
            "name": "Run",
            "id": "saga",
            "env": {**run_env, "REPORT": report, **sets},
            "run": first + run(config, request.changeable, f'{flags} --report "$REPORT"', replaces=True),
        },
        {
            "name": "Finish an undo that was cut off",
            "if": _ENDED_BADLY,
            "env": run_env,
            "run": first + finish('"$STERNWAY_RUN"', config, flags, replaces=True) + "\n",
        },
        {
            "name": "Write the report as it is now",
            "if": _ENDED_BADLY,
            "env": {**run_env, "REPORT": report},
            "run": first + report_again('"$STERNWAY_RUN"', config, "$REPORT") + "\n",
        },
        {
            "name": "Keep the report",
            "if": "${{ always() }}",
            "uses": pinned("actions/upload-artifact"),
            # As it is, so that a browser opens it from the page of the run.
            "with": {"path": report, "archive": False, "if-no-files-found": "ignore", "overwrite": True},
        },
    ]
