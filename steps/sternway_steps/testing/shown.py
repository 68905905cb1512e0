"""All that a step shows while it works: what it says, logs and prints, and the words of its end."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from ..saga.events import Event, StepEnded, StepProgress


@dataclass
class Shown:
    """What was shown, in bytes, by how it was: standard output, standard error, the log, `say`, an item, the end."""

    by: dict[str, bytes] = field(default_factory=dict)

    def event(self, event: Event) -> None:
        """Take an event of an attempt."""
        if isinstance(event, StepProgress):
            self._add("context.say", event.progress.message)
            self._add("an item", event.progress.item)
        elif isinstance(event, StepEnded):
            self._add("its error" if event.error is not None else "its outcome", event.summary)
            self._add("its error", getattr(event.error, "remedy", None))
            self._add("its error", getattr(event.error, "details", None))
            self._add("an item", event.items)

    def _add(self, how: str, what: Any) -> None:
        if what:
            self.by[how] = self.by.get(how, b"") + f"{what}\n".encode()

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Take what is written to standard output and standard error meanwhile, by whatever process, and the log."""
        handler = logging.Handler()
        handler.emit = lambda record: self._add("the log", record.getMessage())  # type: ignore[method-assign]
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with _taken(1, "stdout") as out, _taken(2, "stderr") as err:
                yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        for how, file in (("standard output", out), ("standard error", err)):
            with file:
                file.seek(0)
                self.by[how] = self.by.get(how, b"") + file.read()


@contextmanager
def _taken(number: int, name: str) -> Iterator[IO[bytes]]:
    """Let a descriptor, and the stream of that name, write into a file, which whoever reads it closes."""
    file, before = tempfile.TemporaryFile(), getattr(sys, name)  # noqa: SIM115
    before.flush()
    own = os.dup(number)
    os.dup2(file.fileno(), number)
    stream = os.fdopen(os.dup(number), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    setattr(sys, name, stream)
    try:
        yield file
    finally:
        setattr(sys, name, before)
        stream.close()
        os.dup2(own, number)
        os.close(own)
