"""Steps with `on:` run when the run has ended: told of the end, after everything else, and never part of it."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.errors import Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.registry.load import load
from sternway_steps.saga.events import Event, Note, RunEnded, StepEnded, StepProgress, StepStarted, UndoStarted
from sternway_steps.session import Session
from sternway_steps.spec import Action, Effects, Outcome, StepSpec
from sternway_steps.step import Context

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import command, config_map, said, sternway, until

APPLIED = "PATCH /configmaps/m"
TELL = 'env | grep ^STERNWAY_ > "$FOLDER/$STERNWAY_STEP.$STERNWAY_STATUS.$STERNWAY_ATTEMPT"'
Write = Callable[..., Config]


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """The folder in which each command leaves what it was told."""
    folder = tmp_path / "told"
    folder.mkdir()
    return folder


@pytest.fixture
def write(cluster: Cluster, tmp_path: Path, told: Path) -> Write:
    """Give the configuration of a map with `value`, a step that ends with `code`, and steps for the end."""

    def written(value: str, *on_end: Mapping[str, Any], code: int = 0, **keys: Any) -> Config:
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a=value)))
        middle = {"name": "middle", "execute": ["sh", "-c", f"exit {code}"], "effects": "none", "retries": 0}
        steps = [tell(told, "always"), "deploy", tell(told, "failure"), middle, *on_end, tell(told, "success")]
        data = {"name": "t", "namespace": cluster.namespace, "manifests": ["m.yaml"], "steps": steps, **keys}
        (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(data))
        return load(tmp_path / "sternway.yaml")

    return written


def tell(folder: Path, name: str, script: str = TELL, **keys: Any) -> dict[str, Any]:
    return {"name": name, "on": name, "execute": ["sh", "-c", script], "env": {"FOLDER": str(folder)}, **keys}


def names(told: Path) -> list[str]:
    return sorted(file.name for file in told.iterdir())


def variables(file: Path) -> dict[str, str]:
    pairs = (line.removeprefix("STERNWAY_").partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in pairs if name != "CHILD"}  # by which what it starts is found again


def test_a_success_is_told_after_everything(cluster: Cluster, session: Session, write: Write, told: Path) -> None:
    events: list[Event] = []
    result = session.run(write("new"), events.append)
    assert (result.status, result.exit_code, result.warnings) == (Status.SUCCEEDED, Exit.DONE, ())
    assert names(told) == ["always.succeeded.1", "success.succeeded.1"]
    begun = [(event.step, event.on) for event in events if isinstance(event, StepStarted)]
    assert begun == [("deploy", ""), ("middle", ""), ("always", "always"), ("success", "success")]
    assert isinstance(events[-1], RunEnded)
    seen = variables(told / "always.succeeded.1")
    name = f"{cluster.namespace}/{result.run}"
    assert seen == {
        "STATUS": "succeeded", "EXIT_CODE": "0", "CAUSE": "", "REMEDY": "", "RUN": result.run, "RUN_NAME": name,
        "TARGET": f"{cluster.namespace}.t", "STEP": "always", "ACTION": "execute", "ATTEMPT": "1",
    }  # fmt: skip


def test_a_failure_is_told_after_the_undo(cluster: Cluster, session: Session, write: Write, told: Path) -> None:
    assert session.run(write("old")).exit_code == Exit.DONE
    events: list[Event] = []
    result = session.run(write("new", code=7), events.append)
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.FAILED)
    found = cluster.get("v1", "ConfigMap", "m")
    assert found is not None
    assert found["data"] == {"a": "old"}
    assert {name for name in names(told) if "undone" in name} == {"always.undone.1", "failure.undone.1"}
    last_back = max(n for n, e in enumerate(events) if isinstance(e, StepEnded) and e.action is Action.ROLLBACK)
    first_told = min(n for n, e in enumerate(events) if isinstance(e, StepStarted) and e.on)
    assert first_told > last_back
    assert [e.steps for e in events if isinstance(e, UndoStarted)] == [("deploy",)]
    seen = variables(told / "failure.undone.1")
    assert (seen["STATUS"], seen["EXIT_CODE"], seen["REMEDY"]) == ("undone", "4", "")
    assert "exit code 7" in seen["CAUSE"]
    assert str(result.error) == seen["CAUSE"]


def test_one_that_fails_is_a_warning(session: Session, write: Write, told: Path) -> None:
    events: list[Event] = []
    result = session.run(write("new", tell(told, "bad", "exit 3", on="always")), events.append)
    assert (result.status, result.exit_code, result.error) == (Status.SUCCEEDED, Exit.DONE, None)
    assert [text for text in result.warnings if "step bad (on: always)" in text and "exit code 3" in text]
    assert names(told) == ["always.succeeded.1", "success.succeeded.1"]  # the one after it is told all the same
    (end,) = [event for event in events if isinstance(event, RunEnded)]
    assert (end.status, end.exit_code, end.error, end.warnings) == (Status.SUCCEEDED, 0, None, result.warnings)
    story = session.story(result.run)
    assert (story.status, story.error) == (Status.SUCCEEDED, "")
    assert [(a.step, a.result) for a in story.after] == [("always", "done"), ("bad", "failed"), ("success", "done")]
    assert story.begun() == {"deploy", "middle"}


def test_what_is_transient_is_tried_again(session: Session, write: Write, told: Path) -> None:
    script = 'test "$STERNWAY_ATTEMPT" = 2 || exit 75'
    result = session.run(write("new", tell(told, "twice", script, on="always", retries=1)))
    assert result.warnings == ()
    assert [a.result for a in session.story(result.run).after if a.step == "twice"] == ["transient", "done"]


def test_its_deadline_is_its_own(session: Session, write: Write, told: Path) -> None:
    late = tell(told, "late", "sleep 60", on="always", deadline="300ms", retries=0)
    result = session.run(write("new", late))
    assert (result.status, len(result.warnings)) == (Status.SUCCEEDED, 1)
    assert "step late (on: always) failed" in result.warnings[0]
    assert names(told) == ["always.succeeded.1", "success.succeeded.1"]


def test_a_run_that_has_no_time_left_is_told(session: Session, write: Write, told: Path) -> None:
    slow = {"name": "slow", "execute": ["sleep", "60"], "effects": "none"}
    config = write("new", slow, deadline="2s")
    result = session.run(config)
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.STOPPED)
    assert names(told) == ["always.undone.1", "failure.undone.1"]
    assert "slow" in variables(told / "always.undone.1")["CAUSE"]


def test_a_stop_ends_it_and_changes_nothing(session: Session, write: Write, told: Path) -> None:
    stop = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, StepProgress) and event.progress.message == "| at work":
            stop.set()

    slow = tell(told, "slow", "echo at work; sleep 60", on="always")
    result = session.run(write("new", slow), listen, stop=stop)
    assert (result.status, result.exit_code) == (Status.SUCCEEDED, Exit.DONE)
    assert ["was stopped" in text for text in result.warnings] == [True, True]  # and the one after it
    assert names(told) == ["always.succeeded.1"]


def test_a_run_that_was_stopped_is_told(session: Session, write: Write, told: Path) -> None:
    stop = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == "deploy" and event.action is Action.EXECUTE:
            stop.set()

    result = session.run(write("new"), listen, stop=stop)
    assert (result.status, result.exit_code, result.warnings) == (Status.UNDONE, Exit.STOPPED, ())
    assert names(told) == ["always.undone.1", "failure.undone.1"]
    assert variables(told / "failure.undone.1")["EXIT_CODE"] == "143"


def test_each_end_of_a_run_is_told_once(cluster: Cluster, session: Session, write: Write, told: Path) -> None:
    assert session.run(write("old")).exit_code == Exit.DONE
    run = session.run(write("new"), lambda _: None).run
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    cluster.client.replace({**live, "data": {"a": "theirs"}}, manager="else")
    failed = session.rollback(run, trust_journal=True)
    assert failed.exit_code == Exit.ROLLBACK_FAILED
    assert session.rollback(run, trust_journal=True).exit_code == Exit.ROLLBACK_FAILED
    remedy = variables(told / "failure.rollback-failed.1")["REMEDY"]
    assert remedy.startswith(f"sternway rollback {cluster.namespace}/{run} --on-conflict")
    for _ in range(2):
        assert session.rollback(run, on_conflict="force", trust_journal=True).exit_code == Exit.DONE
    mine = {(a.step, a.end) for a in session.story(run).after}
    assert mine == {
        ("always", "succeeded"), ("success", "succeeded"), ("always", "rollback-failed"),
        ("failure", "rollback-failed"), ("always", "undone"), ("failure", "undone"),
    }  # fmt: skip
    assert len(session.story(run).after) == len(mine)


def test_a_sweep_tells_what_was_killed_once(cluster: Cluster, session: Session, write: Write, told: Path) -> None:
    assert session.run(write("old")).exit_code == Exit.DONE
    run = new_run_id()
    config = write("new")
    assert dying.run_until(cluster.kubeconfig, config, run, APPLIED) == dying.DIED
    bad = [name for name in names(told) if "succeeded" not in name]
    assert bad == []
    (swept,) = session.sweep(journal_of=config)
    assert (swept.run, swept.status, swept.exit_code) == (run, Status.UNDONE, Exit.DONE)
    assert session.sweep() == []
    assert [(a.step, a.end, a.result) for a in session.story(run).after] == [
        ("always", "undone", "done"),
        ("failure", "undone", "done"),
    ]


def test_a_sweep_says_what_could_not_be_told(cluster: Cluster, session: Session, write: Write, told: Path) -> None:
    run = new_run_id()
    config = write("new", tell(told, "bad", "exit 3", on="failure"))
    assert dying.run_until(cluster.kubeconfig, config, run, APPLIED) == dying.DIED
    (swept,) = session.sweep(journal_of=config)
    assert (swept.status, swept.exit_code) == (Status.UNDONE, Exit.DONE)
    assert "warning: step bad (on: failure) failed" in swept.message


def test_who_dies_while_it_tells_has_told(
    cluster: Cluster, session: Session, write: Write, told: Path, tmp_path: Path
) -> None:
    write("new", tell(told, "slow", f"{TELL}; sleep 120", on="always"))
    words = command("run", "--kubeconfig", cluster.kubeconfig, "--config", str(tmp_path / "sternway.yaml"))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: (told / "slow.succeeded.1").exists(), 60, "it tells")
        process.kill()
    (story,) = session.runs()
    assert story.status is Status.SUCCEEDED
    assert session.sweep() == []
    assert session.run(write("newer")).exit_code == Exit.DONE
    assert [a.step for a in session.story(story.run).after] == ["always", "slow"]


def test_the_report_of_a_run_made_step_by_step_tells(session: Session, write: Write, told: Path) -> None:
    config = write("new")
    for step in ("deploy", "middle"):
        assert session.step(config, step, Action.EXECUTE, "r").exit_code == Exit.DONE
    assert names(told) == []
    for _ in range(2):  # a report whose pod was made anew
        assert session.end(config, "r", "Succeeded").exit_code == Exit.DONE
        assert names(told) == ["always.succeeded.1", "success.succeeded.1"]
    bad = write("newer", code=7)
    assert session.step(bad, "deploy", Action.EXECUTE, "s").exit_code == Exit.DONE
    assert session.step(bad, "middle", Action.EXECUTE, "s").exit_code == Exit.FAILED
    assert session.step(bad, "deploy", Action.ROLLBACK, "s").exit_code == Exit.DONE
    assert session.end(bad, "s", "Failed").exit_code == Exit.FAILED
    assert [a.step for a in session.story("s").after] == ["always", "failure"]


def test_it_runs_as_a_job_where_the_rest_does(session: Session, write: Write) -> None:
    job = {"name": "job", "on": "failure", "image": "localhost/busybox:1", "runner": "kubernetes"}
    script = 'echo "$STERNWAY_STATUS $STERNWAY_EXIT_CODE $STERNWAY_TARGET"'
    events: list[Event] = []
    result = session.run(write("new", {**job, "execute": ["sh", "-c", script]}, code=7), events.append)
    assert (result.exit_code, result.warnings) == (Exit.FAILED, ())
    assert f"| undone 4 {result.name.partition('/')[0]}.t" in said(events)


class Pager:
    """A step of somebody else's, which keeps how the run ended."""

    spec = StepSpec("pager", Effects.NONE, needs_cluster=False, contract=3)

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def execute(self, context: Context) -> Outcome:
        self.seen.append(context.end)
        raise Transient("the pager is away") if len(self.seen) == 1 else RuntimeError("a bug of its own")

    def rollback(self, context: Context) -> Outcome:
        raise AssertionError("nobody undoes what only tells")


def test_any_step_may_tell(cluster: Cluster, write: Write) -> None:
    pager = Pager()
    config = write("new", {"name": "page", "uses": "pager", "on": "always", "retries": 1})
    steps = {**builtin_steps(), "pager": pager}
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace, steps=steps) as session:
        result = session.run(config)
        assert (result.exit_code, len(result.warnings)) == (Exit.DONE, 1)
        assert [(end.status, end.exit_code, end.name) for end in pager.seen] == [("succeeded", 0, result.name)] * 2
    events: list[Event] = []
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:  # here it is not installed
        back = session.rollback(result.run, events.append, trust_journal=True)
        assert (back.status, back.exit_code) == (Status.UNDONE, Exit.DONE)
    assert any("declares the step 'pager'" in event.message for event in events if isinstance(event, Note))


def test_the_command_line_says_it(cluster: Cluster, write: Write, told: Path, tmp_path: Path) -> None:
    write("new", tell(told, "bad", "exit 3", on="always"))
    file, kubeconfig = str(tmp_path / "sternway.yaml"), cluster.kubeconfig
    planned = sternway("plan", "--config", file, kubeconfig=kubeconfig)
    assert "failure runs when all is over (on: failure)" in planned.stdout
    done = sternway("run", "--config", file, "--run", "r", "--output", "github", kubeconfig=kubeconfig)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::warning title=execute bad%3A Failed::" in done.stdout
    assert "::error" not in done.stdout
    shown = sternway("show", f"{cluster.namespace}/r", kubeconfig=kubeconfig).stdout
    assert "what ran when it had ended" in shown
    assert "first error" not in shown
    lines = sternway("run", "--config", file, "--output", "json", kubeconfig=kubeconfig).stdout.splitlines()
    ends = [json.loads(line) for line in lines]
    assert [(e["step"], e["on"]) for e in ends if e["type"] == "step-ended" and e["error"]] == [("bad", "always")]
    assert [len(e["warnings"]) for e in ends if e["type"] == "run-ended"] == [1]


def test_a_second_signal_leaves_it(cluster: Cluster, write: Write, told: Path, tmp_path: Path) -> None:
    write("new", tell(told, "slow", f"trap '' TERM; {TELL}; sleep 60", on="always"))
    words = command("run", "--kubeconfig", cluster.kubeconfig, "--config", str(tmp_path / "sternway.yaml"))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until(lambda: (told / "slow.succeeded.1").exists(), 60, "it tells")
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        for line in process.stdout:
            if "once more leaves at once" in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
        assert process.wait(30) == Exit.DONE, rest
    assert "succeeded" in rest
