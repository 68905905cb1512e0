"""A session in a program of somebody's own: wrong use, errors that travel, interrupts, many threads."""

from __future__ import annotations

import importlib
import inspect
import json
import pickle
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sternway_steps
from sternway_steps import Config, Refused, Session, Status, Transient, load, new_run_id
from sternway_steps.config.schema import JournalConfig, StepConfig
from sternway_steps.errors import Bug, ClusterError, Failed, Misuse, SternwayError
from sternway_steps.kube.api_error import ApiError, Cause
from sternway_steps.yamltree.errors import ConfigError, ConfigErrors, SourceLocation

from tests.helpers import until


def config(folder: Path, execute: str, rollback: str = "echo back > undone") -> Config:
    step = StepConfig("s", "command", {"execute": ["sh", "-c", execute], "rollback": ["sh", "-c", rollback], "folder": str(folder)}, effects="reversible")  # fmt: skip
    return Config("t", "n", steps=(step,), journal=JournalConfig("file", path=str(folder / "journal")))


WRONG: dict[str, tuple[Callable[[Session, Config], object], str]] = {
    "a path for a config": (lambda s, _: s.run("sternway.yaml"), "Session.run: config is 'sternway.yaml'"),  # type: ignore[arg-type]
    "no listener": (lambda s, c: s.run(c, None), "Session.run: tell is None"),  # type: ignore[arg-type]
    "a listener that can't be called": (lambda s, c: s.run(c, "print"), "tell is 'print'"),  # type: ignore[arg-type]
    "a flag to stop it": (lambda s, c: s.run(c, stop=True), "stop is True"),  # type: ignore[arg-type]
    "a number for a run": (lambda s, c: s.run(c, run=7), "run is 7"),  # type: ignore[arg-type]
    "a wait that is none": (lambda s, c: s.run(c, wait_lock=-1), "wait_lock is -1"),
    "a word for a flag": (lambda s, c: s.run(c, unattended="yes"), "unattended is 'yes'"),  # type: ignore[arg-type]
    "a misspelt policy": (lambda s, _: s.rollback("n/r", on_conflict="froce"), "on_conflict is 'froce'"),
    "another one": (lambda s, _: s.sweep(on_interrupt="undo"), "on_interrupt is 'undo'"),
    "a plan of a dict": (lambda s, _: s.plan({"name": "t"}), "Session.plan: config is a dict"),  # type: ignore[arg-type]
    "a number for a kubeconfig": (lambda _, __: Session(kubeconfig=7), "Session.__init__: kubeconfig is 7"),  # type: ignore[arg-type]
    "a text for overrides": (lambda _, __: load("x.yaml", overrides="image=x"), "load: overrides is the str 'image=x'"),
    "a config of a config": (lambda _, c: load(c), "load: path is a Config"),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_is_said_before_anything_happens(tmp_path: Path, case: str) -> None:
    do, said = WRONG[case]
    with Session(kubeconfig=tmp_path / "none", journal=tmp_path / "journal") as session:
        with pytest.raises(Misuse) as wrong:
            do(session, config(tmp_path, "touch done"))
        assert said in str(wrong.value)
        assert wrong.value.remedy
    assert not list(tmp_path.iterdir())
    assert isinstance(wrong.value, Refused | TypeError | ValueError)


def test_a_closed_session_says_so(tmp_path: Path) -> None:
    with Session(kubeconfig="/none") as session:
        pass
    for do in (lambda: session.run(config(tmp_path, "true")), session.runs, lambda: session.rollback("r")):
        with pytest.raises(Misuse, match="this session is closed"):
            do()  # type: ignore[operator]
    session.close()


def errors() -> list[type[BaseException]]:
    """Give all of our exceptions, wherever they are."""
    found: set[type[BaseException]] = set()
    for module in pkgutil.walk_packages(sternway_steps.__path__, "sternway_steps."):
        if "__main__" not in module.name:
            for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(kind, SternwayError | ClusterError | Bug):
                    found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


def test_every_error_reaches_another_process_whole() -> None:
    made: list[BaseException] = [
        ApiError("GET", "/x", 409, "Conflict", "no", causes=(Cause("f", "r", "m"),), retry_after=2.0),
        ConfigErrors([ConfigError(SourceLocation("f", 1, 2), "a", "bad", "good")]),
        Transient("later", remedy="wait", retry_after=3.0),
        Failed("no", remedy="try", details={"log": ["a"]}),
        Bug("odd", "KeyError"),
    ]
    kinds = errors()
    assert len(kinds) >= 12
    for kind in kinds:
        one = kind.__new__(kind, "said")
        one.args = ("said",)
        one.__dict__.update(message="said", details={"a": 1}, status=4)
        made.append(one)
    for error in made:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


PROGRAM = """
import signal, sys
from sternway_steps import Session, load
if "exit" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
try:
    with Session(kubeconfig="/none") as session:
        session.run(load(sys.argv[1]), lambda event: print(type(event).__name__, flush=True))
except KeyboardInterrupt:
    print("interrupted")
    sys.exit(8)
"""


@pytest.mark.parametrize("group", [False, True], ids=["one step", "a group"])
@pytest.mark.parametrize(("number", "word", "code"), [(signal.SIGINT, "", 8), (signal.SIGTERM, "exit", 9)], ids=["Ctrl-C", "sys.exit"])  # fmt: skip
def test_what_interrupts_the_program_stops_the_run_and_undoes_it(tmp_path: Path, number: signal.Signals, word: str, code: int, group: bool) -> None:  # fmt: skip
    one = {"name": "s", "execute": ["sh", "-c", "echo $$ > pid; sleep 300"], "rollback": ["sh", "-c", "sleep 1; echo back > undone"]}  # fmt: skip
    steps = [[one, {"name": "o", "execute": ["sleep", "300"], "effects": "none"}]] if group else [one]
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({"name": "t", "namespace": "n", "steps": steps, "journal": {"store": "file", "path": str(tmp_path / "journal")}}))  # fmt: skip
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), word], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip(), 30, "it runs")
    running.send_signal(number)
    said = running.communicate(timeout=30)[0]
    assert running.returncode == code, said
    assert (tmp_path / "undone").read_text() == "back\n"
    with Session(kubeconfig="/none", journal=tmp_path / "journal") as session:
        assert [story.status for story in session.runs()] == [Status.UNDONE]


def test_a_second_interrupt_leaves_at_once_and_finish_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "sternway.yaml"
    undo = "test -e repaired || { echo $$ > undoing; sleep 300; }"
    step = {"name": "s", "execute": ["sh", "-c", "echo $$ > pid; sleep 300"], "rollback": ["sh", "-c", undo]}
    path.write_text(json.dumps({"name": "t", "namespace": "n", "steps": [step], "journal": {"store": "file", "path": str(tmp_path / "journal")}}))  # fmt: skip
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    for name in ("pid", "undoing"):
        until(lambda name=name: (tmp_path / name).is_file() and (tmp_path / name).read_text().strip(), 30, name)  # type: ignore[misc]
        running.send_signal(signal.SIGINT)
    began = time.monotonic()
    said = running.communicate(timeout=30)[0]
    assert (running.returncode, time.monotonic() - began < 10) == (8, True), said
    (tmp_path / "repaired").touch()
    with Session(kubeconfig="/none", journal=tmp_path / "journal") as session:
        result = session.finish(session.runs()[0].run, trust_journal=True)
    assert result is not None
    assert result.status is Status.UNDONE


def test_many_threads_on_one_target_queue_when_asked(tmp_path: Path) -> None:
    """Nobody is in there twice; who was not asked to wait fails while another one is in there."""
    slow = "mkdir inside || exit 9; while ! test -e go; do sleep 0.05; done; echo x >> count; rmdir inside"
    results: list[Any] = []
    with Session(kubeconfig="/none") as session:

        def start(wait: float | None, times: int) -> list[threading.Thread]:
            def one() -> None:
                try:
                    results.append(session.run(config(tmp_path, slow), run=new_run_id(), wait_lock=wait).status)
                except Transient as busy:
                    results.append(busy)

            threads = [threading.Thread(target=one) for _ in range(times)]
            for thread in threads:
                thread.start()
            return threads

        first = start(None, 1)
        until((tmp_path / "inside").exists, 30, "the first one is in there")
        for thread in start(None, 3):
            thread.join(60)
        assert len(results) == 3
        assert all(isinstance(each, Transient) and "at work" in str(each) for each in results), results
        results.clear()
        queued = start(60.0, 5)
        (tmp_path / "go").touch()
        for thread in first + queued:
            thread.join(60)
    assert results == [Status.SUCCEEDED] * 6
    assert len((tmp_path / "count").read_text().splitlines()) == 6
