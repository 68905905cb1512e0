"""Tells somebody who has kubectl alone how a pod of a Job ended: its termination message, and an Event on the Job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ..errors import ClusterError, SternwayError, is_transient
from ..exits import word_of
from ..journal.replay import Status
from ..saga.job import Job, put_job_event
from ..saga.told_end import reason_of, summary
from .termination import sentence, write_termination_message

if TYPE_CHECKING:
    from ..config import Config
    from ..kube.client import Client
    from ..saga.result import Result

_GOOD = (Status.SUCCEEDED, Status.HELD)


def job_of(client: Client, name: str | None, uid: str) -> Job | None:
    """Return the Job whose pod this is: the generated pod is told its name and UID; None elsewhere."""
    return Job(client.namespace, name, uid) if name and uid else None


def tell_end(client: Client, job: Job | None, config: Config, result: Result) -> None:
    """Tell how a run ended."""
    remedy = _remedy(job, config, result)
    write_termination_message("\n".join(part for part in (summary(result), remedy) if part))
    if job is not None:
        reason = reason_of(result.status)
        put_job_event(client, job, reason, summary(result), warning=result.status not in _GOOD, remedy=remedy)


@contextmanager
def told_on_job(arguments: Mapping[str, Any], kubeconfig: str | None, context: str | None) -> Iterator[None]:
    """Tell on the Job what is raised before its run comes to an end of its own."""
    name, uid = arguments.get("run"), str(arguments.get("job_uid") or "")
    try:
        yield
    except Exception as error:
        if name and uid and not (is_transient(error) and isinstance(error, ClusterError)):
            from ..kube.client import Client

            with suppress(SternwayError, ClusterError):  # the cluster that can't be reached may be what is wrong
                client = Client.connect(kubeconfig, context)
                job = Job(client.namespace, str(name), uid)
                again = f"Kubernetes tries it again; all of it: {_log(job)}" if is_transient(error) else ""
                put_job_event(client, job, word_of(error).title(), sentence(error), warning=True, remedy=again)
                client.close()
        raise


def _remedy(job: Job | None, config: Config, result: Result) -> str:
    """Return what to type next, beyond what the summary says."""
    if job is None or result.status is Status.SUCCEEDED:
        return ""
    lines = [f"all of it: {_log(job)}"]
    anew = f"kubectl -n {job.namespace} create job NAME --from=cronjob/{config.name}"
    if result.holds:
        lines.append("its content is not deployed again by the schedule until it changes, or: sternway unhold -c FILE")
    elif result.status is Status.UNDONE:
        lines.append(f"to run it again now: {anew}")
    elif result.status is Status.INTERRUPTED:
        lines.append(f"the next pod of the Job ends it, or the sweeper does; by hand: sternway rollback {result.name}")
    return "\n".join(lines)


def _log(job: Job) -> str:
    return f"kubectl -n {job.namespace} logs -l job-name={job.name} --tail=-1 --prefix"
