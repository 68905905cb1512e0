"""A run that was interrupted goes on where it was, if nobody changed what it has seen or made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sternway_steps.cli.story_words import following
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.errors import Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import secret_name
from sternway_steps.journal.entries import Key, new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, deployment, until

NAMES = ("m", "n")


def config(cluster: Cluster, value: str, *more: dict[str, Any], **keys: Any) -> Config:
    keys.setdefault("steps", DEFAULT_STEPS[1:])
    return config_of(cluster.namespace, *(config_map(name, a=value) for name in NAMES), *more, **keys)


def values(cluster: Cluster) -> list[str | None]:
    found = [cluster.get("v1", "ConfigMap", name) for name in NAMES]
    return [str(obj["data"]["a"]) if obj else None for obj in found]


def record(run: str, step: str = "deploy") -> str:
    return secret_name(Key(run, step, "execute", 1), 1)


INTENDED, ARRIVED, DONE = "PATCH /{deploy} 1", "PATCH /configmaps/m", "PATCH /{deploy} 3"
"""The moments at which a run is killed: nothing is applied yet; one object is, without evidence; deploy is done."""


def kill(cluster: Cluster, made: Config, moment: str) -> str:
    run = new_run_id()
    died = dying.run_until(cluster.kubeconfig, made, run, moment.format(deploy=record(run)))
    assert died == dying.DIED
    return run


def edit(cluster: Cluster) -> None:
    cluster.client.patch(Ref("v1", "ConfigMap", cluster.namespace, "m"), {"data": {"a": "theirs"}}, manager="somebody")


def delete(cluster: Cluster) -> None:
    cluster.client.delete(Ref("v1", "ConfigMap", cluster.namespace, "m"), uid=None, propagation="Background")


def make_anew(cluster: Cluster) -> None:
    delete(cluster)
    made = config_map("m", a="theirs")
    made["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(made, manager="somebody")


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        assert session.run(config(cluster, "old")).exit_code == Exit.DONE
        yield session


@pytest.mark.parametrize("moment", [INTENDED, ARRIVED, DONE])
def test_it_goes_on_to_its_end_and_can_be_undone_as_a_whole(cluster: Cluster, session: Session, moment: str) -> None:
    run = kill(cluster, config(cluster, "new"), moment)
    result = session.resume(run)
    assert (result.status, result.exit_code, values(cluster)) == (Status.SUCCEEDED, Exit.DONE, ["new", "new"])
    story = session.story(run)
    executed = [attempt.step for attempt in story.attempts if attempt.result == "done"]
    assert (story.status, executed) == (Status.SUCCEEDED, ["deploy", "verify"]), "what was done is not done again"
    assert session.rollback(run).status is Status.UNDONE
    assert values(cluster) == ["old", "old"]


@pytest.mark.parametrize("moment", [INTENDED, ARRIVED, DONE])
@pytest.mark.parametrize("change", [edit, delete, make_anew])
def test_it_does_not_go_on_over_what_somebody_changed(
    cluster: Cluster, session: Session, moment: str, change: Callable[[Cluster], None]
) -> None:
    run = kill(cluster, config(cluster, "new"), moment)
    change(cluster)
    before = values(cluster)
    with pytest.raises(Refused, match="configmap/m") as raised:
        session.resume(run)
    assert ("somebody" in str(raised.value), values(cluster)) == (True, before)
    assert f"sternway rollback {cluster.namespace}/{run}" in str(raised.value.remedy)
    story = session.story(run)
    assert story.status is Status.INTERRUPTED
    assert f"to go on with it: sternway resume {story.name}" in following(story)


def test_what_somebody_else_created_meanwhile_is_no_longer_as_it_was(cluster: Cluster, session: Session) -> None:
    made = config_map("new", a="1")
    run = kill(cluster, config(cluster, "new", made), INTENDED)
    made["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(made, manager="somebody")
    with pytest.raises(Refused, match=r"configmap/new.*somebody else created it"):
        session.resume(run)


def test_a_run_that_fails_after_it_went_on_is_undone_whole(cluster: Cluster, session: Session) -> None:
    crashing = deployment("d", env=[{"name": "APP_MODE", "value": "crash"}])
    run = kill(cluster, config(cluster, "new", crashing), ARRIVED)
    result = session.resume(run)
    assert (result.status, result.exit_code, values(cluster)) == (Status.UNDONE, Exit.FAILED, ["old", "old"])
    assert cluster.get("apps/v1", "Deployment", "d") is None


def test_a_configuration_may_ask_for_it_once(cluster: Cluster, session: Session) -> None:
    run = kill(cluster, config(cluster, "new", on_interrupt="resume"), ARRIVED)
    (swept,) = session.sweep()
    assert (swept.run, swept.status, values(cluster)) == (run, Status.SUCCEEDED, ["new", "new"]), swept.message
    first = kill(cluster, config(cluster, "newer", on_interrupt="resume"), DONE)
    edit(cluster)
    (swept,) = session.sweep()
    assert (swept.run, swept.exit_code) == (first, Exit.ROLLBACK_FAILED), "it can't go on, and the edit is a conflict"
    assert values(cluster) == ["theirs", "new"]


def test_the_next_run_goes_on_with_it_first(cluster: Cluster, session: Session) -> None:
    run = kill(cluster, config(cluster, "new", on_interrupt="resume"), ARRIVED)
    assert session.run(config(cluster, "newer")).status is Status.SUCCEEDED
    assert (session.story(run).status, values(cluster)) == (Status.SUCCEEDED, ["newer", "newer"])


def test_one_that_is_interrupted_again_is_undone(cluster: Cluster, session: Session) -> None:
    run = kill(cluster, config(cluster, "new", on_interrupt="resume"), ARRIVED)
    assert dying.resume_until(cluster.kubeconfig, run, "POST /secrets") == dying.DIED
    (swept,) = session.sweep()
    assert (swept.status, values(cluster)) == (Status.UNDONE, ["old", "old"]), swept.message


def test_what_has_no_way_forward_is_refused(cluster: Cluster, session: Session) -> None:
    done = session.runs()[0].run
    with pytest.raises(Refused, match="has ended"):
        session.resume(done)
    run = kill(cluster, config(cluster, "new"), ARRIVED)
    begun = secret_name(Key(run), 1)
    assert dying.rollback_until(cluster.kubeconfig, run, f"PATCH /{begun}") == dying.DIED
    assert session.story(run).status is Status.INTERRUPTED
    with pytest.raises(Refused, match=r"undo of run .* has begun"):
        session.resume(run)
    assert session.sweep()[0].status is Status.UNDONE


def test_one_at_work_is_not_gone_on_with(cluster: Cluster, session: Session) -> None:
    unready = deployment("d", env=[{"name": "APP_MODE", "value": "unready"}])
    run, stop = new_run_id(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(session.run, config_of(cluster.namespace, unready), run=run, stop=stop)
        try:
            until(lambda: cluster.get("apps/v1", "Deployment", "d"), 30, "it is applied")
            with pytest.raises(Transient, match="at work"):
                session.resume(run)
        finally:
            stop.set()
        assert working.result(60).status is Status.UNDONE


@pytest.mark.parametrize("effects", ["none", "reversible"])
def test_a_command_that_was_cut_off_is_run_once_more_only_when_it_leaves_nothing(
    cluster: Cluster, session: Session, effects: str
) -> None:
    options: dict[str, Any] = {"execute": ["true"], "runner": "process"}
    if effects == "reversible":
        options["rollback"] = ["true"]
    steps = (*DEFAULT_STEPS[1:2], StepConfig("c", "command", options, effects=effects))
    made, run = config(cluster, "new", steps=steps), new_run_id()
    moment = f"PATCH /{record(run, 'c')} 1"
    assert dying.run_until(cluster.kubeconfig, made, run, moment) == dying.DIED
    if effects == "none":
        assert session.resume(run, journal_of=made).status is Status.SUCCEEDED
        return
    with pytest.raises(Refused, match="step c was cut off"):
        session.resume(run, journal_of=made)
    assert session.rollback(run, journal_of=made).status is Status.UNDONE


def test_a_run_made_step_by_step_goes_on_in_one_process(cluster: Cluster, session: Session) -> None:
    session.step(config(cluster, "new"), "deploy", Action.EXECUTE, "byhand")
    assert session.resume("byhand").status is Status.SUCCEEDED
    assert (session.story("byhand").status, values(cluster)) == (Status.SUCCEEDED, ["new", "new"])
