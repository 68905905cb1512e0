"""A place to build and push in: a registry, a builder, a folder with a Dockerfile; real ones or stand-ins."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sternway_steps.builtin.build.reference import Reference
from sternway_steps.builtin.build.registry import Manifest, Registry
from sternway_steps.builtin.build.step import Build
from sternway_steps.config import Config
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.writer import RunJournal
from sternway_steps.registry.load import load
from sternway_steps.saga.plan import make_plan
from sternway_steps.step import Action, Context, Outcome, Progress

SCRATCH = "FROM scratch\nCOPY hello /hello\n"


@dataclass
class Shop:
    """Runs the step's actions as a runner would, one journal a run."""

    folder: Path
    host: str
    builder: str
    notes: Path | None = None
    """Where the stand-in programs write; None with real ones."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = f"wt/{uuid.uuid4().hex[:10]}"
        self.image = f"{self.host}/{self.name}:1"
        (self.folder / "app").mkdir(parents=True)
        self.write("first")
        self.dockerfile(SCRATCH)
        self.loaded = self.config()

    def write(self, text: str) -> None:
        """Change what is built."""
        (self.folder / "app/hello").write_text(f"{self.name} {text}")

    def dockerfile(self, text: str) -> None:
        (self.folder / "app/Dockerfile").write_text(text)

    def config(self, steps: Any = ("build",), **build: Any) -> Config:
        keys = {"context": "app", "builder": self.builder, "image": self.image, **self.keys, **build}
        file = self.folder / "sternway.yaml"
        base = {"name": "t", "manifests": ["-"], "journal": {"store": "file", "path": str(self.folder / "journal")}}
        file.write_text(json.dumps({**base, "steps": list(steps), "build": keys}, indent=1))
        object_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
        self.loaded = load(file, stdin=io.StringIO(json.dumps(object_)))
        return self.loaded

    def context(self, action: Action, config: Config, run: str = "r1", stop: threading.Event | None = None) -> Context:
        planned = make_plan(config.steps, {"build": Build().spec}).steps[0]
        journal = RunJournal(FileStore(self.folder / "journal"), run, "t")
        record = journal.begin("build", action)
        none: Any = None

        def report(progress: Progress) -> None:
            self.said.append(progress.message)

        return Context(
            run, "build", record.key.attempt, config, planned.options, record, none, report=report,
            stop=stop or threading.Event(),
        )  # fmt: skip

    def execute(self, run: str = "r1", config: Config | None = None, **build: Any) -> Outcome:
        return Build().execute(self.context(Action.EXECUTE, config or self.config(**build), run))

    def rollback(self, run: str = "r1") -> Outcome:
        # What a run's undo is given: what its journal holds, and nothing of the folder.
        config = Config.from_dict(json.loads(json.dumps(self.loaded.to_dict())))
        return Build().rollback(self.context(Action.ROLLBACK, config, run))

    def registry(self, tag: str = "1") -> Registry:
        return Registry(Reference.parse(f"{self.host}/{self.name}:{tag}"))

    def there(self, tag: str = "1") -> Manifest | None:
        return self.registry(tag).manifest()

    def digest(self, tag: str = "1") -> str | None:
        found = self.there(tag)
        return found.digest if found else None

    def calls(self) -> list[list[str]]:
        """Give how the stand-in programs were called."""
        assert self.notes is not None
        return [json.loads(line) for line in (self.notes / "calls").read_text().splitlines()]

    def journal(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "journal").rglob("*") if path.is_file())
