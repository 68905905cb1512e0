"""Plays a case of the stack: whole runs of the session, a builder in this process, and any registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sternway_steps.builtin.build import checks
from sternway_steps.builtin.build.builder import Built, Finding, Work
from sternway_steps.builtin.build.reference import Reference
from sternway_steps.builtin.build.registry import OCI_MANIFEST, Manifest, Registry
from sternway_steps.config.build import BuildConfig
from sternway_steps.errors import Refused
from sternway_steps.registry.load import load
from sternway_steps.saga.events import StepEnded
from sternway_steps.session import Session

from .stack import Op, Stack


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours happens after it."""


class Here:
    """A builder in this process: an image is the bytes of its context. It pushes by digest, as BuildKit does."""

    name, stages = "buildkit", False

    def findings(self, _config: BuildConfig) -> list[Finding]:
        return []

    def build(self, work: Work) -> Built:
        content = (work.source.folder / "hello").read_text()
        manifest = image_of(Registry(work.reference), content)
        return Built((json.loads(manifest.content)["config"]["digest"],), manifest.digest)

    def push(self, _work: Work, built: Built) -> str:
        assert built.digest is not None
        return built.digest

    def forget(self, _config: BuildConfig, _name: str) -> None:
        pass


def image_of(registry: Registry, content: str) -> Manifest:
    """Store an image by its digest; no tag moves."""
    config = json.dumps({"os": "linux", "architecture": "amd64", "content": content}).encode()
    digest = registry.upload(config)
    parts = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": parts, "layers": []}
    manifest = Manifest(OCI_MANIFEST, json.dumps(body).encode())
    aside = Registry(Reference.parse(f"{registry.reference.name}:{manifest.digest[7:20]}"))
    answer = aside._ask(
        "PUT", f"manifests/{manifest.digest}", body=manifest.content, headers={"Content-Type": OCI_MANIFEST}
    )
    assert answer.status == 201
    return manifest


class Play:
    """One case at a registry; `faults` says what was otherwise than the stack says."""

    def __init__(self, folder: Path, host: str, seed: int) -> None:
        self.folder = folder
        self.name = f"stack/{hashlib.sha256(f'{folder}{seed}'.encode()).hexdigest()[:10]}"
        self.image = f"{host}/{self.name}:1"
        self.registry = Registry(Reference.parse(self.image))
        self.contents = {content: image_of(self.registry, content) for content in "abcxy"}
        self.stack, self.faults, self.log = Stack(), list[str](), list[str]()
        self._hook: Callable[[str], None] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "m.json").write_text(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}))

    def play(self, ops: list[Op]) -> list[str]:
        """Play all, and look at the tag after each."""
        with self._watched():
            for op in ops:
                self._do(op)
                now, wanted = self.now(), self.stack.top
                self.log.append(f"{op}: the tag is {now!r}")
                if self.stack.sure and now != wanted:
                    self.faults.append(f"after {op} the tag is {now!r}, and not {wanted!r}")
                    return self.faults
        return self.faults

    def now(self) -> str:
        """Tell what the tag points to, by its content; "" for nothing."""
        manifest = self.registry.manifest()
        if manifest is None:
            return ""
        return next((c for c, one in self.contents.items() if one.digest == manifest.digest), manifest.digest)

    def _do(self, op: Op) -> None:
        if op.what == "foreign":
            self._foreign(op.content)
        elif op.what == "undo":
            self._interrupted(op, lambda: self._undo(op.run))
        else:
            self._interrupted(op, lambda: self._run(op))

    def _foreign(self, content: str) -> None:
        if content:
            self.registry.put(self.contents[content])
        else:
            empty = Manifest(OCI_MANIFEST, self.contents["x"].content + b"\n")
            self.registry.put(empty)  # a tag goes with the image that it points to alone
            self.registry.delete(empty.digest)
        self.stack.lay(-1, content)

    def _run(self, op: Op) -> None:
        self.stack.open.add(op.run)
        code = self._session(lambda s: s.run(load(self._file(op)), run=f"r{op.run}").exit_code)
        self.stack.open.discard(op.run)
        if op.what == "run" and code == 0:
            self.stack.lay(op.run, op.content)
        elif code not in ((4,) if op.what == "fail" else (0, 3, 4, 75)):
            self.faults.append(f"{op} ended {code}")

    def _undo(self, run: int) -> None:
        self.stack.open.add(run)
        try:
            code = self._session(lambda s: s.rollback(f"r{run}", self._hear).exit_code)
        except Refused as error:
            if "not in the journal" not in str(error):  # killed before it was recorded
                self.faults.append(f"the undo of r{run} was refused: {error}")
            code = 0
        if code:
            self.faults.append(f"the undo of r{run} ended {code}")
        self.stack.take(run)

    def _hear(self, event: Any) -> None:
        if isinstance(event, StepEnded):
            self.log.append(
                f"  {event.step}: {event.summary} {[(i.result, i.why) for i in event.items]} {event.error or ''}"
            )

    def _interrupted(self, op: Op, act: Callable[[], None]) -> None:
        """Do it; at a request of it its process dies, or another operation happens."""
        left, before = op.kill, self._hook

        def reached(_what: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                if op.meanwhile is None:
                    raise Killed
                self._hook = None
                self._do(op.meanwhile)
                self._hook = reached

        self._hook = reached if op.kill else None
        try:
            act()
        except Killed:
            pass
        finally:
            self._hook = before

    def _session(self, work: Callable[[Session], Any]) -> int:
        with Session(journal=str(self.folder / "journal")) as session:
            return int(work(session))

    def _file(self, op: Op) -> Path:
        place = self.folder / f"r{op.run}"
        (place / "app").mkdir(parents=True, exist_ok=True)
        (place / "app/Dockerfile").write_text("FROM scratch\nCOPY hello /\n")
        (place / "app/hello").write_text(op.content)
        end = {"name": "end", "execute": ["false" if op.what == "fail" else "true"], "effects": "none"}
        keys = {
            "name": f"t{op.run}", "steps": ["build", *([end] if op.what == "fail" else [])], "manifests": ["../m.json"],
            "journal": {"store": "file", "path": str(self.folder / "journal")},
            "build": {"image": self.image, "context": "app", "builder": "buildkit"},
        }  # fmt: skip
        (place / "sternway.yaml").write_text(json.dumps(keys))
        return place / "sternway.yaml"

    @contextmanager
    def _watched(self) -> Iterator[None]:
        asked = Registry._ask

        def ask(registry: Registry, method: str, path: str, **keys: Any) -> Any:
            if self._hook is not None:
                self._hook(f"{method} {path}")
            return asked(registry, method, path, **keys)

        with (
            patch.object(Registry, "_ask", ask),
            patch.dict(checks.BUILDERS, {"buildkit": Here}),  # type: ignore[arg-type]
            patch.dict(checks._PROGRAMS, {"buildkit": "true"}),  # a program that is there
            patch("sternway_steps.builtin.build.rollback.SETTLES", 0.05),
            patch("sternway_steps.builtin.build.rollback._POLL", 0.02),
        ):
            yield
