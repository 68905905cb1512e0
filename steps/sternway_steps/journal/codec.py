"""The written form of an entry: JSON, compressed, cut into chunks where a store can't take it whole."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..errors import Failed, Refused
from .encryption import NO_KEYS, JournalKeys, is_encrypted
from .entries import SCHEMA, Entry, Key, Kind

_LARGEST = 64 * 1024 * 1024
"""Bytes of an entry, unpacked."""
_DENSE, _ANYHOW = 50, 16 * 1024 * 1024
"""A record unpacks to at most so many times its size, beyond so many bytes: who forges one, whom a few kilobytes cost,
must not take more memory than any machine has. Objects pack to a tenth; what would pack better is stored as it is."""
_CHAIN = re.compile(r',"chain":"([0-9a-f]{64})"\}$')
_CHUNK_KEY = re.compile(r"^(\d{4})\.(\d{3})-(\d{3})$")


def to_line(entry: Entry) -> str:
    """Write an entry as one line of JSON."""
    body = {"schema": entry.schema, "kind": entry.kind.value, "time": entry.time, "data": entry.data}
    line = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return f'{line[:-1]},"chain":"{entry.chain}"}}' if entry.chain else line


def chained(key: Key, before: str, entry: Entry) -> Entry:
    """Return an entry with its digest; `before` is that of the entry before it in the record, "" for the first one."""
    return replace(entry, chain=_link(key, before, to_line(replace(entry, chain=""))))


def stored_line(key: Key, index: int, entry: Entry, keys: JournalKeys = NO_KEYS) -> str:
    """Write entry number `index` of a record as it is stored: in the same way however often.

    Raises: Failed when it has more than is read again.
    """
    line = to_line(entry)
    if len(line) > _LARGEST // 4 and len(line.encode()) > _LARGEST:
        raise Failed(f"what the undo needs has over {_LARGEST} bytes", remedy="deploy in parts")
    return keys.encrypt(key, index, entry, line)


def from_lines(key: Key, lines: Iterable[str], keys: JournalKeys = NO_KEYS) -> tuple[tuple[Entry, ...], bool, bool]:
    """Return the entries of a record, whether each has a digest, and whether each is encrypted.

    Raises: ValueError when a digest does not hold, one in the clear follows one that is encrypted, and as `from_line`
    does; Locked when no key at hand opens one.
    """
    entries, before, whole, encrypted = [], "", True, list[bool]()
    for number, line in enumerate(lines):
        encrypted.append(is_encrypted(line))
        if encrypted[-1]:
            line = keys.decrypt(key, number, line)
        elif any(encrypted):
            raise ValueError(f"entry {number} is not encrypted, though the one before it is")
        entry = from_line(line)
        if entry.chain and _link(key, before, _CHAIN.sub("}", line)) != entry.chain:
            raise ValueError(f"the digest of entry {number} does not hold")
        entries.append(entry)
        before, whole = entry.chain, whole and bool(entry.chain)
    return tuple(entries), whole, all(encrypted)


def _link(key: Key, before: str, line: str) -> str:
    """Digest an entry: it is bound to its run, its record, its place there, and all before it."""
    return hashlib.sha256(f"{before or f'{key.run}/{key}'}\n{line}".encode()).hexdigest()


def from_line(line: str) -> Entry:
    """Return the entry of a line; raise ValueError when it is no entry, Refused when a newer Sternway wrote it."""
    body = json.loads(line)
    if not isinstance(body, dict) or not isinstance(body.get("schema"), int):
        raise ValueError("not an entry")  # noqa: TRY004  as json.loads raises it
    if body["schema"] > SCHEMA:
        raise Refused(
            f"the journal was written with schema {body['schema']}, this Sternway reads up to {SCHEMA}",
            remedy="use the version of Sternway that wrote it, or a newer one",
        )
    data, time = body.get("data") or {}, body.get("time", "")
    if not isinstance(data, dict) or not isinstance(time, str):
        raise ValueError("not an entry")  # noqa: TRY004  the same
    match = _CHAIN.search(line)
    return Entry(Kind(str(body.get("kind"))), data, time, body["schema"], match[1] if match else "")


def to_chunks(index: int, line: str, limit: int) -> dict[str, bytes]:
    """Return an entry's line compressed, in chunks of at most `limit` bytes, under keys that sort and count them."""
    text = line.encode()
    packed = zlib.compress(text, 6)
    if len(text) > max(len(packed) * _DENSE, limit):
        packed = zlib.compress(text, 0)
    pieces = [packed[at : at + limit] for at in range(0, len(packed), limit)]
    return {f"{index:04d}.{n:03d}-{len(pieces):03d}": piece for n, piece in enumerate(pieces, 1)}


def from_chunks(chunks: Mapping[str, bytes]) -> list[str]:
    """Return the lines of the entries in chunks, in order.

    An entry of which a chunk is missing was never finished: whoever wrote it died before it counted, and changed
    nothing on its strength. It is left out. Raises: ValueError, zlib.error: it is none.
    """
    found: dict[int, dict[int, bytes]] = {}
    wanted: dict[int, int] = {}
    for key, piece in chunks.items():
        if match := _CHUNK_KEY.match(key):
            index, number, of = (int(group) for group in match.groups())
            found.setdefault(index, {})[number] = piece
            wanted[index] = of
    whole = {n: b"".join(piece for _, piece in sorted(found[n].items())) for n in wanted if len(found[n]) == wanted[n]}
    room = _ANYHOW + _DENSE * sum(map(len, whole.values()))
    lines = []
    for _, packed in sorted(whole.items()):
        text = _unpacked(packed, min(room, _LARGEST))
        room -= len(text)
        lines.append(text.decode())
    return lines


def _unpacked(packed: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, most + 1)
    if not unpacking.eof or len(text) > most:
        raise ValueError(f"an entry is cut off, or has over {most} bytes")
    return text
