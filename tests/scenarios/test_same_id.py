"""Two runs of one id, as schedules of two namespaces make them, that deploy one object: neither takes it for its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.deploy import execute
from sternway_steps.config import Config, DeployConfig, StepConfig
from sternway_steps.errors import Transient
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.replay import Status
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.objects.run_annotation import run_of
from sternway_steps.release.snapshot import snapshot
from sternway_steps.saga.result import Result
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_of

RUN = "web-29384756"  # as a CronJob names its Jobs
ONCE = (StepConfig("deploy", "deploy", {}, retries=0),)
GET, LIST = ({"apiGroups": [""], "resources": ["pods"], "verbs": [verb]} for verb in ("get", "list"))


@pytest.fixture(params=[True, False], ids=["evidence", "evidence lost"])
def lossy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)


@pytest.fixture
def role(cluster: Cluster) -> Iterator[Ref]:
    """Give the name of an object without a namespace."""
    ref = Ref("rbac.authorization.k8s.io/v1", "ClusterRole", None, f"shared-{uuid.uuid4().hex[:8]}")
    yield ref
    if cluster.client.get(ref) is not None:
        cluster.client.delete(ref, uid=None, propagation="Background")


def config(namespace: str, ref: Ref, rule: Any = LIST, **labels: str) -> Config:
    metadata = {"name": ref.name, **({"labels": labels} if labels else {})}
    made = config_of(
        namespace, {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "rules": [rule]}
    )
    return replace(made, steps=made.steps[:2])  # without verify


def run(session: Session, config: Config) -> Result:
    result = session.run(config, run=RUN)
    assert result.exit_code == 0, result
    return result


def look(cluster: Cluster, ref: Ref) -> tuple[Any, Any, Any] | None:
    """Give the rules, the labels and the annotation of an object that is there."""
    live = cluster.client.get(ref)
    return live and (live["rules"], live["metadata"].get("labels"), run_of(live))


@pytest.mark.usefixtures("lossy")
def test_what_one_created_stays_for_the_other(cluster: Cluster, other: str, role: Ref, session: Session) -> None:
    run(session, config(cluster.namespace, role))
    run(session, config(other, role, b="1"))
    assert look(cluster, role) == ([LIST], {"b": "1"}, f"{other}/{RUN}")
    below = session.rollback(f"{cluster.namespace}/{RUN}")
    assert below.status is Status.UNDONE
    assert look(cluster, role) == ([LIST], {"b": "1"}, f"{other}/{RUN}")


@pytest.mark.usefixtures("lossy")
def test_each_undoes_its_own_newest_first(cluster: Cluster, other: str, role: Ref, session: Session) -> None:
    run(session, config(cluster.namespace, role, a="1"))
    run(session, config(other, role, b="1"))
    assert session.rollback(f"{other}/{RUN}").status is Status.UNDONE
    assert look(cluster, role) == ([LIST], {"a": "1"}, f"{cluster.namespace}/{RUN}")
    assert session.rollback(f"{cluster.namespace}/{RUN}").status is Status.UNDONE
    assert look(cluster, role) is None


@pytest.mark.usefixtures("lossy")
@pytest.mark.parametrize(
    ("policy", "left", "ends"),
    [
        ("stop", ([LIST], {"a": "1", "b": "1"}), Status.ROLLBACK_FAILED),
        ("merge", ([LIST], {"b": "1"}), Status.UNDONE),
        ("force", ([GET], {"b": "1"}), Status.UNDONE),
    ],
)
def test_what_the_other_deploys_too_is_not_put_back_below_it(
    cluster: Cluster, other: str, role: Ref, session: Session, policy: str, left: Any, ends: Status
) -> None:
    """The first run's version is the second one's as well: that it still is as the first left it says nothing."""
    cluster.client.apply(config(other, role, GET).manifests[0].obj, manager="kubectl")
    run(session, replace(config(cluster.namespace, role, a="1"), deploy=DeployConfig(force_conflicts=True)))
    run(session, config(other, role, b="1"))
    undone = session.rollback(f"{cluster.namespace}/{RUN}", on_conflict=policy)
    assert undone.status is ends, undone
    assert look(cluster, role) == (*left, f"{other}/{RUN}")
    if policy == "stop":
        assert f"run {other}/{RUN} of another target deploys it since" in str(undone)
    assert session.rollback(f"{other}/{RUN}", on_conflict="force").status is Status.UNDONE


def test_what_the_other_created_a_moment_ago_is_not_taken_for_ones_own_late_write(
    cluster: Cluster, other: str, role: Ref, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its snapshot is taken, then the other one's run goes by; that one's id is all that an older version wrote."""

    def late(client: Client, refs: list[Ref]) -> dict[Ref, Any]:
        found = snapshot(client, refs)
        with monkeypatch.context() as older:
            older.setattr(execute, "snapshot", snapshot)
            older.setattr(SecretStore, "mark", lambda _, run: run)
            run(session, config(other, role, b="1"))
        return found

    monkeypatch.setattr(execute, "snapshot", late)
    with pytest.raises(Transient, match="was created by somebody else"):
        session.run(replace(config(cluster.namespace, role), steps=ONCE), run=RUN).raise_for_status()
    assert look(cluster, role) == ([LIST], {"b": "1"}, RUN)


def test_a_run_that_an_older_version_began_knows_its_own_by_the_id(
    cluster: Cluster, other: str, role: Ref, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(SecretStore, "mark", lambda _, run: run)
        run(session, config(cluster.namespace, role))
    assert look(cluster, role) == ([LIST], None, RUN)
    run(session, config(other, role, b="1"))
    assert session.rollback(f"{other}/{RUN}").status is Status.UNDONE
    assert look(cluster, role) == ([LIST], None, RUN)
    assert session.rollback(f"{cluster.namespace}/{RUN}").status is Status.UNDONE
    assert look(cluster, role) is None


def test_a_journal_in_files_gives_each_run_a_mark_of_its_own(tmp_path: Path) -> None:
    journals = [RunJournal(FileStore(tmp_path / name), RUN, "t") for name in "ab"]
    for journal in journals:
        journal.start({})
    marks = [RunJournal.of(journal.store, journal.records()).mark for journal in journals]
    assert marks == [journal.mark for journal in journals]
    assert len(set(marks)) == 2
    assert all(mark.startswith("file:") and mark.endswith(f"/{RUN}") for mark in marks)
    assert str(tmp_path) not in "".join(marks)
    assert journals[0].target_of(marks[0]) == "t"
    assert journals[0].target_of(marks[1]) == journals[0].target_of(RUN) == ""
    assert journals[0].target_of("file:1/other") is None
