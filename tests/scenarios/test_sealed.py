"""Sealed is sealed: no step executes in a run that was undone, is being undone, or has ended, however late it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.locks.lease import LeaseLock
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.result import Result
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Request, call
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, sternway

Play = Callable[..., Result]


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


@pytest.fixture
def play(cluster: Cluster, session: Session) -> Play:
    """Do one action of a step."""

    def step(name: str, value: str = "new", run: str = "r", workflow: str = "w", action: Action = Action.EXECUTE) -> Result:  # fmt: skip
        return session.step(config(cluster, value), name, action, run, lambda _: None, workflow)

    return step


def config(cluster: Cluster, value: str) -> Config:
    return config_of(cluster.namespace, config_map("m", a=value))


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return found["data"]["a"] if found is not None else None


def rolled_back_elsewhere(cluster: Cluster, run: str = "r") -> None:
    done = sternway("rollback", run, "-n", cluster.namespace, kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.DONE, done.stdout + done.stderr


def before_the_lock(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once, after this process has read the journal and before it takes the next lock."""
    real, done = LeaseLock.acquire, list[object]()

    def acquire(lock: LeaseLock, *arguments: Any) -> None:
        if not done:
            done.append(1)
            act()
        real(lock, *arguments)

    monkeypatch.setattr(LeaseLock, "acquire", acquire)


def test_an_undo_between_the_reading_and_the_lock_is_seen(
    cluster: Cluster, session: Session, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play("validate")
    before_the_lock(monkeypatch, lambda: rolled_back_elsewhere(cluster))
    late = play("deploy")
    assert (late.exit_code, type(late.error)) == (Exit.REFUSED, Refused)
    assert value(cluster) is None
    story = session.story("r")
    assert story.status is Status.UNDONE
    assert [a.step for a in story.attempts] == ["validate"]


def test_an_end_between_the_reading_and_the_lock_is_seen(
    cluster: Cluster, session: Session, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play("validate")
    before_the_lock(monkeypatch, lambda: session.end(config(cluster, "new"), "r", "Failed", ""))
    assert play("deploy").exit_code == Exit.REFUSED
    assert value(cluster) is None


def test_a_pod_that_comes_after_the_handler_does_nothing(cluster: Cluster, session: Session, play: Play) -> None:
    """Argo's handler has found that a step never began; then its pod starts after all."""
    play("validate")
    assert play("deploy", action=Action.ROLLBACK).exit_code == Exit.DONE
    with pytest.raises(Refused, match="is being undone"):
        play("deploy")
    assert session.end(config(cluster, "new"), "r", "Failed", "w").status is Status.UNDONE
    assert value(cluster) is None


def test_the_first_pod_comes_after_the_handler(cluster: Cluster, session: Session, play: Play) -> None:
    assert play("deploy", action=Action.ROLLBACK).exit_code == Exit.DONE
    with pytest.raises(Refused, match="is being undone"):
        play("validate")
    assert session.end(config(cluster, "new"), "r", "Failed", "w").status is Status.UNDONE


@pytest.mark.parametrize("workflow", ["w", ""])
def test_nothing_executes_in_a_run_that_has_ended(
    cluster: Cluster, session: Session, play: Play, workflow: str
) -> None:
    for name in ("validate", "deploy", "verify"):
        play(name, workflow=workflow)
    assert session.story("r").status is Status.SUCCEEDED
    ref = Ref("v1", "ConfigMap", cluster.namespace, "m")
    cluster.client.patch(ref, {"data": {"a": "theirs"}}, manager="somebody")
    if workflow:  # Argo is told again how it ended, whatever its pod is made anew for
        assert play("deploy").exit_code == Exit.DONE
    else:
        with pytest.raises(Refused, match="has ended: succeeded"):
            play("deploy", workflow="")
    assert value(cluster) == "theirs"
    assert len(session.story("r").attempts) == 3


def test_what_argo_retries_in_a_run_that_was_undone_is_refused(cluster: Cluster, session: Session, play: Play) -> None:
    for name in ("validate", "deploy", "verify"):
        play(name, "old", run="good")
    for name in ("validate", "deploy"):
        play(name)
    session.rollback("r")
    with pytest.raises(Refused, match="rolled back already"):
        play("deploy")
    assert value(cluster) == "old"


def test_a_late_undo_of_a_run_that_was_undone_leaves_the_next_one_alone(
    cluster: Cluster, session: Session, play: Play
) -> None:
    """The next run deploys the very same: what stands there is its own now."""
    session.run(config(cluster, "old"))
    for name in ("validate", "deploy"):
        play(name)
    session.rollback("r")
    session.run(config(cluster, "new"))
    assert play("deploy", action=Action.ROLLBACK).exit_code == Exit.DONE
    assert value(cluster) == "new"


def test_a_success_that_is_undone_step_by_step_is_none_any_more(cluster: Cluster, session: Session, play: Play) -> None:
    for name in ("validate", "deploy", "verify"):
        play(name)
    play("deploy", action=Action.ROLLBACK)
    assert value(cluster) is None
    assert session.story("r").status is Status.OPEN
    assert session.end(config(cluster, "new"), "r", "Failed", "w").status is Status.UNDONE


def test_an_undo_waits_for_nobody_where_nothing_began(cluster: Cluster, session: Session, play: Play) -> None:
    at = session.locate(config(cluster, "new"))
    lock = at.store.lock(at.target)
    lock.acquire("somebody-else", session.stop)
    try:
        assert play("deploy", action=Action.ROLLBACK).exit_code == Exit.DONE
    finally:
        lock.release()


def test_two_processes_a_step_and_an_undo(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """The undo of another process begins and ends while the step's request for the lock is on its way."""
    kubeconfig = sternway_sandbox.kubeconfig
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="new")))
    file = tmp_path / "sternway.yaml"
    file.write_text("name: t\nnamespace: default\nmanifests: [m.yaml]\n")
    step = ("step", "--run", "r", "--config", str(file))
    first = sternway(*step, "validate", "execute", kubeconfig=kubeconfig)
    assert first.returncode == Exit.DONE, first.stderr

    def takes_the_lock(request: Request) -> bool:
        return request.method == "POST" and request.path.endswith("/leases")

    undone: list[Future[int]] = []
    with ThreadPoolExecutor(1) as pool:

        def undo() -> None:
            if not undone:  # its own request for the lock passes
                undone.append(pool.submit(lambda: sternway("rollback", "r", kubeconfig=kubeconfig).returncode))
                undone[0].result(60)

        sternway_sandbox.faults.when(takes_the_lock, call(before=undo))
        late = sternway(*step, "deploy", "execute", kubeconfig=kubeconfig)
    assert [one.result() for one in undone] == [Exit.DONE]
    assert late.returncode == Exit.REFUSED, late.stdout + late.stderr
    assert "rolled back" in late.stdout + late.stderr
    with Session(kubeconfig=kubeconfig) as session:
        assert not [o for o in session.client.list("v1", "ConfigMap", "default").items if o["metadata"]["name"] == "m"]
        assert session.story("r").status is Status.UNDONE


def test_two_processes_with_one_id(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="new")))
    file = tmp_path / "sternway.yaml"
    file.write_text("name: t\nnamespace: default\nmanifests: [m.yaml]\nwaitLock: 1m\n")
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(sternway, "run", "--run", "one", "--config", str(file), kubeconfig=kubeconfig) for _ in range(2)
        ]
    ended = sorted((each.result() for each in runs), key=lambda each: each.returncode)
    assert [each.returncode for each in ended] == [Exit.DONE, Exit.REFUSED], [each.stderr for each in ended]
    assert "run one is in the journal already" in ended[1].stderr
