"""`show --watch`: a run that is at work in another process, followed from here until it ends, as that one tells it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.helpers import command, config_map, sternway, until


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        yield session


def waiting(folder: Path, code: int = 0, name: str = "t") -> list[str]:
    """Write a configuration whose second step waits for a file, and then ends with a code; give the command that runs it."""
    wait = f"until [ -e {folder}/go ]; do sleep 0.05; done; exit {code}"
    steps = ["deploy", {"name": "wait", "execute": ["sh", "-c", wait], "rollback": ["true"], "retries": 0}]
    (folder / "m.yaml").write_text(yaml.safe_dump(config_map("m", v="1")))
    (folder / "c.yaml").write_text(
        yaml.safe_dump({"name": name, "namespace": "default", "manifests": ["m.yaml"], "steps": steps})
    )
    return command("run", "-c", str(folder / "c.yaml"), "--run", "r1")


@contextmanager
def at_work(words: list[str], kubeconfig: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and end it when nobody waits for it any more."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("STERNWAY_") and k != "CI"}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(
        words, env={**environ, "KUBECONFIG": kubeconfig, "TERM": "xterm"}, **{**pipe, **how}
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def begun(session: Session, step: str) -> None:
    until(lambda: session.runs() and step in session.story("r1").begun())


def without_times(text: str) -> list[str]:
    """Give lines without what is not the same for who runs and who looks on: times, and what no journal keeps."""
    return [re.sub(r"^\d\d:\d\d:\d\d |\(journal: .*\)|\(?\d+\.\d s\)?|\(\d+ s\)", "", line) for line in text.splitlines() if "at work" not in line and ": process: " not in line]  # fmt: skip


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 4)])
def test_it_is_followed_to_its_end(
    sternway_sandbox: Sandbox, session: Session, tmp_path: Path, code: int, ends: int
) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    with at_work(waiting(tmp_path, code), kubeconfig) as run, (tmp_path / "seen").open("w") as file:
        begun(session, "wait")
        with at_work(command("show", "--watch", "r1"), kubeconfig, stdout=file) as look:
            until(lambda: "deploy: 1 created" in (tmp_path / "seen").read_text(), what="what was done before")
            (tmp_path / "go").touch()
            told, _ = run.communicate(timeout=60)
            assert (run.returncode, look.wait(60)) == (ends, ends), told
    lines = without_times((tmp_path / "seen").read_text())
    assert [line for line in lines if "applied" not in line] == without_times(told)


def test_one_that_has_ended_is_told_as_it_was_with_its_own_times(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    (tmp_path / "go").touch()
    words = waiting(tmp_path)
    subprocess.run([*words, "--kubeconfig", kubeconfig], check=True, capture_output=True)
    story = json.loads(sternway("show", "r1", "-o", "json", kubeconfig=kubeconfig).stdout)
    done = sternway("show", "--watch", "r1", "-o", "json", kubeconfig=kubeconfig)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [e["type"] for e in events if e["type"] != "step-progress"] == ["run-started", "step-started", "step-ended", "step-started", "step-ended", "run-ended"]  # fmt: skip
    assert events[0]["time"] == story["started"]
    assert events[-1]["time"] == story["ended"]
    assert [e["time"] for e in events if e["type"] == "step-ended"] == [a["ended"] for a in story["attempts"]]


def test_one_whose_process_is_gone_is_said_with_what_goes_on(
    sternway_sandbox: Sandbox, session: Session, tmp_path: Path
) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    with at_work(waiting(tmp_path), kubeconfig, start_new_session=True) as run:
        begun(session, "wait")
        with at_work(command("show", "--watch", "r1"), kubeconfig) as look:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait(30)
            # What tells that a process is gone is its lease, which nobody renews.
            seen, _ = look.communicate(timeout=120)
    assert look.returncode == 5, seen
    assert "attempt 1 of step wait was cut off" in seen
    assert re.search(r"run r1: interrupted after ", seen)
    assert "its process is gone, and no end is recorded; the next run of default.t ends it first" in seen
    assert re.search(r"^next: .*sternway rollback default/r1", seen, re.M)
    session.rollback("r1", trust_journal=True)
    again = sternway("show", "--watch", "r1", kubeconfig=kubeconfig)
    assert again.returncode == 4, "what it did stands no more, however well its undo ended"
    lines = without_times(again.stdout)
    assert [line for line in lines if "cut off" in line or line.startswith("undo: ")] == [
        "wait stopped: attempt 1 of step wait was cut off ", "undo: wait, deploy",
    ]  # fmt: skip


def test_an_undo_that_is_asked_for_later_is_followed_too(
    sternway_sandbox: Sandbox, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    subprocess.run([*waiting(tmp_path), "--kubeconfig", sternway_sandbox.kubeconfig], check=True, capture_output=True)
    session.rollback("r1", trust_journal=True)
    done = sternway("show", "--watch", "r1", kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == 4, "what it did stands no more"
    lines = without_times(done.stdout)
    assert "undo: wait, deploy" in lines
    assert "rollback deploy: deleted configmap/m in default" in lines


def test_on_a_terminal_there_is_one_block_with_the_time_since_it_began(
    sternway_sandbox: Sandbox, session: Session, tmp_path: Path
) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    with at_work(waiting(tmp_path), kubeconfig) as run:
        begun(session, "wait")
        since = time.monotonic()
        until(lambda: time.monotonic() - since > 2)
        ours, theirs = pty.openpty()
        with at_work(command("show", "--watch", "r1"), kubeconfig, stdout=theirs, stderr=theirs, stdin=theirs) as look:
            os.close(theirs)
            seen = ""

            def shown() -> bool:
                nonlocal seen
                seen += os.read(ours, 4096).decode()
                return (
                    "[+] deploy  [>] wait" in seen
                    and re.search(r"run r1 of default\.t: ([2-9]|\d\d) s", seen) is not None
                )

            until(shown, what="the block")
            (tmp_path / "go").touch()
            run.communicate(timeout=60)
            try:
                while chunk := os.read(ours, 4096):
                    seen += chunk.decode()
            except OSError:  # the terminal's other end is closed
                pass
            assert look.wait(60) == 0
        os.close(ours)
    assert "run r1: succeeded after" in seen


def test_what_can_be_asked(sternway_sandbox: Sandbox) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    done = sternway("show", "--watch", "nope", kubeconfig=kubeconfig)
    assert (done.returncode, "run nope is not in the journal" in done.stderr) == (3, True)
    done = sternway("show", "--watch", "r1", "-o", "html", kubeconfig=kubeconfig)
    assert (done.returncode, "--watch writes no page" in done.stderr) == (2, True)
