"""Plays cases: makes them from a seed, runs their commands with a sandbox beside, and judges."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT

from . import configurations, forms, journals, kubeconfigs, manifests, pipelines
from .case import Case, Command, Ended
from .judge import SECONDS, faults
from .readers import snapshot

KINDS = {"configurations": 6, "manifests": 5, "journals": 4, "kubeconfigs": 2, "pipelines": 2, "forms": 3}
"""The kinds of input, and how often each is played beside the others."""
_HANGS = 20.0


@dataclass(frozen=True)
class Fault:
    """What is wrong with a case."""

    seed: int
    number: int
    case: Case
    words: str
    message: str

    def __str__(self) -> str:
        return f"WRONG {self.seed}/{self.number} {self.case.kind} ({self.case.what[:200]}) sternway {self.words[:200]}: {self.message}"


class Bench:
    """One forkserver, one sandbox and one folder, for one case after another."""

    def __init__(self, keep: Path | None = None) -> None:
        self._keep = keep

    def __enter__(self) -> Bench:
        self._stack = ExitStack()
        self._room = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="inputs-")))
        self.sandbox = self._stack.enter_context(Sandbox())
        # A case may write nowhere else: what measures coverage would, and is not started.
        plain = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
        environ = {**plain, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        words = [sys.executable, "-m", "tests.inputs.forkserver"]
        self._server = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(30)
        self._server.stdout.close()
        self._stack.close()

    def make(self, seed: int, number: int, kind: str | None) -> Case:
        """Make the case of a number."""
        rng = random.Random(f"{seed}/{number}")
        name = rng.choices(list(KINDS), list(KINDS.values()))[0]
        makers: dict[str, Callable[[], Case]] = {
            "configurations": lambda: configurations.make(rng), "manifests": lambda: manifests.make(rng, self.sandbox.kubeconfig),
            "journals": lambda: journals.make(rng), "kubeconfigs": lambda: kubeconfigs.make(rng, self.sandbox.url),
            "pipelines": lambda: pipelines.make(rng), "forms": lambda: forms.make(rng),
        }  # fmt: skip
        return makers[kind or name]()

    def play(self, seed: int, number: int, kind: str | None = None) -> Iterator[Fault]:
        """Play a case, and give what is wrong."""
        case = self.make(seed, number, kind)
        folder = self._room / "case"
        case.write(folder)
        before = _but_locks(snapshot(folder))
        found: list[Fault] = []
        for command in case.commands:
            ended = self._tried(case, command, folder)
            wrong = list(faults(case, command, ended))
            if (ended.code in (2, 3) or not command.undoes) and _but_locks(snapshot(folder)) != before:
                wrong.append("it changed its folder")
            if ended.changing and case.state is None:
                self.sandbox = self._stack.enter_context(Sandbox())
            wrong += [f"it {note}" for note in ended.opened if ended.code in (2, 3) and not _is_lock(note)]
            found += [Fault(seed, number, case, " ".join(command.words), message) for message in wrong]
            if ended.code != 2:
                break
        if found and self._keep:
            shutil.rmtree(self._keep / f"{seed}-{number}", ignore_errors=True)
            shutil.copytree(folder, self._keep / f"{seed}-{number}", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(self._room / "case")
        yield from found

    def ends(self, case: Case) -> list[Ended]:
        """Run all commands of a case, and give their ends."""
        case.write(self._room / "case")
        try:
            return [self._run(self.sandbox, command, self._room / "case", case) for command in case.commands]
        finally:
            shutil.rmtree(self._room / "case")

    def _tried(self, case: Case, command: Command, folder: Path) -> Ended:
        """Run a command; one that was slow is run twice more, for it may have been this machine."""
        with ExitStack() as stack:
            sandbox = stack.enter_context(self._world(case)) if case.state is not None else self.sandbox
            best = self._run(sandbox, command, folder, case)
            for _ in range(2):
                if best.seconds > SECONDS >= best.busy and not command.undoes:
                    again = self._run(sandbox, command, folder, case)
                    best = again if again.seconds < best.seconds else best
            return best

    def _world(self, case: Case) -> Sandbox:
        assert case.state is not None
        (self._room / "state.json").write_bytes(case.state)
        return Sandbox(self._room / "state.json")

    def _run(self, sandbox: Sandbox, command: Command, folder: Path, case: Case) -> Ended:
        room = self._room / "room"
        shutil.rmtree(room, ignore_errors=True)
        (room / "home").mkdir(parents=True)
        (room / "tmp").mkdir()
        (room / "stdin").write_bytes(command.stdin)
        known = {"{folder}": str(folder), "{kubeconfig}": sandbox.kubeconfig, "{out}": str(room / "out")}
        words = [known.get(word, word) for word in command.words]
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(room / "home"),
            "TMPDIR": str(room / "tmp"),
            **command.environ,
        }
        first = len(sandbox.requests)
        asked: dict[str, Any] = {
            "argv": words,
            "environ": environ,
            "folder": str(room),
            "cwd": str(folder),
            "room": str(self._room),
            "seconds": _HANGS,
            "programs": case.kind == "kubeconfigs",
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        told = json.loads(self._server.stdout.readline())
        texts = [(room / name).read_text(encoding="utf-8", errors="replace") for name in ("stdout", "stderr", "notes")]
        notes = texts[2].splitlines()
        own = (f"change '{self._room / 'room'}", f"change b'{self._room / 'room'}", "change '/dev/null'")
        changed = [
            note for note in notes if note.startswith("change") and not note.startswith(own) and not note[7:].isdigit()
        ]
        started = [note for note in notes if note.startswith("start")]
        requests = [f"{r.method} {r.path}?{r.query}" for r in sandbox.requests[first:]]
        if (room / "out").exists() and told["code"] != 0:
            changed.append(f"change {room / 'out'}")
        return Ended(
            words,
            told["code"],
            texts[0],
            texts[1],
            told["seconds"],
            told["busy"],
            told["megabytes"],
            changed,
            started,
            requests,
        )


def _is_lock(note: str) -> bool:
    """Tell whether a note is of a lock of a journal in files, or of its folder: what is refused may have taken it."""
    return note.rstrip("'").endswith((".lock", "/j"))


def _but_locks(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: content for name, content in found.items() if name not in ("j", "j/x.lock") and not name.endswith(".lock")
    }


def rounds(
    seed: int, numbers: Iterable[int], *, kind: str | None = None, keep: Path | None = None
) -> Iterator[list[Fault]]:
    """Play cases one after another; gives for each what is wrong."""
    with Bench(keep) as bench:
        for number in numbers:
            yield list(bench.play(seed, number, kind))


def played(seed: int, numbers: list[int], kind: str | None, keep: Path | None) -> list[tuple[str, str]]:
    """Play a batch, in a process of its own."""
    return [(str(fault), fault.message) for found in rounds(seed, numbers, kind=kind, keep=keep) for fault in found]
