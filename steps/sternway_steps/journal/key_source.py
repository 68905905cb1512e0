"""Where the keys to a journal come from: a file, a Secret, or the environment of whoever starts the process.

The text is the same in all of them: a key a line, base64 of 32 bytes, the one that writes first. What is wrong with it
is said without what it holds.
"""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Refused
from ..objects.ref import Ref
from ..process.surroundings import JOURNAL_KEY
from .checked import Note, unheard
from .encryption import JournalKeys, loaded

if TYPE_CHECKING:
    from ..kube.client import Client

VARIABLE = JOURNAL_KEY
"""Holds the keys themselves; the variable of that name with _FILE the path of their file."""
_BYTES = 32
_MADE = "make one: openssl rand -base64 32"


def keys_in(text: str, place: str) -> JournalKeys:
    """Read keys from a text; blank lines and those that begin with # are none.

    Raises: Refused, with `place` and the number of the line.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    keys = [_key(line, f"{place}, line {number}") for number, line in lines if line and not line.startswith("#")]
    if not keys:
        raise Refused(f"journal.key: {place} holds no key", remedy=_MADE)
    return loaded(keys)


def keys_of_environment(environ: Mapping[str, str], note: Note = unheard) -> JournalKeys | None:
    """Return the keys that the environment names; None when it names none. Raises: Refused for wrong ones."""
    text, file = environ.get(VARIABLE), environ.get(f"{VARIABLE}_FILE")
    if text is not None and file is not None:
        raise Refused(f"journal.key: both {VARIABLE} and {VARIABLE}_FILE are set", remedy="unset one of them")
    if text is not None:
        return keys_in(text, VARIABLE)
    return keys_in_file(Path(file), note, f"{VARIABLE}_FILE") if file is not None else None


def keys_in_file(path: Path, note: Note = unheard, said_by: str = "journal.key.file") -> JournalKeys:
    """Read keys from a file; one that others may read is named. Raises: Refused for wrong ones."""
    if str(path) in ("", "."):
        raise Refused(f"journal.key: {said_by} is empty", remedy="name the file, or leave it out")
    try:
        text, mode = path.read_text(encoding="ascii"), path.stat().st_mode
    except OSError as error:
        remedy = f"check the path and its rights, or {_MADE}"
        raise Refused(f"{said_by}: {path} can't be read: {error.strerror}", remedy=remedy) from error
    except ValueError as error:
        raise Refused(f"{said_by}: {path} holds no key, for it is no plain text", remedy=_MADE) from error
    # What a kubelet mounts from a Secret is read-only, in a volume of the pod's own, and may be anybody's there.
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not (path.parent / "..data").exists():
        note(f"{said_by}: others may read {path}: chmod 600 {path}")
    return keys_in(text, str(path))


def keys_in_secret(client: Client, namespace: str, name: str, field: str) -> JournalKeys:
    """Read keys from a Secret. Raises: Refused when it is not there, or they are wrong; as the client does."""
    secret = client.get(Ref("v1", "Secret", namespace, name))
    place = f"Secret {namespace}/{name}"
    if secret is None:
        remedy = "make it, or give the key by STERNWAY_JOURNAL_KEY_FILE"
        raise Refused(f"journal.key: {place} does not exist", remedy=remedy)
    data = (secret.get("data") or {}).get(field)
    if data is None:
        raise Refused(f"journal.key: {place} has no field {field}", remedy=f"name one of its fields, or {_MADE}")
    try:
        text = base64.b64decode(data).decode("ascii")
    except ValueError as error:
        raise Refused(f"journal.key: {place}, {field} holds no key, for it is no plain text", remedy=_MADE) from error
    return keys_in(text, f"{place}, {field}")


def _key(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"journal.key: {place} is no base64", remedy=_MADE) from None
    if len(key) != _BYTES:
        raise Refused(f"journal.key: {place} is a key of {len(key)} bytes, not {_BYTES}", remedy=_MADE)
    return key
