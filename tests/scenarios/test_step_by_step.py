"""Runs whose steps are called one by one: by a person with containers, and by Argo."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sternway_steps.config import Config
from sternway_steps.errors import Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.result import Result
from sternway_steps.saga.step_attempt import OneStep
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import delay, fail
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import command, config_map, config_of, until


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        yield session


def config(value: str) -> Config:
    return config_of("default", config_map("m", a=value))


def step(session: Session, name: str, value: str = "1", *, run: str | None = None, workflow: str = "", action: Action = Action.EXECUTE) -> Result:  # fmt: skip
    return session.step(config(value), name, action, run, lambda _: None, workflow)


def value(session: Session) -> str | None:
    found = session.client.list("v1", "ConfigMap", "default").items
    return next((str(o["data"]["a"]) for o in found if o["metadata"]["name"] == "m"), None)


def test_without_a_name_an_execution_goes_on_with_the_open_run_and_begins_one_after_its_end(session: Session) -> None:
    first = step(session, "validate").run
    assert step(session, "deploy").run == first
    assert step(session, "verify").run == first
    assert session.story(first).status is Status.SUCCEEDED
    second = step(session, "deploy", "2").run
    assert second != first
    assert step(session, "deploy", "2", action=Action.ROLLBACK).run == second
    assert value(session) == "1"
    third = step(session, "deploy", "3").run
    assert third not in (first, second), "a run that is being undone is not gone on with"


def test_without_a_name_and_without_a_run_a_rollback_has_nothing_to_do(session: Session) -> None:
    result = step(session, "deploy", action=Action.ROLLBACK)
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.DONE)
    assert session.runs() == []


def test_argo_does_not_do_twice_what_is_done_nor_again_what_was_cut_off(session: Session) -> None:
    """Argo makes a pod anew that is deleted in its first seconds."""
    step(session, "validate", run="r", workflow="w")
    assert step(session, "deploy", run="r", workflow="w").exit_code == Exit.DONE
    assert step(session, "deploy", run="r", workflow="w").exit_code == Exit.DONE
    session.stop.set()
    assert step(session, "verify", run="r", workflow="w").exit_code == Exit.STOPPED
    session.stop.clear()
    again = step(session, "verify", run="r", workflow="w")
    assert again.exit_code == Exit.STOPPED
    assert "verify was stopped" in str(again.error)
    attempts = [(a.step, a.result) for a in session.story("r").attempts]
    assert attempts == [("validate", "done"), ("deploy", "done"), ("verify", "stopped")]


def test_argo_is_told_again_how_an_attempt_ended(session: Session, sternway_sandbox: Sandbox) -> None:
    step(session, "validate", run="r", workflow="w")
    sternway_sandbox.faults.when(lambda r: r.path.endswith("/configmaps/m"), fail(403, "Forbidden"), times=9)
    first = step(session, "deploy", run="r", workflow="w")
    again = step(session, "deploy", run="r", workflow="w")
    assert (again.exit_code, str(again.error)) == (first.exit_code, str(first.error))
    assert first.exit_code not in (Exit.DONE, Exit.STOPPED, Exit.TRANSIENT)
    assert len(session.story("r").attempts) == 2


def test_argo_tries_again_what_was_transient(session: Session, sternway_sandbox: Sandbox) -> None:
    step(session, "validate", run="r", workflow="w")
    sternway_sandbox.faults.when(lambda r: r.path.endswith("/configmaps/m"), fail(503, Retry_After="60"))
    assert step(session, "deploy", run="r", workflow="w").exit_code == Exit.TRANSIENT
    assert step(session, "deploy", run="r", workflow="w").exit_code == Exit.DONE


def test_what_a_terminated_workflow_left_is_undone_by_the_next_one(session: Session) -> None:
    for name in ("validate", "deploy", "verify"):
        step(session, name, "old", run="good", workflow="w0")
    for name in ("validate", "deploy"):
        step(session, name, "new", run="lost", workflow="w1")
    assert value(session) == "new"
    step(session, "validate", "newer", run="next", workflow="w2")
    assert session.story("lost").status is Status.UNDONE
    assert value(session) == "old"


def test_one_process_does_not_run_into_a_workflow_that_is_open(session: Session) -> None:
    for name in ("validate", "deploy"):
        step(session, name, "new", run="open", workflow="w1")
    with pytest.raises(Transient, match="Workflow w1") as raised:
        session.run(config("newer"))
    assert "sternway rollback default/open" in str(raised.value.remedy)
    assert value(session) == "new"
    assert session.rollback("open").status is Status.UNDONE
    assert session.run(config("newer")).status is Status.SUCCEEDED


def test_a_run_that_was_rolled_back_is_over(session: Session) -> None:
    for name in ("validate", "deploy"):
        step(session, name, run="r", workflow="w")
    step(session, "deploy", run="r", workflow="w", action=Action.ROLLBACK)
    with pytest.raises(Refused, match="rolled back already"):
        step(session, "verify", run="r", workflow="w")  # what `argo retry` would do


def test_what_argo_remembers_of_another_run_begins_nothing_out_of_turn(session: Session) -> None:
    """`argo resubmit --memoized` starts all at once that was done in a run which is undone since."""
    for name in ("verify", "deploy"):
        with pytest.raises(Refused, match=r"validate.+ not done in run r") as raised:
            step(session, name, run="r", workflow="w")
        assert "without --memoized" in str(raised.value.remedy)
    assert (session.runs(), value(session)) == ([], None)
    step(session, "validate", run="r", workflow="w")
    with pytest.raises(Refused, match="deploy is not done in run r"):
        step(session, "verify", run="r", workflow="w")
    assert session.story("r").status is Status.OPEN
    assert step(session, "deploy").exit_code == Exit.DONE, "alone, a step begins a run"


def test_a_step_after_one_that_failed_does_not_begin(session: Session, sternway_sandbox: Sandbox) -> None:
    step(session, "validate", run="r", workflow="w")
    sternway_sandbox.faults.when(lambda r: r.path.endswith("/configmaps/m"), fail(403, "Forbidden"), times=9)
    assert step(session, "deploy", run="r", workflow="w").exit_code not in (Exit.DONE, Exit.TRANSIENT)
    with pytest.raises(Refused, match="deploy is not done"):
        step(session, "verify", run="r", workflow="w")


def test_no_success_is_told_of_what_was_undone_meanwhile(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last step and the end of its run: a Workflow succeeds only when that end is written."""
    for name in ("validate", "deploy"):
        step(session, name, run="r", workflow="w")
    real = OneStep._succeeded

    def undone_before(self: OneStep) -> Result:
        step(session, "deploy", run="r", workflow="w", action=Action.ROLLBACK)
        return real(self)

    monkeypatch.setattr(OneStep, "_succeeded", undone_before)
    with pytest.raises(Refused, match="is being undone"):
        step(session, "verify", run="r", workflow="w")
    assert session.story("r").status is Status.OPEN


def test_the_report_of_a_run_in_which_nothing_began(session: Session) -> None:
    result = session.end(config("1"), "r", "Failed", "w", lambda _: None)
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.STOPPED)
    assert "before step validate began" in str(result.error)
    told = session.client.list("v1", "Event", "default").items
    assert [(e["reason"], e["involvedObject"]["name"]) for e in told] == [("Undone", "w")]
    again = session.end(config("1"), "r", "Failed", "w", lambda _: None)
    assert again.exit_code == result.exit_code
    assert len(session.client.list("v1", "Event", "default").items) == 1, "a report that is made twice is told once"


def test_the_report_of_a_run_that_succeeded_leaves_it_a_success(session: Session) -> None:
    """Who calls the steps by hand may always end with `sternway report`."""
    for name in ("validate", "deploy", "verify"):
        step(session, name, run="r")
    result = session.end(config("1"), "r", "", "", lambda _: None)
    assert (result.status, result.exit_code, result.rollback_errors) == (Status.SUCCEEDED, Exit.DONE, ())
    assert session.story("r").status is Status.SUCCEEDED


def test_the_oldest_runs_are_forgotten_by_the_last_step_and_by_the_report(session: Session) -> None:
    few = replace(config("1"), history=1)
    for run in ("r1", "r2"):
        for name in ("validate", "deploy", "verify"):
            session.step(few, name, Action.EXECUTE, run, lambda _: None)
    assert [story.run for story in session.runs()] == ["r2"]
    session.end(few, "r3", "Failed", "", lambda _: None)
    assert [story.run for story in session.runs()] == ["r3"]


def test_a_step_that_is_stopped_twice_is_sealed_once(session: Session, sternway_sandbox: Sandbox, tmp_path: Path) -> None:  # fmt: skip
    """Argo sends its signal twice, and here a request hangs all the while."""
    (tmp_path / "m.json").write_text(json.dumps(config_map("m", a="1")))
    (tmp_path / "sternway.yaml").write_text("name: t\nnamespace: default\nmanifests: [m.json]\n")
    sternway_sandbox.faults.when(lambda r: r.method == "PATCH" and r.path.endswith("/configmaps/m"), delay(20))
    process = subprocess.Popen(
        command("step", "deploy", "execute", "--run", "r", "-c", str(tmp_path / "sternway.yaml"), "--kubeconfig", sternway_sandbox.kubeconfig),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    until(
        lambda: any(r.path.endswith("/configmaps/m") and r.method == "PATCH" for r in sternway_sandbox.faults.requests)
    )
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    out = process.communicate()[0]
    assert process.returncode == Exit.STOPPED, out
    assert [(a.step, a.result) for a in session.story("r").attempts] == [("deploy", "stopped")]
