"""Plays a case: each run is a process of its own, on one engine and one registry."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sternway_steps.builtin.build.reference import Reference
from sternway_steps.builtin.build.registry import Registry

from .case import Case, Run

HOST = os.environ.get("STERNWAY_TEST_REGISTRY", "localhost:5000")
BUILDAH = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}


@dataclass
class Played:
    """What was seen: exit codes and output by run, and the tags' content before and after."""

    case: Case
    repository: str
    codes: dict[int, int] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)
    output: dict[int, str] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    before: dict[int, str] = field(default_factory=dict)
    after: dict[int, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    engine: tuple[list[str], list[str]] = ([], [])
    containers: list[str] = field(default_factory=list)
    content: dict[str, str] = field(default_factory=dict)


def play(case: Case, folder: Path) -> Played:
    """Build the tags that are there before, then all runs at once, then undo what was killed."""
    seen = Played(case, f"at-once/{uuid.uuid4().hex[:10]}")
    for tag in sorted(case.old):
        old = Run(1000 + tag, tag, "good", 0, 0)
        _one(seen, old, folder)
        if seen.codes[old.number]:
            raise AssertionError(seen.output[old.number])
    seen.before = _tags(seen)
    names = engine(seen.repository) if case.builder == "docker" else []
    with _containers(seen):
        threads = [threading.Thread(target=_one, args=(seen, run, folder)) for run in case.runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        undo = [r for r in case.runs if seen.codes[r.number] in (-signal.SIGKILL, 75)]
        threads = [threading.Thread(target=_undo, args=(seen, run, folder)) for run in undo]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen.after = _tags(seen)
    listed = _registry(seen, "x")._ask("GET", "tags/list")
    names_there = json.loads(listed.data).get("tags") or [] if listed.status == 200 else []
    seen.others = sorted(set(names_there) - {f"t{tag}" for tag in range(case.tags)})
    seen.engine = (names, engine(seen.repository) if case.builder == "docker" else [])
    for digest in {*seen.before.values(), *seen.after.values(), *seen.digests.values()}:
        seen.content[digest] = content(seen, digest)
    return seen


def engine(repository: str) -> list[str]:
    """List the engine's names for a repository."""
    command = [
        "docker",
        "images",
        "--format",
        "{{.Repository}}:{{.Tag}} {{.ID}}",
        "--filter",
        f"reference={HOST}/{repository}",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return sorted(line for line in found.stdout.splitlines() if "<none>" not in line)


def content(seen: Played, digest: str) -> str:
    """Give the text of the only file of an image."""
    registry = _registry(seen, "x")
    manifest = registry.manifest(digest)
    if manifest is None:
        return "?"
    layer = json.loads(manifest.content)["layers"][0]["digest"]
    blob = registry._ask("GET", f"blobs/{layer}").data
    blob = gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob
    with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
        file = tar.extractfile("hello")
        assert file is not None
        return file.read().decode()


def file_of(seen: Played, run: Run, folder: Path) -> Path:
    """Write a run's configuration: a target and a journal of its own."""
    place = folder / f"{seen.repository.replace('/', '-')}-{run.number}"
    (place / "app").mkdir(parents=True, exist_ok=True)
    (place / "app/Dockerfile").write_text("FROM scratch\nCOPY hello /hello\n")
    (place / "app/hello").write_text(f"{seen.repository} {run.number}")
    end: dict[str, Any] = {"name": "end", "execute": ["false" if run.end == "fails" else "true"], "effects": "none"}
    keys = {
        "name": f"r{run.number}", "steps": ["build", end], "journal": {"store": "file", "path": str(place / "journal")},
        "manifests": ["settings.json"],
        "build": {"image": f"{HOST}/{seen.repository}:t{run.tag}", "context": "app", "builder": seen.case.builder},
    }  # fmt: skip
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    (place / "settings.json").write_text(json.dumps(settings))
    (place / "sternway.yaml").write_text(json.dumps(keys))
    return place / "sternway.yaml"


def _one(seen: Played, run: Run, folder: Path) -> None:
    file = file_of(seen, run, folder)
    time.sleep(run.starts)  # the case says when
    process = _start(seen, "run", "--config", str(file))
    if run.end in ("killed", "stopped"):
        try:
            process.wait(run.after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL if run.end == "killed" else signal.SIGTERM)
    _ended(seen, run, process, seen.codes)


def _undo(seen: Played, run: Run, folder: Path) -> None:
    lines = [json.loads(line) for line in seen.output[run.number].splitlines() if line.startswith('{"')]
    name = next((event["run"] for event in lines if event["type"] == "run-started"), None)
    if name is None:
        seen.undone[run.number] = 0  # killed before anything was recorded
        return
    process = _start(seen, "rollback", name, "--config", str(file_of(seen, run, folder)))
    _ended(seen, run, process, seen.undone)


def _start(seen: Played, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, **(BUILDAH if seen.case.builder == "buildah" else {})}
    return subprocess.Popen(
        [sys.executable, "-m", "sternway_steps", *words, "--output", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ,
    )  # fmt: skip


def _ended(seen: Played, run: Run, process: subprocess.Popen[str], codes: dict[int, int]) -> None:
    output, _ = process.communicate(timeout=300)
    codes[run.number] = process.returncode
    seen.output[run.number] = seen.output.get(run.number, "") + output
    for line in output.splitlines():
        if (
            line.startswith('{"')
            and (event := json.loads(line)).get("type") == "step-ended"
            and event["step"] == "build"
        ):
            summary = event["summary"] or ""
            if " is sha256:" in summary:
                seen.digests[run.number] = summary.rpartition(" ")[2]


def _registry(seen: Played, tag: str) -> Registry:
    return Registry(Reference.parse(f"{HOST}/{seen.repository}:{tag}"))


def _tags(seen: Played) -> dict[int, str]:
    found = {}
    for tag in range(seen.case.tags):
        manifest = _registry(seen, f"t{tag}").manifest()
        if manifest is not None:
            found[tag] = manifest.digest
    return found


class _containers:  # noqa: N801
    """Notes the containers that a builder left."""

    def __init__(self, seen: Played) -> None:
        self._seen = seen

    def __enter__(self) -> None:
        self._before = self._list()

    def __exit__(self, *_: object) -> None:
        self._seen.containers = sorted(self._list() - self._before)

    def _list(self) -> set[str]:
        if self._seen.case.builder != "docker":
            return set()
        command = ["docker", "ps", "-aq", "--no-trunc", "--filter", "status=exited", "--filter", "status=created"]
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
