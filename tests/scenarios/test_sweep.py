"""What died without notice is found and brought to its end; what lives is left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.errors import Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import secret_name
from sternway_steps.journal.entries import Key, new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.sweep import Swept, worst
from sternway_steps.saga.workflow import START_DEADLINE
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import command, config_map, config_of, deployment, sternway, until
from tests.scenarios.workflows import API, in_its_namespace, workflows

APPLIED = "PATCH /configmaps/m"


def config(cluster: Cluster, value: str, **keys: Any) -> Config:
    keys.setdefault("steps", DEFAULT_STEPS[1:])
    return config_of(cluster.namespace, config_map("m", a=value), **keys)


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return str(found["data"]["a"]) if found else None


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


@pytest.fixture
def killed(cluster: Cluster, session: Session) -> str:
    """A run that was killed right after its change had arrived."""
    return kill(cluster, session)


def kill(cluster: Cluster, session: Session, **keys: Any) -> str:
    assert session.run(config(cluster, "old")).exit_code == Exit.DONE
    run = new_run_id()
    assert dying.run_until(cluster.kubeconfig, config(cluster, "new", **keys), run, APPLIED) == dying.DIED
    assert value(cluster) == "new"
    return run


def test_what_was_killed_is_undone_once(cluster: Cluster, session: Session, killed: str) -> None:
    (swept,) = session.sweep()
    assert (swept.run, swept.status, swept.exit_code) == (killed, Status.UNDONE, Exit.DONE)
    assert value(cluster) == "old"
    assert session.story(killed).status is Status.UNDONE
    assert session.sweep() == []


def test_two_sweeps_at_once_undo_it_once(cluster: Cluster, session: Session, killed: str) -> None:
    begin = threading.Barrier(2)

    def sweep() -> list[Swept]:
        with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as one:
            begin.wait(30)
            return one.sweep()

    with ThreadPoolExecutor(2) as pool:
        found = [future.result(120) for future in [pool.submit(sweep), pool.submit(sweep)]]
    assert [worst(swept) for swept in found] == [Exit.DONE, Exit.DONE], found
    story = session.story(killed)
    assert (story.status, value(cluster)) == (Status.UNDONE, "old")
    back = [attempt.step for attempt in story.attempts if attempt.action is Action.ROLLBACK]
    assert back == ["deploy"]


def test_a_run_at_work_is_left_alone(cluster: Cluster, session: Session) -> None:
    unready = deployment("d", env=[{"name": "APP_MODE", "value": "unready"}])
    run, stop = new_run_id(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(session.run, config_of(cluster.namespace, unready), run=run, stop=stop)
        try:
            until(lambda: cluster.get("apps/v1", "Deployment", "d"), 30, "it is applied")
            (swept,) = session.sweep()
            assert (swept.run, swept.status, swept.exit_code) == (run, Status.RUNNING, Exit.DONE)
            assert not working.done()
        finally:
            stop.set()
        assert working.result(60).status is Status.UNDONE
    assert cluster.get("apps/v1", "Deployment", "d") is None


def test_a_configuration_may_leave_it_to_a_person(cluster: Cluster, session: Session) -> None:
    run = kill(cluster, session, on_interrupt="report")
    (swept,) = session.sweep()
    assert (swept.status, swept.exit_code) == (Status.INTERRUPTED, Exit.REFUSED)
    assert f"sternway rollback {cluster.namespace}/{run}" in swept.message
    with pytest.raises(Refused, match="leaves it to you") as raised:
        session.run(config(cluster, "newer"))
    assert f"sternway rollback {cluster.namespace}/{run}" in str(raised.value.remedy)
    assert value(cluster) == "new"
    assert [one.status for one in session.sweep(on_interrupt="rollback")] == [Status.UNDONE]
    assert value(cluster) == "old"


def test_a_run_that_lacks_its_end_alone_gets_it(cluster: Cluster, session: Session) -> None:
    few, run = config(cluster, "new", on_interrupt="report", steps=DEFAULT_STEPS[1:2]), new_run_id()
    record = secret_name(Key(run, "deploy", "execute", 1), 1)  # intent, evidence and end are added to it
    assert dying.run_until(cluster.kubeconfig, few, run, f"PATCH /{record} 3") == dying.DIED
    (swept,) = session.sweep()
    assert (swept.status, swept.exit_code, value(cluster)) == (Status.SUCCEEDED, Exit.DONE, "new")


def test_the_command_says_a_line_a_run(cluster: Cluster, killed: str) -> None:
    done = sternway("sweep", "--namespace", cluster.namespace, "--output", "json", kubeconfig=cluster.kubeconfig)
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    told = {key: line[key] for key in ("type", "run", "target", "status", "exit_code")}
    target = f"{cluster.namespace}.t"
    assert told == {"type": "swept", "run": killed, "target": target, "status": "undone", "exit_code": 0}
    again = sternway("sweep", "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "no run is open\n")


def test_only_the_targets_that_are_named_are_swept(cluster: Cluster, session: Session, killed: str) -> None:
    other = replace(config(cluster, "x"), name="other")
    assert session.sweep(journal_of=other) == []
    assert session.sweep(target=f"{cluster.namespace}.other") == []
    assert [one.run for one in session.sweep(journal_of=config(cluster, "x"))] == [killed]


@pytest.fixture
def workflow(cluster: Cluster, session: Session) -> Iterator[str]:
    """A Workflow that is at work and starts no pods; its UID is the run's id. Its first step has been done."""
    with workflows(cluster) as made:
        run = made()
        assert session.run(config(cluster, "old")).exit_code == Exit.DONE
        yield run


@pytest.fixture
def in_its_pod(cluster: Cluster, tmp_path: Path) -> str:
    return in_its_namespace(cluster, tmp_path)


def _ref(cluster: Cluster) -> Ref:
    return Ref(API, "Workflow", cluster.namespace, "w")


def _terminate(cluster: Cluster) -> None:
    cluster.client.patch(_ref(cluster), {"spec": {"shutdown": "Terminate"}}, manager="test")


def _delete(cluster: Cluster) -> None:
    cluster.client.delete(_ref(cluster), uid=None, propagation="Background")


def _make_anew(cluster: Cluster) -> None:
    old = cluster.client.get(_ref(cluster))
    assert old is not None
    _delete(cluster)
    until(lambda: cluster.client.get(_ref(cluster)) is None, 30, "it is gone")
    metadata = {"name": "w", "namespace": cluster.namespace}
    cluster.client.create({**old, "metadata": metadata, "status": {}}, manager="test")


@pytest.mark.parametrize("end", [_terminate, _delete, _make_anew])
def test_a_workflow_whose_step_died_and_that_runs_no_handler_is_undone(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str, end: Any
) -> None:
    died = dying.step_until(in_its_pod, config(cluster, "new"), workflow, "w", APPLIED)
    assert died == dying.DIED
    (before,) = session.sweep()
    assert (before.status, value(cluster)) == (Status.RUNNING, "new"), before.message
    end(cluster)
    (swept,) = session.sweep()
    assert (swept.status, value(cluster)) == (Status.UNDONE, "old"), swept.message
    with pytest.raises(Refused):
        session.step(config(cluster, "new"), "verify", Action.EXECUTE, workflow, lambda _: None, "w")


def test_what_made_it_fail_is_told_though_its_handler_never_ran(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str
) -> None:
    wrong = StepConfig("check", "command", {"execute": ["sh", "-c", "echo no answer; exit 4"]}, effects="none")
    new = config(cluster, "new", steps=(*DEFAULT_STEPS[1:2], wrong))
    with Session(kubeconfig=in_its_pod) as pod:
        assert pod.step(new, "deploy", Action.EXECUTE, workflow, workflow="w").exit_code == Exit.DONE
        assert pod.step(new, "check", Action.EXECUTE, workflow, workflow="w").exit_code == Exit.FAILED
    _terminate(cluster)
    (swept,) = session.sweep()
    assert (swept.status, swept.exit_code, value(cluster)) == (Status.UNDONE, Exit.DONE, "old"), swept.message
    told = cluster.client.get(Ref("v1", "Event", cluster.namespace, "w.sternway"))
    assert told is not None
    for text in (swept.message, told["message"]):
        assert "no answer" in text


@pytest.mark.parametrize("end", [_terminate, _delete, _make_anew])
def test_a_run_beside_a_workflow_that_is_over_undoes_it_first(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str, end: Any
) -> None:
    """In one process as on Argo; while it lives both wait for it, whatever mutex Argo's templates name."""
    assert dying.step_until(in_its_pod, config(cluster, "new"), workflow, "w", APPLIED) == dying.DIED
    with pytest.raises(Transient, match="Workflow w is at work"):
        session.run(config(cluster, "newer"))
    with pytest.raises(Transient, match="Workflow w is at work"):
        session.step(config(cluster, "newer"), "deploy", Action.EXECUTE, "beside", lambda _: None, "w2")
    assert value(cluster) == "new"
    end(cluster)
    assert session.run(config(cluster, "newer")).status is Status.SUCCEEDED
    assert (session.story(workflow).status, value(cluster)) == (Status.UNDONE, "newer")


def test_a_run_beside_a_workflow_that_is_over_leaves_it_to_a_person_where_that_is_said(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str
) -> None:
    left = config(cluster, "new", on_interrupt="report")
    assert dying.step_until(in_its_pod, left, workflow, "w", APPLIED) == dying.DIED
    _terminate(cluster)
    with pytest.raises(Refused, match="leaves it to you"):
        session.run(config(cluster, "newer"))
    assert value(cluster) == "new"


def _handler_waits(cluster: Cluster, ago: int, phases: list[str]) -> None:
    """Let the Workflow be at its exit handler, whose pods are in these phases since so many seconds."""
    since = (datetime.now(UTC) - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    node = {"type": "Pod", "startedAt": since, "message": "exceeded quota"}
    handler = {f"w-{n}": {**node, "id": f"w-{n}", "name": f"w.onExit[0].x{n}", "displayName": f"x{n}", "phase": phase} for n, phase in enumerate(phases)}  # fmt: skip
    forward = {"w-9": {**node, "id": "w-9", "name": "w[0].deploy", "displayName": "deploy", "phase": "Pending"}}
    change = {"metadata": {"annotations": {START_DEADLINE: "120"}}, "status": {"phase": "Running", "nodes": {**handler, **forward}}}  # fmt: skip
    cluster.client.patch(_ref(cluster), change, manager="test")


@pytest.mark.parametrize(
    ("ago", "phases", "status"),
    [
        (300, ["Pending"], Status.UNDONE),
        (5, ["Pending"], Status.RUNNING),
        (300, ["Pending", "Running"], Status.RUNNING),
        (300, ["Succeeded"], Status.RUNNING),
    ],
)
def test_an_exit_handler_that_does_not_start_is_waited_for_so_long(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str, ago: int, phases: list[str], status: Status
) -> None:
    """Argo itself waits for an image, or a quota, for ever, and holds the target meanwhile."""
    assert dying.step_until(in_its_pod, config(cluster, "new"), workflow, "w", APPLIED) == dying.DIED
    _handler_waits(cluster, ago, phases)
    (swept,) = session.sweep()
    assert swept.status is status, swept.message
    assert value(cluster) == ("old" if status is Status.UNDONE else "new")
    left, ended = cluster.client.get(_ref(cluster)), status is Status.UNDONE
    assert left is not None
    assert left["spec"].get("shutdown") == ("Terminate" if ended else None), "it gives its mutex up"
    told = cluster.client.get(Ref("v1", "Event", cluster.namespace, "w.sternway"))
    assert (told is not None) is ended
    if told is not None:
        assert (told["reason"], "does not start" in told["message"]) == ("Undone", True)


def test_a_workflow_that_hangs_though_another_one_undid_its_run_is_ended(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str
) -> None:
    """A person, or a run on a laptop, undid it, and went on; its mutex would keep all later Workflows waiting."""
    assert dying.step_until(in_its_pod, config(cluster, "new"), workflow, "w", APPLIED) == dying.DIED
    _handler_waits(cluster, 300, ["Pending"])
    assert session.rollback(workflow).status is Status.UNDONE
    assert session.run(config(cluster, "newer")).status is Status.SUCCEEDED
    (swept,) = session.sweep()
    assert (swept.run, swept.status, swept.exit_code) == (workflow, Status.UNDONE, Exit.DONE)
    assert "does not start" in swept.message
    left = cluster.client.get(_ref(cluster))
    assert left is not None
    assert left["spec"].get("shutdown") == "Terminate"
    told = cluster.client.get(Ref("v1", "Event", cluster.namespace, "w.sternway"))
    assert told is not None
    assert told["reason"] == "Undone"
    assert session.sweep() == [], "it is said once"
    assert value(cluster) == "newer"


@pytest.mark.parametrize("ago", [5, 300])
def test_a_workflow_of_a_run_that_has_ended_is_left_its_handler(
    cluster: Cluster, session: Session, workflow: str, in_its_pod: str, ago: int
) -> None:
    """Its pod may start yet, or works."""
    assert dying.step_until(in_its_pod, config(cluster, "new"), workflow, "w", APPLIED) == dying.DIED
    assert session.rollback(workflow).status is Status.UNDONE
    _handler_waits(cluster, ago, ["Pending", *(["Running"] if ago > 120 else [])])
    assert session.sweep() == []
    left = cluster.client.get(_ref(cluster))
    assert left is not None
    assert "shutdown" not in left["spec"]


def test_a_workflow_that_its_run_never_saw_is_left_to_a_person(
    cluster: Cluster, session: Session, workflow: str
) -> None:
    """A journal may be kept in another cluster than Argo: what is not here may well be at work there."""
    session.step(config(cluster, "new"), "deploy", Action.EXECUTE, "elsewhere", lambda _: None, "w")
    (swept,) = session.sweep()
    assert (swept.status, swept.exit_code, value(cluster)) == (Status.OPEN, Exit.DONE, "new")
    assert f"sternway rollback {cluster.namespace}/elsewhere" in swept.message


def test_what_somebody_makes_step_by_step_is_theirs_to_end(cluster: Cluster, session: Session) -> None:
    session.step(config(cluster, "new"), "deploy", Action.EXECUTE, "byhand")
    (swept,) = session.sweep()
    assert (swept.status, swept.exit_code, value(cluster)) == (Status.OPEN, Exit.DONE, "new")


def test_in_a_loop_it_sweeps_until_it_is_told_to_stop(cluster: Cluster, session: Session) -> None:
    words = command("sweep", "--namespace", cluster.namespace, "--every", "500ms", "--kubeconfig", cluster.kubeconfig)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as sweeping:
        try:
            for _ in range(2):
                run = kill(cluster, session)
                until(lambda run=run: session.story(run).status is Status.UNDONE, 60, "it is swept")
            assert value(cluster) == "old"
        finally:
            sweeping.send_signal(signal.SIGTERM)
            out = sweeping.communicate(timeout=30)[0]
    assert (sweeping.returncode, out.count(": undone: ")) == (Exit.DONE, 2), out
