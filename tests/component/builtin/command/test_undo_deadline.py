"""Every way back has a limit, and what was printed before a kill is not lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sternway_steps import load
from sternway_steps.builtin.command.invocation import Invocation
from sternway_steps.builtin.command.job import job
from sternway_steps.config import Config
from sternway_steps.exits import Exit
from sternway_steps.step import Action

from tests.commands import Bench
from tests.helpers import alive, command, sternway, until


def config(folder: Path, execute: str, rollback: str, step: dict[str, Any] | None = None, **keys: Any) -> str:
    """Write a pipeline of one process, with its journal in files."""
    one = {"name": "s", "execute": ["sh", "-c", execute], "rollback": ["sh", "-c", rollback], **(step or {})}
    path = folder / "sternway.yaml"
    journal = {"store": "file", "path": str(folder / "journal")}
    path.write_text(json.dumps({"name": "t", "namespace": "n", "journal": journal, "steps": [one], **keys}))
    return str(path)


HANGS = "test -e repaired && exit 0; echo $$ > pid; sleep 300"


@pytest.mark.parametrize(
    "keys",
    [{"rollbackDeadline": "1s"}, {"step": {"rollbackDeadline": "1s"}}, {"argo": {"rollbackDeadline": "1s"}}],
    ids=["at the top", "in the step", "in argo"],
)
def test_an_undo_that_hangs_is_named_and_goes_on_later(tmp_path: Path, keys: dict[str, Any]) -> None:
    path = config(tmp_path, "exit 1", HANGS, **keys)
    done = sternway("run", "-c", path, "--run", "r1", kubeconfig="/nowhere", timeout=60)
    assert done.returncode == Exit.ROLLBACK_FAILED, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "s: its undo did not end within its rollbackDeadline of 1 s, and was ended" in said
    assert "sternway rollback" in said
    until(lambda: not alive(int((tmp_path / "pid").read_text())), 2, "it is gone")
    (tmp_path / "repaired").touch()
    again = sternway("rollback", "r1", "-c", path, kubeconfig="/nowhere", timeout=60)
    assert again.returncode == 0, again.stdout + again.stderr


def test_one_step_by_itself_ends_so_too(tmp_path: Path) -> None:
    path = config(tmp_path, "exit 0", HANGS, rollbackDeadline="1s")
    assert sternway("step", "s", "execute", "-c", path, "--run", "r1", kubeconfig="/nowhere").returncode == 0
    done = sternway("step", "s", "rollback", "-c", path, "--run", "r1", kubeconfig="/nowhere", timeout=60)
    assert done.returncode == Exit.ROLLBACK_FAILED, done.stdout + done.stderr
    assert "its rollbackDeadline of 1 s" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("keys", "undo", "pod"),
    [
        ({}, 900, 900),
        ({"argo": {"rollbackDeadline": "10m"}}, 600, 600),
        ({"rollbackDeadline": "5m"}, 300, 300),
        ({"rollbackDeadline": "5m", "step": {"rollbackDeadline": "1h"}}, 300, 3600),
        ({"rollbackDeadline": "5m", "argo": {"rollbackDeadline": "30m"}}, 300, 1800),
    ],
)
def test_a_pod_that_undoes_has_the_time_that_its_steps_have(tmp_path: Path, keys: dict[str, Any], undo: int, pod: int) -> None:  # fmt: skip
    read = load(config(tmp_path, "true", "true", **keys))
    assert (read.rollback_deadline, read.argo.rollback_deadline) == (undo, pod)
    recorded = Config.from_dict(read.to_dict())
    assert (recorded.rollback_deadline, recorded.steps) == (undo, read.steps)


def test_a_job_that_undoes_ends_by_itself_if_nobody_watches_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, deadline=60)
    made = job(bench.context(Action.ROLLBACK), Invocation("n", ("true",), {}, "i"), "shop")
    assert 60 < made["spec"]["activeDeadlineSeconds"] <= 100


@pytest.mark.parametrize(
    ("keys", "ends", "said"),
    [
        ({"step": {"deadline": "1s"}}, Exit.FAILED, "step s ran into its deadline of 1 s, and sh -c sleep 60 with it"),
        ({"deadline": "1s"}, Exit.STOPPED, "step s ran into the deadline, and sh -c sleep 60 with it"),
        ({"deadline": "1s", "step": {"deadline": "2s"}}, Exit.STOPPED, "step s ran into the deadline, and"),
    ],
    ids=["its own", "the run's", "the run's is sooner"],
)
def test_a_deadline_of_its_own_is_the_steps_failure_and_the_runs_a_stop(tmp_path: Path, keys: dict[str, Any], ends: Exit, said: str) -> None:  # fmt: skip
    path = config(tmp_path, "sleep 60", "true", **keys)
    done = sternway("run", "-c", path, kubeconfig="/nowhere", timeout=60)
    assert (done.returncode, said in done.stdout + done.stderr) == (ends, True), done.stdout + done.stderr


def test_what_was_printed_before_a_kill_reaches_the_undo(tmp_path: Path) -> None:
    path = config(tmp_path, "echo STERNWAY_UNDO=id-7; sleep 300", 'echo "$STERNWAY_UNDO" > undone')
    running = subprocess.Popen(command("run", "-c", path, "--run", "r1"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    journal = tmp_path / "journal"
    until(lambda: any("id-7" in f.read_text() for f in journal.rglob("s.execute*")), 20, "it is recorded")
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=20)
    began = time.monotonic()
    undone = sternway("rollback", "r1", "-c", path, kubeconfig="/nowhere", timeout=60)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert time.monotonic() - began < 30
    assert (tmp_path / "undone").read_text() == "id-7\n"


def test_a_step_may_not_take_the_name_of_what_is_told(tmp_path: Path) -> None:
    path = config(tmp_path, "true", "true", step={"env": {"STERNWAY_UNDO": "x"}})
    done = subprocess.run([sys.executable, "-m", "sternway_steps", "config", "show", "-c", path], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == Exit.USAGE
    assert "Sternway sets this itself" in done.stdout + done.stderr
