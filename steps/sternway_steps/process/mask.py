"""Hides secrets in a stream of bytes, whatever its pieces, and over several lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

SHOWN = "***"
"""What stands for a secret."""
SHORTEST = 4
"""Characters: shorter secrets are not hidden, for that would blot out half of the output."""
LONGEST = 65_536
"""Bytes of a secret that is searched as a whole; of a longer one each line is."""
_PROBE = 16


class Mask:
    """Replaces secrets. Holds back what may be the beginning of one until it is clear whether it is.

    A secret of several lines is hidden as a whole in the stream, and each of its lines in a line by itself: programs
    indent them, quote them, or write them one at a time.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        given = {secret.strip() for secret in secrets}
        lines = {line.strip() for secret in given for line in [secret, *secret.splitlines()]}
        # The longest first: one may hold another.
        self._lines = sorted((line for line in lines if len(line) >= SHORTEST), key=len, reverse=True)
        # A value that is no UTF-8 has its bytes as surrogates, as the environment has them (PEP 383).
        whole = (secret.encode(errors="surrogateescape") for secret in given if len(secret) >= SHORTEST)
        self._whole = sorted((secret for secret in whole if len(secret) <= LONGEST), key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._whole)))
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece of the stream; returns what is surely no part of a secret to come."""
        if not self._whole:
            return chunk
        stream = self._held + chunk
        safe = self._begins(stream)
        pieces, at = [], 0
        if any(secret in stream for secret in self._whole):
            for match in self._pattern.finditer(stream):
                if match.start() >= safe:
                    break
                pieces += [stream[at : match.start()], SHOWN.encode()]
                at = match.end()
        pieces.append(stream[at:safe])
        self._held = stream[max(at, safe) :]
        return b"".join(pieces)

    def close(self) -> bytes:
        """Return what was held back: a beginning of a secret is hidden too, for the rest was cut off."""
        held, self._held = self._held, b""
        if not held:
            return b""
        hidden = self._pattern.sub(SHOWN.encode(), held)
        return SHOWN.encode() if hidden == held and len(held) >= SHORTEST else hidden

    def line(self, text: str) -> str:
        """Hide secrets in one line, and lines of secrets."""
        for secret in self._lines:
            text = text.replace(secret, SHOWN)
        return text

    def _begins(self, stream: bytes) -> int:
        """Find where the first secret begins that the end of the stream cuts off; its length when there is none."""
        first = len(stream)
        for secret in self._whole:
            at = max(0, len(stream) - len(secret) + 1)
            while (at := stream.find(secret[:1], at, first)) >= 0:
                # A few bytes tell most of the time, and copying the rest of the stream at each of them is slow.
                if secret.startswith(stream[at : at + _PROBE]) and secret.startswith(stream[at:]):
                    first = at
                    break
                at += 1
        return first
