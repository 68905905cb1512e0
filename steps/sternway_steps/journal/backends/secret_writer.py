"""How a record is written into Secrets: entry after entry, each once, in as many Secrets as it takes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import Transient
from ...kube.api_error import ApiError, unable
from ...objects.ref import Ref
from ..codec import stored_line, to_chunks
from ..encryption import NO_KEYS, JournalKeys
from ..entries import Entry, Key
from .secret_form import Part, marks_of, secret_name, secret_of
from .store import gone, taken

if TYPE_CHECKING:
    from ...kube.client import Client

MANAGER = "sternway-journal"

# A Secret's data may hold 1 MiB in all (Kubernetes, "Secret: limitations"); the rest is room for a last short entry.
_FULL = 1_000_000
_CHUNK = 480_000
_TRIES = 4


class SecretWriter:
    """Writes records in one namespace, and remembers where each of them has got to."""

    def __init__(self, client: Client, namespace: str | None, keys: JournalKeys = NO_KEYS) -> None:
        self._client, self._namespace, self._keys = client, namespace, keys
        self._open: dict[Key, Part] = {}
        self._reserved: dict[Key, Part] = {}

    def reserve(self, key: Key, labels: Mapping[str, str]) -> None:
        """Make the record's Secret with nothing in it, unless it is there."""
        try:
            made = self._client.create(secret_of(key, 1, self._namespace, labels, {}), manager=MANAGER, safe=True)
        except ApiError as error:
            if error.conflict or (error.unreachable and self._read(key, 1) is not None):
                return
            raise unable("no room can be reserved for what the undo records", error, self._remedy(error)) from error
        self._reserved[key] = Part.of(made, 1)

    def append(self, key: Key, index: int, entry: Entry, labels: Mapping[str, str]) -> None:
        """Add an entry to the record's Secret; one request unless it is over 480 kB compressed."""
        try:
            chunks = to_chunks(index, stored_line(key, index, entry, self._keys), _CHUNK)
            for number, (name, piece) in enumerate(chunks.items(), 1):
                marks = marks_of(key, index, entry, whole=number == len(chunks), keys=self._keys)
                makes = index == 0 and number == 1
                part = self._reserved.pop(key, None) if makes else self._open.get(key) or self._last_part(key)
                if part is None and not makes:
                    raise gone(key)
                if part is not None and part.size + len(piece) <= _FULL:
                    self._extend(key, part, name, piece, marks)
                    continue
                following = 1 if part is None else part.number + 1
                secret = secret_of(key, following, self._namespace, labels, marks)
                reserved = self._create(key, following, secret, name, piece)
                if reserved is not None:
                    self._extend(key, reserved, name, piece, marks)
        except ApiError as error:
            raise unable("the journal can't be written", error, self._remedy(error)) from error

    def _remedy(self, error: ApiError) -> str:
        elsewhere = "or set journal.namespace in the configuration"
        if "exceeded quota" in error.message:
            return f"raise the quota of secrets in namespace {self._namespace}, {elsewhere}"
        rights = "get, list, create, patch and delete on secrets"
        return f"grant {rights} in namespace {self._namespace}, {elsewhere}"

    def _create(self, key: Key, number: int, secret: dict[str, Any], name: str, piece: bytes) -> Part | None:
        """Make a Secret with a chunk in it; returns the part to put it into where one is there that was reserved."""
        text = base64.b64encode(piece).decode()
        body = {**secret, "data": {name: text}}
        try:
            made: dict[str, Any] | None = self._client.create(body, manager=MANAGER, safe=True)
        except ApiError as error:
            # The answer to a create that went through may have been lost; what is there tells. A quota that is full is
            # told before the server looks whether there is one.
            made = self._read(key, number) if error.conflict or error.unreachable or error.forbidden else None
            if made is None:
                raise
            if not made.get("data"):
                return Part.of(made, number)
            if made.get("data", {}).get(name) != text:
                raise taken(key) from error
        assert made is not None  # noqa: S101  else it was raised above
        self._open[key] = Part.of(made, number)
        return None

    def _extend(self, key: Key, part: Part, name: str, piece: bytes, marks: Mapping[str, Any]) -> None:
        text = base64.b64encode(piece).decode()
        for _ in range(_TRIES):
            metadata = {**marks, "resourceVersion": part.resource_version}
            change = {"metadata": metadata, "data": {name: text}}
            try:
                made = self._client.patch(self._ref(key, part.number), change, manager=MANAGER, safe=True)
            except ApiError as error:
                if not (error.conflict or error.unreachable or error.not_found):
                    raise
                there = self._read(key, part.number)
                if there is None:
                    raise gone(key) from error
                stored = there.get("data", {}).get(name)
                if stored not in (None, text):
                    raise taken(key) from error
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
