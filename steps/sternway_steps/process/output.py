"""The output of a program as it arrives: reported line by line, the last lines kept, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

from ..plain_text import plain
from .mask import Mask, to_bytes

LINES = 20
"""Lines that are kept for the report."""
WIDE = 500
"""Characters of a line that are shown."""
_LONGEST = 65_536
"""Bytes of a line that are looked at; what follows is let go."""
PER_SECOND = 200
"""Lines that are told in a second; a flood is counted, and its last lines are kept all the same."""


class Output:
    """Takes bytes in any pieces. Thread-safe.

    Args:
        say: called with each line.
        secrets: values that are never shown, not in the journal either.
        clock: counts seconds.
        kept: the number of last lines with text that are kept.
        wide: characters of a line that are shown.
        noted: how lines begin that are given to `note`, without that beginning, however many lines there are.
        note: is given them.
        per_second: lines that are said in a second.

    """

    def __init__(
        self,
        say: Callable[[str], None],
        secrets: Iterable[str | bytes] = (),
        clock: Callable[[], float] = time.monotonic,
        *,
        kept: int = LINES,
        wide: int = WIDE,
        noted: str = "",
        note: Callable[[str], None] = lambda _: None,
        per_second: int = PER_SECOND,
    ) -> None:
        self._noted, self._note = noted.encode(), note
        self._per_second = per_second
        given = [to_bytes(secret) for secret in secrets]
        self._mask, self._wide = Mask(given), wide
        # Once more in what is shown, for what drives terminals may stand in the midst of a secret.
        shown = (secret.decode(errors="replace").replace("\r", "\n") for secret in given)
        self._shown_mask = Mask(map(plain, shown))
        self._say, self._clock, self._lock = say, clock, threading.Lock()
        self._rest = b""
        self._kept: deque[bytes] = deque(maxlen=kept)
        self._second, self._told, self._unsaid = clock(), 0, 0

    def feed(self, chunk: bytes) -> None:
        """Take a piece of output."""
        with self._lock:
            self._split(self._mask.feed(chunk))

    def close(self) -> None:
        """Take what has no newline after it."""
        with self._lock:
            self._split(self._mask.close())
            rest, self._rest = self._rest, b""
            self._take([rest] if rest else [])
            self._second = self._clock() - 1
            self._admit()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, cut, without secrets."""
        with self._lock:
            return tuple(self._shown(line) for line in self._kept)

    def _split(self, text: bytes) -> None:
        *lines, rest = (self._rest + text).split(b"\n")
        self._rest = _last_state(rest)[:_LONGEST]
        self._take(lines)

    def _take(self, lines: list[bytes]) -> None:
        for line in lines if self._noted else ():
            if line.startswith(self._noted):
                self._note(self._clean(line[len(self._noted) :]))
        for number, line in enumerate(lines):
            if not self._admit():
                self._unsaid += len(lines) - number
                break
            self._told += 1
            self._say(self._shown(line))
        last = list(islice((line[:_LONGEST] for line in reversed(lines) if line.strip()), self._kept.maxlen))
        self._kept.extend(reversed(last))

    def _admit(self) -> bool:
        now = self._clock()
        if now - self._second >= 1:
            self._second, self._told = now, 0
            if self._unsaid:
                self._say(f"… {self._unsaid} lines more, not shown")
                self._unsaid = 0
        return self._told < self._per_second

    def _shown(self, line: bytes) -> str:
        return cut(self._clean(line), self._wide)

    def _clean(self, line: bytes) -> str:
        text = _last_state(line[:_LONGEST]).rstrip(b"\r").decode(errors="replace")
        return self._shown_mask.text(plain(text))


def cut(text: str, wide: int = WIDE) -> str:
    """Return a line as it is shown: of a long one, its beginning."""
    return text if len(text) <= wide else text[: wide - 1] + "…"


def _last_state(line: bytes) -> bytes:
    """Return the last state of a progress bar: it writes its line again after each carriage return."""
    states = line.rstrip(b"\r")
    return line[states.rfind(b"\r") + 1 :]
