"""The lines of a container's log with the kubelet's times, each once, however often its reading begins again."""

from __future__ import annotations

import re

_LONGEST = 65_536
"""Bytes of a line that are looked at; what follows is let go."""
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?")
"""RFC 3339 of a fixed width (kubelet, pkg/kubelet/kuberuntime/logs: timeFormatOut), so times sort as text."""


class StampedLines:
    """Takes the answers to requests with `timestamps=true`, one after the other, in any pieces."""

    def __init__(self) -> None:
        self.newest = ""
        """The time of the newest line: where to go on."""
        self._alike = 0
        self._again = 0
        self._rest = b""
        self._letting_go = False

    def begin(self) -> None:
        """Another answer begins: what it repeats is left out, also of lines that have one time."""
        self._rest, self._letting_go = b"", False
        self._again = self._alike

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """Take a piece; return the new lines, each with its time. One that never ends is given once it is long."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        if self._letting_go and lines:
            lines, self._letting_go = lines[1:], False
        if self._letting_go:
            rest = b""
        elif len(rest) > _LONGEST:
            lines.append(rest[:_LONGEST])
            rest, self._letting_go = b"", True
        self._rest = rest
        return [new for line in lines if (new := self._new(line)) is not None]

    def end(self) -> list[tuple[str, bytes]]:
        """Return what has no newline after it, where the log is over."""
        rest, self._rest = self._rest, b""
        new = self._new(rest) if rest else None
        return [new] if new is not None else []

    def _new(self, line: bytes) -> tuple[str, bytes] | None:
        found = _STAMP.match(line)
        if found is None:
            return self.newest, line  # the rest of a line whose beginning was passed over
        time = found[1].decode()
        if time < self.newest:
            return None
        if time > self.newest:
            self.newest, self._alike, self._again = time, 0, 0
        elif self._again:
            self._again -= 1
            return None
        self._alike += 1
        return time, line[found.end() :]
