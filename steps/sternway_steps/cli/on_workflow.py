"""Tells beside a Workflow how a step of it ended: an Event that `kubectl describe workflow` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ..errors import ClusterError, SternwayError, is_transient
from ..exits import word_of
from ..saga.workflow_event import put_event
from . import termination

if TYPE_CHECKING:
    from ..kube.client import Client

REPORT = "report"


def tell_workflow(client: Client, workflow: str, run: str, error: Exception, *, step: str) -> None:
    """Put an error of a step beside the Workflow that called it, if one did and its cluster can be asked at all."""
    if workflow and not (is_transient(error) and isinstance(error, ClusterError)):
        put_event(client, workflow, run, word_of(error).title(), termination.sentence(error), step=step)


@contextmanager
def told_on_workflow(arguments: Mapping[str, Any], kubeconfig: str | None, context: str | None) -> Iterator[None]:
    """Tell beside the Workflow what is raised before a step, or the report, comes to an end of its own."""
    workflow, run = arguments.get("workflow"), arguments.get("run")
    step = str(arguments.get("step") or REPORT)
    try:
        yield
    except (SternwayError, ClusterError) as error:
        if workflow and run and not is_transient(error):
            from ..kube.client import Client

            with suppress(SternwayError, ClusterError):  # the cluster that can't be reached may be what is wrong
                client = Client.connect(kubeconfig, context)
                tell_workflow(client, str(workflow), str(run), error, step=step)
                client.close()
        raise
