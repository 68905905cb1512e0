"""How a secret may stand in a program's output: whole, in lines, in pieces, and in the encodings that programs use.

The encodings are those that GitHub's runner hides (actions/runner, ValueEncoders.cs) as far as shells and programs of
any system have them.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

SHORTEST = 4
"""Bytes: shorter secrets are not hidden, for that would blot out half of the output."""
LONGEST = 65_536
"""Bytes of a secret that is searched as a whole; of a longer one each line is, in pieces."""
_PIECE = 1024
_ENCODED = 8192
"""Bytes of a secret that is looked for in other encodings; what is longer is a file."""
_WIDTHS = (76, 64)
"""Characters of a line of base64 (RFC 2045; RFC 7468)."""


def spellings(secret: bytes) -> set[bytes]:
    """Return all that is to be hidden of a secret. What is encoded may have the space around it, which lines lack."""
    bare = secret.strip()
    found = {bare} if len(bare) <= LONGEST else set()
    found |= {piece for line in _lines(bare) for piece in _pieces(line)}
    if len(secret) <= _ENCODED:
        found |= {*_encoded(secret), *_encoded(bare)}
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def _lines(secret: bytes) -> Iterator[bytes]:
    """Yield its lines, by whichever sign they end."""
    for line in secret.replace(b"\r", b"\n").split(b"\n"):
        yield line.strip()


def _pieces(line: bytes) -> Iterator[bytes]:
    """Yield a line; one that no buffer is sure to hold in pieces, which stand side by side where it does."""
    if len(line) <= LONGEST:
        yield line
        return
    yield from (line[at : at + _PIECE] for at in range(0, len(line), _PIECE))


def _encoded(secret: bytes) -> Iterator[bytes]:
    for signs in (None, b"-_"):
        # A secret stands in base64 in three ways, by what precedes it: a user and a colon, say.
        for before in range(3):
            shifted = b64encode(bytes(before) + secret, signs)
            yield shifted[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        whole = b64encode(secret, signs)
        for width in _WIDTHS:
            yield from (whole[at : at + width] for at in range(0, len(whole), width))
    yield quote_from_bytes(secret, safe="").encode()
    yield quote_from_bytes(secret).encode()
    text = secret.decode(errors="replace")
    for ascii_alone in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_alone)[1:-1].encode()
