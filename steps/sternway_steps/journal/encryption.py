"""Entries that a key of one's own encrypts: AES-256-GCM, each bound to its run, its record and its place there.

An encrypted entry is a line of JSON too: in the clear it bears the key's id, and what labels show of any run as well
(when it was written; of a run's own record the target and how it ended). All of that is authenticated with it. `schema`
is 2, so that a version that knows no keys refuses it by name.

The nonce is made from the entry itself (HMAC-SHA256), as in RFC 5297: what is written once more is the same, so that a
store sees that it is there already, and no two entries share one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..extras import missing
from .entries import Entry, Key, Kind

ENCRYPTED = 2
"""The schema of an encrypted entry."""
_PREFIX = f'{{"schema":{ENCRYPTED},"key":"'
_NONCE = 12
"""Bytes: NIST SP 800-38D, 8.2."""
_LARGEST = 64 * 1024 * 1024
_TOLD = ("target", "status", "held")


class Locked(Exception):
    """No key at hand opens an entry."""


@dataclass(frozen=True)
class JournalKeys:
    """The keys to a journal, 32 bytes each: the first one writes, all of them read; without any it is in the clear."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.keys)

    def ids(self) -> list[str]:
        """Return what names the keys in entries and messages; it tells nothing of them."""
        return [_derived(key, "id").hex()[:12] for key in self.keys]

    def encrypt(self, key: Key, index: int, entry: Entry, line: str) -> str:
        """Return the line of an entry as it is stored, encrypted by the first key; as it is where there is none."""
        if not self.keys:
            return line
        head = {"schema": ENCRYPTED, "key": self.ids()[0], "kind": entry.kind.value, "time": entry.time}
        head["told"] = self._told(key, entry.data)
        bound, plain = _bound(key, index, head), zlib.compress(line.encode(), 6)
        nonce = hmac.digest(_derived(self.keys[0], "nonce"), bound + b"\0" + plain, hashlib.sha256)[:_NONCE]
        box = nonce + _cipher(self.keys[0]).encrypt(nonce, plain, bound)
        return json.dumps({**head, "box": base64.b64encode(box).decode()}, separators=(",", ":"), ensure_ascii=False)

    def decrypt(self, key: Key, index: int, line: str) -> str:
        """Return the line of an encrypted entry.

        Raises: Locked when no key at hand is the one that wrote it; ValueError when it was changed, or moved.
        """
        head = json.loads(line)
        box, by = base64.b64decode(head.pop("box"), validate=True), head["key"]
        if by not in (known := self.ids()):
            named = by if isinstance(by, str) and by.isalnum() else "unknown"
            at_hand = f"at hand is {', '.join(known)}" if known else "none is at hand"
            raise Locked(f"it is encrypted with the key {named}, and {at_hand}")
        cipher = _cipher(self.keys[known.index(by)])
        try:
            plain = cipher.decrypt(box[:_NONCE], box[_NONCE:], _bound(key, index, head))
        except Exception as error:  # the library's InvalidTag, which is none of ValueError
            raise ValueError(f"entry {index} was changed, or moved from elsewhere, since it was encrypted") from error
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(plain, _LARGEST)
        if not unpacking.eof:
            raise ValueError(f"entry {index} is cut off, or has over {_LARGEST} bytes")
        return text.decode()

    def hidden(self, digest: str) -> str:
        """Return what stands for a digest in the clear: who knows no key can't try what it is of."""
        if not self.keys or not digest:
            return digest
        return hmac.digest(_derived(self.keys[0], "digest"), digest.encode(), hashlib.sha256).hex()[:32]

    def _told(self, key: Key, data: Mapping[str, Any]) -> dict[str, Any]:
        if key.step:
            return {}
        told = {name: data[name] for name in _TOLD if name in data}
        return told | ({"holds": self.hidden(str(data["holds"]))} if data.get("holds") else {})


NO_KEYS = JournalKeys()


def is_encrypted(line: str) -> bool:
    """Tell whether a line is that of an encrypted entry."""
    return line.startswith(_PREFIX)


def told_by(lines: Iterable[str]) -> tuple[Entry, ...]:
    """Return what encrypted entries tell in the clear, up to the first that tells nothing: nobody vouches for it."""
    found: list[Entry] = []
    for line in filter(is_encrypted, lines):
        try:
            head = json.loads(line)
            found.append(Entry(Kind(head["kind"]), dict(head["told"]), str(head["time"]), ENCRYPTED))
        except (ValueError, TypeError, KeyError, RecursionError):
            break
    return tuple(found)


def loaded(keys: Sequence[bytes]) -> JournalKeys:
    """Return keys; raises Refused when what encrypts by them is not installed, before anything is read or written."""
    if keys:
        _cipher(keys[0])
    return JournalKeys(tuple(keys))


def _bound(key: Key, index: int, head: Mapping[str, Any]) -> bytes:
    """Return what an entry is bound to, its associated data."""
    return json.dumps([key.run, str(key), index, head], sort_keys=True, separators=(",", ":")).encode()


def _derived(key: bytes, use: str) -> bytes:
    """Return the key for one use (RFC 5869, HKDF-Expand of one block): none is used for two things."""
    return hmac.digest(key, f"sternway journal {use}".encode() + b"\x01", hashlib.sha256)


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise missing("journal.key", error) from error
    return AESGCM(_derived(key, "encrypt"))
