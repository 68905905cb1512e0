"""A journal in the cluster: a Secret for each record, so that an undo can start anywhere.

Labelled by run, target and step, compressed, continued in a further Secret before one grows over 1 MiB. No owner
reference: deleting a Workflow must not delete the record that its undo needs.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import Transient
from ..codec import from_chunks, to_chunks
from ..entries import Entry, Key, Record
from .store import JournalConflict

if TYPE_CHECKING:
    from ...kube.api_error import ApiError
    from ...kube.client import Client

MANAGER = "sternway-journal"
RUN, TARGET, STEP, RECORD = (f"sternway.dev/{name}" for name in ("run", "target", "step", "record"))
SECRET_TYPE = "sternway.dev/journal.v1"  # noqa: S105  the type of a Secret, not a secret

# A Secret's data may hold 1 MiB in all (Kubernetes, "Secret: limitations"); the rest is room for a last short entry.
_FULL = 1_000_000
_CHUNK = 480_000
_TRIES = 4


@dataclass
class _Part:
    """The Secret to which a record is being written."""

    number: int
    size: int
    resource_version: str


class SecretStore:
    """Keeps records in a namespace; `namespace` None reads those of all namespaces and writes none."""

    def __init__(self, client: Client, namespace: str | None) -> None:
        self._client = client
        self._namespace = namespace
        self._open: dict[Key, _Part] = {}

    def where(self) -> str:
        """Give the namespace and the label to look for."""
        return f"Secrets in namespace {self._namespace}" if self._namespace else "Secrets in all namespaces"

    def append(self, key: Key, index: int, entry: Entry, labels: Mapping[str, str]) -> None:
        """Add an entry to the record's Secret; one request unless it is over 480 kB compressed."""
        from ...kube.api_error import ApiError, unable

        try:
            chunks = to_chunks(index, entry, _CHUNK)
            first = f".001-{len(chunks):03d}"
            for name, piece in chunks.items():
                makes = index == 0 and name.endswith(first)
                part = None if makes else self._open.get(key) or self._last_part(key)
                if part is None:
                    self._create(key, 1, name, piece, labels)
                elif part.size + len(piece) > _FULL:
                    self._create(key, part.number + 1, name, piece, labels)
                else:
                    self._extend(key, part, name, piece)
        except ApiError as error:
            raise unable("the journal can't be written", error, self._remedy(error)) from error

    def records(self, run: str) -> Sequence[Record]:
        """Read all records of a run; one request."""
        return _to_records(self._secrets(f"{RUN}={run}"))

    def heads(self, target: str | None = None) -> Sequence[Record]:
        """Read the runs' own records; one request for each 500."""
        found = _to_records(self._secrets(f"{RECORD}=run" + (f",{TARGET}={target}" if target else "")))
        return sorted(found, key=lambda head: head.entries[0].time)

    def remove(self, run: str) -> None:
        """Delete a run's Secrets, its own record last."""
        from ...objects.ref import Ref

        found = self._secrets(f"{RUN}={run}")
        for secret in sorted(found, key=lambda secret: secret["metadata"]["labels"].get(RECORD) == "run"):
            self._client.delete(Ref.of(secret), uid=secret["metadata"]["uid"], propagation="Background")

    def namespace_of(self, run: str) -> str | None:
        """Give the namespace in which a run's records are, or None."""
        found = self._secrets(f"{RUN}={run},{RECORD}=run")
        return str(found[0]["metadata"]["namespace"]) if found else None

    def _remedy(self, error: ApiError) -> str:
        elsewhere = "or set journal.namespace in the configuration"
        if "exceeded quota" in error.message:
            return f"raise the quota of secrets in namespace {self._namespace}, {elsewhere}"
        rights = "get, list, create, patch and delete on secrets"
        return f"grant {rights} in namespace {self._namespace}, {elsewhere}"

    def _secrets(self, labels: str) -> list[dict[str, Any]]:
        from ...kube.api_error import ApiError, unable

        try:
            return self._client.list("v1", "Secret", self._namespace, labels=labels).items
        except ApiError as error:
            where = f"in namespace {self._namespace}" if self._namespace else "in all namespaces"
            remedy = f"grant list on secrets {where}, or look elsewhere with --namespace"
            raise unable("the journal can't be read", error, remedy) from error

    def _create(self, key: Key, number: int, name: str, piece: bytes, labels: Mapping[str, str]) -> None:
        text = base64.b64encode(piece).decode()
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": SECRET_TYPE,
            "metadata": {
                "name": _secret_name(key, number),
                "namespace": self._namespace,
                "labels": {
                    "app.kubernetes.io/managed-by": "sternway",
                    RUN: key.run,
                    RECORD: "step" if key.step else "run",
                    **({STEP: key.step} if key.step else {}),
                    **labels,
                },
            },
            "data": {name: text},
        }
        from ...kube.api_error import ApiError

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
        self._open[key] = _part(made, number)

    def _extend(self, key: Key, part: _Part, name: str, piece: bytes) -> None:
        from ...kube.api_error import ApiError

        text = base64.b64encode(piece).decode()
        for _ in range(_TRIES):
            change = {"metadata": {"resourceVersion": part.resource_version}, "data": {name: text}}
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
                part = self._open[key] = _part(there, part.number)
                if stored is None:
                    continue
            else:
                self._open[key] = _part(made, part.number)
            return
        raise Transient(f"record {key} of run {key.run} keeps being changed by others")

    def _read(self, key: Key, number: int) -> dict[str, Any] | None:
        return self._client.get(self._ref(key, number))

    def _last_part(self, key: Key) -> _Part | None:
        number, last = 1, None
        while (secret := self._read(key, number)) is not None:
            last, number = _part(secret, number), number + 1
        return last

    def _ref(self, key: Key, number: int) -> Any:
        from ...objects.ref import Ref

        return Ref("v1", "Secret", self._namespace, _secret_name(key, number))


def _secret_name(key: Key, number: int) -> str:
    return f"sternway.{key.run}.{key}" + (f".p{number}" if number > 1 else "")


def _part(secret: Mapping[str, Any], number: int) -> _Part:
    size = sum(len(base64.b64decode(text)) for text in secret.get("data", {}).values())
    return _Part(number, size, secret["metadata"]["resourceVersion"])


def _to_records(found: Sequence[Mapping[str, Any]]) -> list[Record]:
    chunks: dict[Key, dict[str, bytes]] = {}
    for secret in found:
        run = secret["metadata"]["labels"][RUN]
        text = secret["metadata"]["name"].removeprefix(f"sternway.{run}.")
        base, dot, number = text.rpartition(".p")
        key = Key.parse(run, base if dot and number.isdigit() else text)
        data = {name: base64.b64decode(value) for name, value in (secret.get("data") or {}).items()}
        chunks.setdefault(key, {}).update(data)
    records = (Record(key, tuple(from_chunks(data))) for key, data in sorted(chunks.items()))
    return [record for record in records if record.entries]
