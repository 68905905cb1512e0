"""The output of a command as it comes: told line by line, its last lines kept, in flat memory however much it is."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

LINES = 20
"""Lines that are kept for the report."""
WIDE = 500
"""Characters of a line that are shown."""
_LONGEST = 65_536
"""Bytes of a line that are looked at; what follows is let go."""
_PER_SECOND = 200
"""Lines that are told in a second; a flood is counted, and its last lines are kept all the same."""
_SHORTEST = 4
"""Secrets shorter than this are no secrets, and hiding them would hide everything."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f]")


class Output:
    """Takes bytes in any pieces. Thread-safe.

    Args:
        say: is told each line.
        secrets: values that are never shown, not in the journal either.
        clock: counts seconds.

    """

    def __init__(
        self, say: Callable[[str], None], secrets: Iterable[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        lines = {line.strip() for secret in secrets for line in [secret, *secret.splitlines()]}
        # The longest first: one may hold another.
        self._secrets = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)
        self._say, self._clock, self._lock = say, clock, threading.Lock()
        self._rest = b""
        self._kept: deque[bytes] = deque(maxlen=LINES)
        self._second, self._told, self._unsaid = clock(), 0, 0

    def feed(self, chunk: bytes) -> None:
        """Take a piece of output."""
        with self._lock:
            *lines, rest = (self._rest + chunk).split(b"\n")
            self._rest = rest[:_LONGEST]
            self._take(lines)

    def close(self) -> None:
        """Take what has no newline after it."""
        with self._lock:
            rest, self._rest = self._rest, b""
            self._take([rest] if rest else [])
            self._second = self._clock() - 1
            self._admit()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, cut, without secrets."""
        with self._lock:
            return tuple(self._shown(line) for line in self._kept)

    def _take(self, lines: list[bytes]) -> None:
        for number, line in enumerate(lines):
            if not self._admit():
                self._unsaid += len(lines) - number
                break
            self._told += 1
            self._say(self._shown(line))
        self._kept.extend(line[:_LONGEST] for line in lines[-LINES:])

    def _admit(self) -> bool:
        now = self._clock()
        if now - self._second >= 1:
            self._second, self._told = now, 0
            if self._unsaid:
                self._say(f"… {self._unsaid} lines more, not shown")
                self._unsaid = 0
        return self._told < _PER_SECOND

    def _shown(self, line: bytes) -> str:
        # A bar of progress writes its line over and over: its last state counts.
        text = line[:_LONGEST].rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
        text = _CONTROL.sub("", text)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text if len(text) <= WIDE else text[: WIDE - 1] + "…"
