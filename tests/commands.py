"""Runs commands by the command step, as a runner would: one journal a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sternway_steps.builtin.command.step import Command
from sternway_steps.config import Config
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.step import Action, Context, Outcome, Progress


@dataclass
class Bench:
    """A run of one command, by a runner and with an image."""

    folder: Path
    namespace: str = "default"
    client: Client | None = None
    options: dict[str, Any] = field(default_factory=dict)
    run: str = "r1"
    said: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    config: dict[str, Any] = field(default_factory=dict)
    deadline: float | None = None
    lives: bool = True

    def context(self, action: Action, **options: Any) -> Context:
        journal = RunJournal(FileStore(self.folder / "journal"), self.run, "t")
        if not journal.records():
            journal.start({"config": {}})
        record = journal.begin("s", action)
        config = Config(name="t", namespace=self.namespace, **self.config)
        wanted = {**self.options, **options}
        end = time.monotonic() + self.deadline if self.deadline else None
        return Context(
            self.run, "s", record.key.attempt, config, wanted, record, self._connect, target="t", stop=self.stop,
            report=self._hear, deadline=end,
        )  # fmt: skip

    def execute(self, *argv: str, **options: Any) -> Outcome:
        return Command().execute(self.context(Action.EXECUTE, execute=list(argv), **options))

    def rollback(self, *argv: str, **options: Any) -> Outcome:
        return Command().rollback(self.context(Action.ROLLBACK, rollback=list(argv), **options))

    def sh(self, script: str, **options: Any) -> Outcome:
        return self.execute("sh", "-c", script, **options)

    @property
    def lines(self) -> Sequence[str]:
        """Give what the commands wrote."""
        return [text.removeprefix("| ") for text in self.said if text.startswith("| ")]

    def journal(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "journal").rglob("*") if path.is_file())

    def _hear(self, progress: Progress) -> None:
        self.said.append(progress.message)

    def _connect(self) -> Client:
        assert self.client is not None
        return self.client
