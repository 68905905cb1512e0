"""What a record looks like as Secrets: their names, labels and data, and how they are read. Pure.

The record of a run bears its status as a label, so that a selector finds the runs that have not ended. The label is
part of the very write that stores the entry that it speaks of, so the two can't differ: it says `open` from the first
chunk of an entry on, and that the run has ended only with the last chunk of the entry that says so. A record that
continues in a further Secret has ended when all of its Secrets say so.

Older versions write no label. Where one of them made the Secret it is missing; where one went on with it, the managed
fields (the server's own note of the data, which a list of metadata holds) have a later entry than the one of which the
label speaks. Of such runs the records are read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from ..checked import Note, checked, unheard
from ..codec import from_chunks
from ..encryption import NO_KEYS, JournalKeys
from ..entries import Entry, Key, Kind, Record
from ..replay import Status
from .store import RunInfo

RUN, TARGET, STEP, RECORD, STATUS, HOLDS = (
    f"sternway.dev/{name}" for name in ("run", "target", "step", "record", "status", "holds")
)
STARTED, ENTRY = "sternway.dev/started", "sternway.dev/entry"
"""Annotations: when the run started; the number of the entry (0 first) that the status speaks of."""
SECRET_TYPE = "sternway.dev/journal.v1"  # noqa: S105  the type of a Secret, not a secret
_OWNED = re.compile(r"^f:(?P<entry>\d{4})\.\d{3}-\d{3}$")
_PART = re.compile(r"^(?P<key>.+?)(?:\.p(?P<number>\d+))?$")


@dataclass
class Part:
    """The Secret to which a record is being written; `size` in bytes of its data."""

    number: int
    size: int
    resource_version: str

    @staticmethod
    def of(secret: Mapping[str, Any], number: int) -> Part:
        """Read it from the Secret."""
        size = sum(len(base64.b64decode(text)) for text in secret.get("data", {}).values())
        return Part(number, size, secret["metadata"]["resourceVersion"])


def secret_name(key: Key, number: int) -> str:
    """Name the Secret of a part of a record."""
    return f"sternway.{key.run}.{key}" + (f".p{number}" if number > 1 else "")


def secret_of(
    key: Key, number: int, namespace: str | None, labels: Mapping[str, str], marks: Mapping[str, Any]
) -> dict[str, Any]:
    """Make the Secret of a part of a record, without data; `marks` are those of `marks_of`."""
    own = {"app.kubernetes.io/managed-by": "sternway", RUN: key.run, RECORD: "step" if key.step else "run"}
    own |= {STEP: key.step} if key.step else {}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": {
            **marks,
            "name": secret_name(key, number),
            "namespace": namespace,
            "labels": {**own, **labels, **{k: v for k, v in marks.get("labels", {}).items() if v is not None}},
        },
    }


def marks_of(key: Key, index: int, entry: Entry, *, whole: bool, keys: JournalKeys = NO_KEYS) -> dict[str, Any]:
    """Return the metadata that goes with an entry of a run's own record; `whole`: its last chunk is written.

    A label of None is one that goes. Where there are `keys`, the digest of what is held is hidden.
    """
    if key.step:
        return {}
    ended = whole and entry.kind is Kind.RUN_ENDED
    annotations = {ENTRY: str(index)} | ({} if index else {STARTED: entry.time})
    status = str(entry.data["status"]) if ended else Status.OPEN.value
    holds = keys.hidden(str(entry.data.get("holds") or "")) if ended else ""
    return {"labels": {STATUS: status, HOLDS: holds or None}, "annotations": annotations}


def records_of(found: Iterable[Mapping[str, Any]], note: Note = unheard, keys: JournalKeys = NO_KEYS) -> list[Record]:
    """Read records from their Secrets, in the order of their namespaces and keys; a damaged one says so."""
    parts: dict[tuple[str, Key], list[Mapping[str, Any]]] = {}
    for secret, key, _ in _ours(found, note):
        parts.setdefault((_place(secret), key), []).append(secret)
    records = (_record(key, place, secrets, keys) for (place, key), secrets in sorted(parts.items()))
    return [record for record in records if record.entries or record.damage]


def _record(key: Key, place: str, secrets: Sequence[Mapping[str, Any]], keys: JournalKeys) -> Record:
    def lines() -> list[str]:
        data = {name: value for secret in secrets for name, value in (secret.get("data") or {}).items()}
        return from_chunks({name: base64.b64decode(value) for name, value in data.items()})

    return checked(key, place, lines, secrets[0]["metadata"]["labels"].get(TARGET), keys)


def infos_of(found: Iterable[Mapping[str, Any]], note: Note = unheard) -> tuple[list[RunInfo], list[str]]:
    """Read from the metadata of runs' own records what they tell; then the ids of those whose metadata do not."""
    parts: dict[tuple[str, str], list[tuple[int, Mapping[str, Any]]]] = {}
    for secret, key, number in _ours(found, note):
        parts.setdefault((_place(secret), key.run), []).append((number, secret["metadata"]))
    infos = {of: _info(of[1], [meta for _, meta in sorted(each, key=itemgetter(0))]) for of, each in parts.items()}
    return [info for info in infos.values() if info], [run for (_, run), info in infos.items() if info is None]


def _info(run: str, parts: Sequence[Mapping[str, Any]]) -> RunInfo | None:
    started = (parts[0].get("annotations") or {}).get(STARTED)
    statuses = [part["labels"].get(STATUS) for part in parts]
    if started is None or not set(statuses) <= set(Status) or not all(map(_speaks_of_the_last, parts)):
        return None
    status = Status.OPEN if Status.OPEN in statuses else Status(statuses[-1])
    return RunInfo(run, parts[0]["labels"].get(TARGET, ""), started, status, parts[-1]["labels"].get(HOLDS, ""))


def _speaks_of_the_last(part: Mapping[str, Any]) -> bool:
    """Return whether the status of a Secret speaks of the last entry that is in its data."""
    owned = (entry.get("fieldsV1", {}).get("f:data", {}) for entry in part.get("managedFields") or ())
    entries = [int(match["entry"]) for fields in owned for key in fields if (match := _OWNED.match(key))]
    return (part.get("annotations") or {}).get(ENTRY) == str(max(entries, default=-1))


def _place(secret: Mapping[str, Any]) -> str:
    return str(secret["metadata"].get("namespace") or "")


def _ours(found: Iterable[Mapping[str, Any]], note: Note) -> Iterator[tuple[Mapping[str, Any], Key, int]]:
    """Yield the Secrets that are called as a part of a record is; another one is named, and left out."""
    for secret in found:
        meta = secret["metadata"]
        run = (meta.get("labels") or {}).get(RUN, "")
        match = _PART.match(meta["name"].removeprefix(f"sternway.{run}."))
        try:
            if secret.get("type", SECRET_TYPE) != SECRET_TYPE:  # metadata alone do not tell: there the server has
                continue
            if match is None or not run or not meta["name"].startswith(f"sternway.{run}."):
                raise ValueError
            yield secret, Key.parse(run, match["key"]), int(match["number"] or 1)
        except ValueError:
            note(
                f"Secret {_place(secret)}/{meta['name']} is no record of run {run!r}, though it says so: it is left out"
            )
