"""A journal in the cluster: a Secret for each record, so that an undo can start anywhere.

Labelled by run, target and step, compressed, continued in a further Secret before one grows over 1 MiB. No owner
reference: deleting a Workflow must not delete the record that its undo needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...kube.api_error import ApiError, unable
from ...objects.ref import Ref
from ..checked import Note, of_one_run, unheard
from ..doing import doing
from ..encryption import NO_KEYS, JournalKeys
from ..entries import Entry, Key, Record
from ..locks.lease import LeaseLock
from ..locks.lock import Lock
from ..name import RunName
from .secret_form import RECORD, RUN, SECRET_TYPE, TARGET, infos_of, records_of
from .secret_writer import SecretWriter
from .store import RunInfo, info_of, note_damage, started, whole

if TYPE_CHECKING:
    from ...kube.client import Client
    from ...kube.fence import Fence


_OURS = f"type={SECRET_TYPE}"
"""Anybody may put our labels on a Secret of another type, and the type of one can't be changed."""


class SecretStore:
    """Stores records in a namespace; `namespace` None reads those of all namespaces and writes none.

    `note` is told of what is there and is no record; `keys` encrypt what is written.
    """

    def __init__(
        self,
        client: Client,
        namespace: str | None,
        fence: Fence | None = None,
        note: Note = unheard,
        keys: JournalKeys = NO_KEYS,
    ) -> None:
        self._own, self._client = client, client.fenced(fence) if fence is not None else client
        self._note, self.keys = note, keys
        self._namespace = namespace
        self._writer = SecretWriter(self._client, namespace, keys)

    def fenced(self, fence: Fence) -> SecretStore:
        """Return the same store, which changes something only while a fence admits it."""
        return SecretStore(self._own, self._namespace, fence, self._note, self.keys)

    def where(self) -> str:
        """Return the namespace and the label to look for."""
        return f"Secrets in namespace {self._namespace}" if self._namespace else "Secrets in all namespaces"

    def name(self, run: str) -> str:
        """Return NAMESPACE/RUN."""
        return str(RunName(run, self._namespace or ""))

    def mark(self, run: str) -> str:
        """Return NAMESPACE/RUN."""
        return self.name(run)

    def append(self, key: Key, index: int, entry: Entry, labels: Mapping[str, str]) -> None:
        """Add an entry to the record's Secret; one request unless it is over 480 kB compressed."""
        self._writer.append(key, index, entry, labels)

    def reserve(self, key: Key, labels: Mapping[str, str]) -> None:
        """Make the record's Secret, empty: a quota counts it from now on. No reader of any version sees it."""
        self._writer.reserve(key, labels)

    def records(self, run: str) -> Sequence[Record]:
        """Read all records of a run; one request."""
        found = of_one_run(records_of(self._secrets(f"{RUN}={run}"), self._note, self.keys))
        note_damage(found, self._note)
        return found

    def heads(self, target: str | None = None, *, locked: bool = False) -> Sequence[Record]:
        """Read the runs' own records; one request for each 500."""
        found = records_of(self._secrets(_of_target(target)), self._note, self.keys)
        return sorted(whole(found, self._note, locked=locked), key=started)

    def index(self, target: str | None = None) -> Sequence[RunInfo]:
        """List the runs from the metadata of their own records; one request for each 500."""
        infos, unmarked = infos_of(self._secrets(_of_target(target), metadata_only=True), self._note)
        if unmarked:  # written by an older version
            infos += [info_of(head) for head in self.heads(target) if head.key.run in set(unmarked)]
        return sorted(infos, key=lambda info: info.started)

    def target_of(self, run: str) -> str | None:
        """Read the target from the metadata of the run's own record."""
        found = self._secrets(f"{RUN}={run},{RECORD}=run", metadata_only=True)
        return found[0]["metadata"]["labels"].get(TARGET) if found else None

    def lock(self, target: str, wait: float = 0.0) -> Lock:
        """Return the lock that is a Lease in the namespace of the records."""
        if self._namespace is None:
            raise ValueError("the journal of all namespaces has no locks")
        return LeaseLock(self._own, self._namespace, target, wait=wait, doing=partial(doing, self.records))

    def remove(self, run: str) -> None:
        """Delete a run's Secrets, its own record last."""
        found = self._secrets(f"{RUN}={run}", metadata_only=True)
        for secret in sorted(found, key=lambda secret: secret["metadata"]["labels"].get(RECORD) == "run"):
            self._client.delete(Ref.of(secret), uid=secret["metadata"]["uid"], propagation="Background")

    @property
    def namespace(self) -> str | None:
        """The namespace of the records; None reads those of all."""
        return self._namespace

    def namespaces(self) -> list[str]:
        """List the namespaces that hold runs."""
        found = self._secrets(f"{RECORD}=run", metadata_only=True)
        return sorted({str(secret["metadata"]["namespace"]) for secret in found})

    def namespaces_of(self, run: str) -> list[str]:
        """Return the namespaces in which a run of that id is recorded."""
        found = self._secrets(f"{RUN}={run},{RECORD}=run", metadata_only=True)
        return sorted({str(secret["metadata"]["namespace"]) for secret in found})

    def _secrets(self, labels: str, *, metadata_only: bool = False) -> list[dict[str, Any]]:
        try:
            return self._client.list(
                "v1", "Secret", self._namespace, labels=labels, fields=_OURS, metadata_only=metadata_only
            ).items
        except ApiError as error:
            where = f"in namespace {self._namespace}" if self._namespace else "in all namespaces"
            remedy = f"grant list on secrets {where}, or look elsewhere with --namespace"
            raise unable("the journal can't be read", error, remedy) from error


def _of_target(target: str | None) -> str:
    return f"{RECORD}=run" + (f",{TARGET}={target}" if target else "")
