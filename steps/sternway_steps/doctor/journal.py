"""Can the journal be written, and what did runs that were killed leave in it?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..config import Config
from ..errors import ClusterError, Refused, SternwayError
from ..journal.backends.secret_form import SECRET_TYPE
from ..journal.backends.secrets import SecretStore
from ..journal.backends.store import Store
from ..journal.replay import Status, Story
from ..plural import count
from ..saga.target_status import TargetStatus, target_status
from ..saga.workflow import workflow_seen
from ..session import Session
from .finding import Finding, good, warning, wrong

_WHY = "nothing is changed before the journal holds what the undo needs, so no run can begin"
_NAME = "sternway-doctor"


def place(session: Session, config: Config | None) -> Iterator[Finding]:
    """Ask whether a record could be written: of the server by a dry run, of a folder by its rights."""
    try:
        if config is None:
            namespace, where = session.client.namespace, f"Secrets in namespace {session.client.namespace}"
        else:
            at = session.locate(config)
            namespace, where = at.namespace, at.store.where()
        if not namespace:
            _require_writable(Path(where))
        else:
            _dry_run(session, namespace)
    except (SternwayError, ClusterError) as error:
        remedy = getattr(error, "remedy", None) or "journal.namespace, or journal.path, names another place"
        yield wrong("journal", str(error), _WHY, remedy)
        return
    yield good("journal", f"it can be written: {where}")


def _dry_run(session: Session, namespace: str) -> None:
    """Let the server check a record and a lease, quotas and admission too; nothing is stored."""
    metadata = {"name": _NAME, "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": SECRET_TYPE, "metadata": metadata}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}
    for obj in (secret, lease):
        session.client.create(obj, manager="sternway", dry_run=True)


def _require_writable(folder: Path) -> None:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        raise Refused(f"the journal's folder can't be made: {there} is a file", remedy="name another: journal.path")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Refused(f"folder {there} can't be written", remedy="have its mode changed, or name another: journal.path")


def leftovers(session: Session, config: Config | None) -> Iterator[Finding]:
    """Name the runs that were cut off or could not be undone, and what is held."""
    found: list[Finding] = []
    for store, target in _looked_at(session, config):
        found += _of_target(session, target_status(store, target))
    if not found:
        yield good("leftovers", "no run was cut off, and nothing is held")
    yield from found


def _looked_at(session: Session, config: Config | None) -> Iterator[tuple[Store, str]]:
    """Yield the configuration's target, or those of the context's namespace, of which something may be left."""
    if config is not None:
        at = session.locate(config)
        store, newest = at.store, at.store.index(at.target)[-1:]
    else:
        store = SecretStore(session.client, session.client.namespace)
        newest = list({info.target: info for info in store.index()}.values())
    for info in newest:
        if info.status is not Status.SUCCEEDED:
            yield store, info.target


def _of_target(session: Session, status: TargetStatus) -> Iterator[Finding]:
    last = status.last
    if last is not None and _is_over(session, last):
        yield warning(
            "leftovers",
            f"run {last.name} of {status.target} was cut off",
            "what it had changed stands until it is undone, by the next run of the target, a sweep, or you",
            f"sternway rollback {last.name}",
        )
    elif last is not None and last.status is Status.ROLLBACK_FAILED:
        yield warning(
            "leftovers",
            f"run {last.name} of {status.target} could not be undone: {last.error.partition(chr(10))[0]}",
            "something is not as it was before it",
            f"sternway show {last.name}, which says what to do",
        )
    if status.holds:
        several = len(status.holds) > 1
        undone = f"are {count(len(status.holds), 'version')} of it" if several else "is what was undone of it"
        yield warning(
            "leftovers",
            f"{status.target}: held back {undone}: {status.holds[0].why}",
            "a schedule does not deploy it again",
            f"sternway unhold {status.target}, when the cause is gone",
        )


def _is_over(session: Session, story: Story) -> bool:
    """Return whether nobody works on an open run: its process, or its Workflow, is gone."""
    if story.status is Status.INTERRUPTED:
        return True
    if story.status is not Status.OPEN or not story.workflow:
        return False
    return bool(workflow_seen(session.client, story).over)
