"""A quota that fills up after the way forward: what the undo writes was reserved before the first change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, state_of
from tests.scenarios.test_unrecorded import full


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return found["data"]["a"] if found is not None else None


def test_what_argo_undoes_is_recorded_though_no_further_secret_may_be_made(cluster: Cluster, session: Session) -> None:
    old, new = (config_of(cluster.namespace, config_map("m", a=a)) for a in ("old", "new"))
    session.run(old)
    for step in ("validate", "deploy"):
        assert session.step(new, step, Action.EXECUTE, "r", workflow="w").exit_code == Exit.DONE
    assert [(a.step, a.action) for a in session.story("r").attempts] == [
        ("validate", Action.EXECUTE),
        ("deploy", Action.EXECUTE),
    ], "what is reserved is no attempt"
    with full(cluster):
        with pytest.raises(Refused):  # what is not reserved for the undo is refused before it begins
            session.step(new, "verify", Action.EXECUTE, "r", workflow="w").raise_for_status()
        back = session.step(new, "deploy", Action.ROLLBACK, "r", workflow="w")
        assert back.exit_code == Exit.DONE, back
        ended = session.end(new, "r", "Failed", "w")
    assert (ended.status, ended.rollback_errors, value(cluster)) == (Status.UNDONE, (), "old")
    assert session.story("r").undone() == {"deploy"}


def test_so_is_what_one_process_undoes(cluster: Cluster, session: Session) -> None:
    old, new = (config_of(cluster.namespace, config_map("m", a=a)) for a in ("old", "new"))
    session.run(old)
    run = session.run(new).run
    with full(cluster):
        result = session.rollback(run)
    assert (result.status, result.exit_code, value(cluster)) == (Status.UNDONE, Exit.DONE, "old")
    assert result.unrecorded is None
    assert session.story(run).undone() == {"deploy"}


def test_what_has_to_be_made_anew_is_recorded_before(cluster: Cluster, session: Session) -> None:
    session.run(config_of(cluster.namespace, config_map("m", a="old")))
    old = state_of(cluster.get("v1", "ConfigMap", "m"))
    run = session.run(config_of(cluster.namespace, {**config_map("m", a="new"), "immutable": True})).run
    with full(cluster):
        result = session.rollback(run)
    assert (result.status, result.rollback_errors) == (Status.UNDONE, ())
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == old


def test_no_step_begins_whose_undo_has_no_room(cluster: Cluster, session: Session) -> None:
    session.run(config_of(cluster.namespace, config_map("m", a="old")))
    new = config_of(cluster.namespace, config_map("m", a="new"))
    assert session.step(new, "validate", Action.EXECUTE, "r", workflow="w").exit_code == Exit.DONE
    with full(cluster):
        result = session.step(new, "deploy", Action.EXECUTE, "r", workflow="w")
    assert (result.exit_code, value(cluster)) == (Exit.REFUSED, "old")
    assert "no room can be reserved" in str(result.error)


def test_what_is_reserved_goes_with_its_run(cluster: Cluster, session: Session) -> None:
    for a in ("1", "2", "3"):
        session.run(config_of(cluster.namespace, config_map("m", a=a), history=1))
    (left,) = session.runs()
    names = [s["metadata"]["name"] for s in cluster.client.list("v1", "Secret", cluster.namespace).items]
    assert all(left.run in name for name in names if name.startswith("sternway.")), names
