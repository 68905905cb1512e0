"""Starts a run on Argo: checks version, rights and template, then creates the Workflow, and follows it if asked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sternway_steps.argo.version import API, find_version, known_faults, too_old
from sternway_steps.errors import Refused, Stopped
from sternway_steps.exits import Exit
from sternway_steps.saga.events import RunStarted
from sternway_steps.saga.plan import make_plan
from sternway_steps.saga.pod_logs import Logs, with_logs
from sternway_steps.session import Session

from .follow import RunFollower
from .handler_pod import require_startable
from .images import require_images
from .submission import Submission
from .workflow import apply, create, require_argo, require_current

if TYPE_CHECKING:
    from sternway_steps.cli.extension import Output


def start(
    session: Session,
    output: Output,
    submission: Submission,
    path: str,
    apply_first: bool,
    wait: bool,
    logs: Logs | None = None,
) -> int:
    """Start a run on Argo, and return the exit code; `wait` follows it, `logs` shows those of its new pods then.

    Raises: Refused: nothing was started. Transient: it is not known whether it was.
    """
    require_argo(session.client)
    _check_version(session, output, submission)
    plan = make_plan(submission.config.steps, session.specs(submission.config), submission.config.on_end)
    at = session.locate(submission.config)
    if wait:
        _check_rights(session, submission)
    if apply_first:
        apply(session.client, submission)
    require_current(session.client, submission, path)
    if unasked := require_startable(session.client, submission):
        output.note(unasked)
    require_images(session.client, submission.template)
    if session.stop.is_set():
        raise Stopped("stopped before a run was started")
    workflow = create(session.client, submission)
    run = str(workflow["metadata"]["uid"])
    name = at.store.name(run)
    _show(output, name, workflow, wait)
    if not wait:
        return Exit.DONE
    names = tuple(step.name for step in plan.steps)
    with with_logs(submission.config, session.client, logs, output.event) as tell:
        tell(RunStarted(run, at.target, names, at.store.where(), name=name))
        return RunFollower(session, output, tell, plan, submission.config, at, workflow).to_the_end()


def _check_version(session: Session, output: Output, submission: Submission) -> None:
    version = find_version(session.client, submission.namespace)
    if version is None:
        return
    if why := too_old(version):
        raise Refused(f"Argo Workflows {version} can't run this pipeline: {why}", remedy="upgrade Argo Workflows")
    for fault in known_faults(version, scheduled=submission.config.schedule is not None):
        output.note(f"warning: Argo Workflows {version} is old: {fault}")


def _check_rights(session: Session, submission: Submission) -> None:
    workflows = session.client.resource(API, "Workflow")
    for verb in ("list", "watch"):
        if not session.client.can_i(verb, workflows, submission.namespace):
            remedy = f"grant list and watch on workflows in namespace {submission.namespace}, or leave --wait out"
            raise Refused(f"we may not {verb} workflows, so the run could not be followed", remedy=remedy)


def _show(output: Output, name: str, made: Mapping[str, Any], wait: bool) -> None:
    run, workflow, namespace = (str(made["metadata"][key]) for key in ("uid", "name", "namespace"))
    lines = [f"Workflow {workflow} in namespace {namespace}, run {run}"]
    if not wait:
        lines += [
            f"  to follow it: sternway show {name}",
            f"  or: argo get {workflow} -n {namespace}",
        ]
    output.result("submitted", {"run": run, "name": name, "workflow": workflow, "namespace": namespace}, lines)
