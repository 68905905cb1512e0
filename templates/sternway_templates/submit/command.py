"""The command `sternway submit`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, cast

import click
from sternway_steps.cli.github import GithubOutput
from sternway_steps.cli.main import perform
from sternway_steps.cli.output import Output
from sternway_steps.cli.text import TextOutput
from sternway_steps.errors import Refused, Stopped
from sternway_steps.exits import Exit
from sternway_steps.saga.events import Event, RunStarted
from sternway_steps.saga.location import journal_namespace, open_journal, target_of
from sternway_steps.saga.plan import make_plan
from sternway_steps.session import Session

from .follow import Following
from .values import Asked, asked
from .version import API, find_version, known_faults, too_old
from .workflow import apply, create, require_argo, require_current


@click.command()
@click.option("--config", "-c", "path", default="sternway.yaml", show_default=True, metavar="FILE")
@click.option("--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="A parameter of the pipeline.")
@click.option("--apply", "apply_first", is_flag=True, help="Apply the generated objects first.")
@click.option("--wait", is_flag=True, help="Follow the run to its end, and exit with its code.")
@click.option("--output", "-o", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--verbose", "-v", is_flag=True, help="Show every request.")
@click.option("--kubeconfig", metavar="FILE", help="Default: KUBECONFIG, ~/.kube/config, the pod's account.")
@click.option("--context", metavar="NAME", help="The kubeconfig's context.")
def submit(**arguments: Any) -> None:
    """Start the pipeline on Argo Workflows, through the Kubernetes API alone.

    \b
    Example: sternway submit --config sternway.yaml --set image=web:1.4.3 --wait
    """

    def prepare(arguments: dict[str, Any]) -> Asked:
        return asked(arguments["path"], arguments.pop("overrides"), os.environ, sys.stdin)

    perform(start, arguments, prepare)


@dataclass(frozen=True)
class Submitted:
    """A run was handed to Argo: told to programs as `submitted`."""

    run: str
    workflow: str
    namespace: str


def start(session: Session, output: Output, wanted: Asked, path: str, apply_first: bool, wait: bool) -> int:
    """Start a run on Argo, and follow it if that is wished; gives the exit code.

    Raises: Refused: nothing was started. Transient: it is not known whether it was.
    """
    require_argo(session.client)
    _check_version(session, output, wanted)
    plan = make_plan(wanted.config.steps, session.specs(wanted.config))
    store, _ = open_journal(wanted.config, session.book)
    journal = journal_namespace(wanted.config, session.book)
    if wait:
        _check_rights(session, wanted)
    if apply_first:
        apply(session.client, wanted)
    require_current(session.client, wanted, path)
    if session.stop.is_set():
        raise Stopped("stopped before a run was started")
    workflow = create(session.client, wanted)
    run = str(workflow["metadata"]["uid"])
    _tell(output, Submitted(run, str(workflow["metadata"]["name"]), wanted.namespace), wait)
    if not wait:
        return Exit.DONE
    names = tuple(step.name for step in plan.steps)
    output.event(RunStarted(run, target_of(wanted.config, session.book), names, store.where()))
    return Following(session, output, plan, store, journal, workflow).to_the_end()


def _check_version(session: Session, output: Output, wanted: Asked) -> None:
    version = find_version(session.client, wanted.namespace)
    if version is None:
        return
    if why := too_old(version):
        raise Refused(f"Argo Workflows {version} can't run this pipeline: {why}", remedy="upgrade Argo Workflows")
    for fault in known_faults(version, scheduled=wanted.config.schedule is not None):
        output.note(f"warning: Argo Workflows {version} is old: {fault}")


def _check_rights(session: Session, wanted: Asked) -> None:
    workflows = session.client.resource(API, "Workflow")
    for verb in ("list", "watch"):
        if not session.client.can_i(verb, workflows, wanted.namespace):
            remedy = f"grant list and watch on workflows in namespace {wanted.namespace}, or leave --wait out"
            raise Refused(f"we may not {verb} workflows, so the run could not be followed", remedy=remedy)


def _tell(output: Output, submitted: Submitted, wait: bool) -> None:
    if not isinstance(output, TextOutput | GithubOutput):
        output.event(cast("Event", submitted))  # an event beside those of runs, for programs alone
        return
    click.echo(f"Workflow {submitted.workflow} in namespace {submitted.namespace}, run {submitted.run}")
    if not wait:
        click.echo(f"  to follow it: sternway show {submitted.run} -n {submitted.namespace}")
        click.echo(f"  or: argo get {submitted.workflow} -n {submitted.namespace}")
