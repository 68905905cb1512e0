"""A journal in the cluster: a Secret for each record, so that an undo can start anywhere.

Labelled by run, target and step, compressed, continued in a further Secret before one grows over 1 MiB. No owner
reference: deleting a Workflow must not delete the record that its undo needs.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import Transient
from ...kube.api_error import ApiError, unable
from ...objects.ref import Ref
from ..codec import to_chunks
from ..doing import doing
from ..entries import Entry, Key, Record
from ..locks.lease import LeaseLock
from ..locks.lock import Lock
from .secret_form import (
    RECORD,
    RUN,
    TARGET,
    Part,
    infos_of,
    marks_of,
    records_of,
    secret_name,
    secret_of,
)
from .store import JournalConflict, RunInfo, info_of

if TYPE_CHECKING:
    from ...kube.client import Client
    from ...kube.fence import Fence

MANAGER = "sternway-journal"

# A Secret's data may hold 1 MiB in all (Kubernetes, "Secret: limitations"); the rest is room for a last short entry.
_FULL = 1_000_000
_CHUNK = 480_000
_TRIES = 4


class SecretStore:
    """Keeps records in a namespace; `namespace` None reads those of all namespaces and writes none."""

    def __init__(self, client: Client, namespace: str | None, fence: Fence | None = None) -> None:
        self._own, self._client = client, client.fenced(fence) if fence is not None else client
        self._namespace = namespace
        self._open: dict[Key, Part] = {}

    def fenced(self, fence: Fence) -> SecretStore:
        """Give the same store, which changes something only while a fence admits it."""
        return SecretStore(self._own, self._namespace, fence)

    def where(self) -> str:
        """Return the namespace and the label to look for."""
        return f"Secrets in namespace {self._namespace}" if self._namespace else "Secrets in all namespaces"

    def append(self, key: Key, index: int, entry: Entry, labels: Mapping[str, str]) -> None:
        """Add an entry to the record's Secret; one request unless it is over 480 kB compressed."""
        try:
            chunks = to_chunks(index, entry, _CHUNK)
            for number, (name, piece) in enumerate(chunks.items(), 1):
                marks = marks_of(key, index, entry, whole=number == len(chunks))
                makes = index == 0 and number == 1
                part = None if makes else self._open.get(key) or self._last_part(key)
                if part is not None and part.size + len(piece) <= _FULL:
                    self._extend(key, part, name, piece, marks)
                    continue
                following = 1 if part is None else part.number + 1
                self._create(key, following, secret_of(key, following, self._namespace, labels, marks), name, piece)
        except ApiError as error:
            raise unable("the journal can't be written", error, self._remedy(error)) from error

    def records(self, run: str) -> Sequence[Record]:
        """Read all records of a run; one request."""
        return records_of(self._secrets(f"{RUN}={run}"))

    def heads(self, target: str | None = None) -> Sequence[Record]:
        """Read the runs' own records; one request for each 500."""
        found = records_of(self._secrets(_of_target(target)))
        return sorted(found, key=lambda head: head.entries[0].time)

    def index(self, target: str | None = None) -> Sequence[RunInfo]:
        """List the runs from the metadata of their own records; one request for each 500."""
        infos, unmarked = infos_of(self._secrets(_of_target(target), metadata_only=True))
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

    def namespace_of(self, run: str) -> str | None:
        """Return the namespace in which a run's records are, or None."""
        found = self._secrets(f"{RUN}={run},{RECORD}=run", metadata_only=True)
        return str(found[0]["metadata"]["namespace"]) if found else None

    def _remedy(self, error: ApiError) -> str:
        elsewhere = "or set journal.namespace in the configuration"
        if "exceeded quota" in error.message:
            return f"raise the quota of secrets in namespace {self._namespace}, {elsewhere}"
        rights = "get, list, create, patch and delete on secrets"
        return f"grant {rights} in namespace {self._namespace}, {elsewhere}"

    def _secrets(self, labels: str, *, metadata_only: bool = False) -> list[dict[str, Any]]:
        try:
            return self._client.list("v1", "Secret", self._namespace, labels=labels, metadata_only=metadata_only).items
        except ApiError as error:
            where = f"in namespace {self._namespace}" if self._namespace else "in all namespaces"
            remedy = f"grant list on secrets {where}, or look elsewhere with --namespace"
            raise unable("the journal can't be read", error, remedy) from error

    def _create(self, key: Key, number: int, secret: dict[str, Any], name: str, piece: bytes) -> None:
        text = base64.b64encode(piece).decode()
        body = {**secret, "data": {name: text}}
        try:
            made: dict[str, Any] | None = self._client.create(body, manager=MANAGER, safe=True)
        except ApiError as error:
            # The answer to a create that went through may have been lost; what is there tells.
            made = self._read(key, number) if error.conflict or error.unreachable else None
            if made is None:
                raise
            if made.get("data", {}).get(name) != text:
                raise JournalConflict(f"record {key} of run {key.run} is being written by another process") from error
        assert made is not None  # noqa: S101  else it was raised above
        self._open[key] = Part.of(made, number)

    def _extend(self, key: Key, part: Part, name: str, piece: bytes, marks: Mapping[str, Any]) -> None:
        text = base64.b64encode(piece).decode()
        for _ in range(_TRIES):
            metadata = {**marks, "resourceVersion": part.resource_version}
            change = {"metadata": metadata, "data": {name: text}}
            try:
                made = self._client.patch(self._ref(key, part.number), change, manager=MANAGER, safe=True)
            except ApiError as error:
                there = self._read(key, part.number) if error.conflict or error.unreachable else None
                if there is None:
                    raise
                stored = there.get("data", {}).get(name)
                if stored not in (None, text):
                    message = f"record {key} of run {key.run} is being written by another process"
                    raise JournalConflict(message) from error
                part = self._open[key] = Part.of(there, part.number)
                if stored is None:
                    continue
            else:
                self._open[key] = Part.of(made, part.number)
            return
        raise Transient(f"record {key} of run {key.run} keeps being changed by others")

    def _read(self, key: Key, number: int) -> dict[str, Any] | None:
        return self._client.get(self._ref(key, number))

    def _last_part(self, key: Key) -> Part | None:
        number: int = 1
        last: Part | None = None
        while (secret := self._read(key, number)) is not None:
            last, number = Part.of(secret, number), number + 1
        return last

    def _ref(self, key: Key, number: int) -> Any:
        return Ref("v1", "Secret", self._namespace, secret_name(key, number))


def _of_target(target: str | None) -> str:
    return f"{RECORD}=run" + (f",{TARGET}={target}" if target else "")
