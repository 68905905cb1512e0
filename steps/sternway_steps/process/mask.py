"""Hides secrets in a stream of bytes, whatever its pieces, over several lines, and in the usual encodings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .spellings import SHORTEST, spellings

SHOWN = "***"
"""What stands for a secret."""
_PROBE = 16


def to_bytes(secret: str | bytes) -> bytes:
    """Return the bytes of a value; one that is no UTF-8 has them as surrogates, as the environment does (PEP 383)."""
    return secret.encode(errors="surrogateescape") if isinstance(secret, str) else secret


class Mask:
    """Replaces secrets. Holds back what may be the beginning of one until it is clear whether it is.

    All is found among bytes, before anything is decoded or taken out: a secret need not be text. A secret of several
    lines is hidden as a whole, and each of its lines by itself: programs indent them, quote them, or write them one at
    a time.
    """

    def __init__(self, secrets: Iterable[str | bytes] = ()) -> None:
        # The longest first: one may hold another.
        found = {spelling for secret in set(map(to_bytes, secrets)) for spelling in spellings(secret)}
        self._secrets = sorted(found, key=len, reverse=True)
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece of the stream; returns what is surely no part of a secret to come."""
        if not self._secrets:
            return chunk
        stream = self._held + chunk
        safe = self._begins(stream)
        pieces, at = [], 0
        if pattern := self._pattern(stream):
            for match in pattern.finditer(stream):
                if match.start() >= safe:
                    break
                pieces += [stream[at : match.start()], SHOWN.encode()]
                at = match.end()
        pieces.append(stream[at:safe])
        self._held = stream[max(at, safe) :]
        return b"".join(pieces)

    def close(self) -> bytes:
        """Return what was held back: a beginning of a secret is hidden too, for the rest was cut off."""
        pieces = []
        while held := self._held:
            pieces.append(self.feed(b""))
            if self._held == held:
                pieces.append(SHOWN.encode() if len(held) >= SHORTEST else held)
                self._held = b""
        return b"".join(pieces)

    def hide(self, whole: bytes) -> bytes:
        """Hide secrets in what is complete."""
        pattern = self._pattern(whole)
        return pattern.sub(SHOWN.encode(), whole) if pattern else whole

    def text(self, text: str) -> str:
        """Hide secrets in a text."""
        return self.hide(text.encode(errors="surrogateescape")).decode(errors="surrogateescape")

    def _pattern(self, stream: bytes) -> re.Pattern[bytes] | None:
        # To look for each by itself is faster than an expression of all, and most of the time there is none.
        there = [secret for secret in self._secrets if secret in stream]
        return re.compile(b"|".join(map(re.escape, there))) if there else None

    def _begins(self, stream: bytes) -> int:
        """Find where the first secret begins that the end of the stream cuts off; its length when there is none."""
        first = len(stream)
        for secret in self._secrets:
            at = max(0, len(stream) - len(secret) + 1)
            while (at := stream.find(secret[:1], at, first)) >= 0:
                # A few bytes tell most of the time, and copying the rest of the stream at each of them is slow.
                if secret.startswith(stream[at : at + _PROBE]) and secret.startswith(stream[at:]):
                    first = at
                    break
                at += 1
        return first
