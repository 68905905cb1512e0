"""Undoing runs that others have followed: refused, one by one, or all at once."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config, StepConfig
from sternway_steps.config.schema import DeployConfig
from sternway_steps.errors import Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, state_of, sternway

DEPLOY = (StepConfig("deploy", "deploy"),)
FAILS = (*DEPLOY, StepConfig("smoke", "command", {"execute": ["false"]}, retries=0, effects="none"))


# What the server does is the same in all of these, so some are enough on a real one.
only_on_the_sandbox = pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)


def config(cluster: Cluster, *objects: dict[str, Any], **keys: Any) -> Config:
    keys.setdefault("steps", DEPLOY)
    return config_of(cluster.namespace, *objects, **keys)


def version(cluster: Cluster, number: int, **keys: Any) -> Config:
    extra = [config_map(f"made-by-{number}", v=str(number))]
    return config(cluster, config_map("m", v=str(number)), *extra, **keys)


def world(cluster: Cluster) -> dict[str, Any]:
    names = ["m", *(f"made-by-{number}" for number in range(1, 5))]
    return {name: state_of(cluster.get("v1", "ConfigMap", name)) for name in names}


def statuses(session: Session) -> list[tuple[str, str]]:
    return [(story.run, story.status.value) for story in session.runs()]


def test_a_run_that_others_have_overtaken_is_refused_with_what_stands_above(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one, two, three = (session.run(version(cluster, number)).run for number in (1, 2, 3))
        new, told = world(cluster), statuses(session)
        with pytest.raises(Refused, match="overtaken") as refused:
            session.rollback(two)
        assert three in str(refused.value)
        assert f"sternway rollback {cluster.namespace}/{three}" in str(refused.value.remedy)
        assert f"sternway rollback --to {cluster.namespace}/{one}" in str(refused.value.remedy)
        assert (world(cluster), statuses(session)) == (new, told), "nothing was touched"
        assert session.rollback(three).status is Status.UNDONE
        assert session.rollback(two).status is Status.UNDONE
        assert session.rollback(two).status is Status.UNDONE, "once more is no error"
        assert statuses(session) == [(three, "undone"), (two, "undone"), (one, "succeeded")]


@only_on_the_sandbox
def test_runs_that_failed_or_were_undone_stand_above_nothing(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        session.run(version(cluster, 1))
        old = world(cluster)
        two = session.run(version(cluster, 2)).run
        assert session.run(version(cluster, 3, steps=FAILS)).status is Status.UNDONE
        assert session.rollback(two).status is Status.UNDONE
        assert world(cluster) == old


@only_on_the_sandbox
def test_a_run_of_other_objects_does_not_stand_above(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(config(cluster, config_map("m", v="1"))).run
        session.run(config(cluster, config_map("made-by-2", v="2")))
        assert session.rollback(one).status is Status.UNDONE
        assert world(cluster)["m"] is None


def test_a_run_of_another_target_over_the_same_object_stands_above(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(config(cluster, config_map("m", v="1"))).run
        other = replace(config(cluster, config_map("m", w="2")), name="other")
        above = session.run(other).run
        with pytest.raises(Refused, match=f"{above} of {cluster.namespace}.other"):
            session.rollback(one)
        with pytest.raises(Refused, match="overtaken"):
            session.rollback(session.newest(config(cluster)))
        session.rollback(above)
        assert session.rollback(one).status is Status.UNDONE
        assert world(cluster)["m"] is None


def test_without_an_id_it_is_the_newest_that_stands(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(config_map("m", v="1")))
    keys = {"name": "t", "namespace": cluster.namespace, "manifests": ["m.json"], "steps": ["deploy"]}
    (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(keys))
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(version(cluster, 1)).run
        first = world(cluster)
        two = session.run(version(cluster, 2)).run
        session.run(version(cluster, 3, steps=FAILS))
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            done = sternway("rollback", kubeconfig=cluster.kubeconfig)
        finally:
            os.chdir(here)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"undoing run {two}" in done.stdout
        assert world(cluster) == first
        assert (
            sternway("rollback", "-c", str(tmp_path / "sternway.yaml"), kubeconfig=cluster.kubeconfig).returncode == 0
        )
        assert dict(statuses(session))[one] == "undone"
        none = sternway("rollback", "-c", str(tmp_path / "sternway.yaml"), kubeconfig=cluster.kubeconfig)
        assert none.returncode == Exit.REFUSED
        assert "no run of" in none.stderr


def test_going_back_to_a_run_undoes_the_later_ones_as_one_run(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(version(cluster, 1)).run
        after_one = world(cluster)
        two = session.run(version(cluster, 2)).run
        failed = session.run(version(cluster, 4, steps=FAILS)).run
        three = session.run(version(cluster, 3)).run
        done = sternway("rollback", "--to", one, "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f", back to how things were after run {one} (journal: " in done.stdout.splitlines()[0]
        assert done.stdout.index(f"undoing run {three}") < done.stdout.index(f"undoing run {two}")
        assert world(cluster) == after_one
        (back, status), *others = statuses(session)
        assert status == "succeeded"
        assert others == [(three, "undone"), (failed, "undone"), (two, "undone"), (one, "succeeded")]
        story = session.story(back)
        assert (story.back_to, story.undoes) == (one, (three, two))
        with pytest.raises(Refused, match="can't be undone"):
            session.rollback(back)
        assert session.newest(config(cluster)) == one, "a way back stands nowhere"
        assert session.rollback_to(one) is None, "nothing stands above"
        with pytest.raises(Refused, match="undone"):
            session.rollback_to(two)
        listed = sternway("runs", "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig).stdout
        assert f"went back to {one}" in listed
        assert session.rollback(one).status is Status.UNDONE


@only_on_the_sandbox
def test_a_way_back_that_meets_a_conflict_stops_there_and_can_be_resumed(cluster: Cluster) -> None:
    from sternway_steps.objects.ref import Ref

    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(config(cluster, config_map("m", v="1"))).run
        session.run(config(cluster, config_map("m", v="2")))
        session.run(config(cluster, config_map("m", v="3")))
        ref = Ref("v1", "ConfigMap", cluster.namespace, "m")
        cluster.client.patch(ref, {"data": {"v": "theirs"}}, manager="kubectl-edit")
        stopped = session.rollback_to(one)
        assert stopped is not None
        assert (stopped.status, stopped.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
        assert [status for _, status in statuses(session)] == [
            "rollback-failed",
            "rollback-failed",
            "succeeded",
            "succeeded",
        ]
        resumed = session.rollback(stopped.run, on_conflict="force")
        assert (resumed.status, resumed.exit_code) == (Status.SUCCEEDED, Exit.DONE), resumed
        assert [status for _, status in statuses(session)] == ["succeeded", "undone", "undone", "succeeded"]
        assert (cluster.get("v1", "ConfigMap", "m") or {})["data"] == {"v": "1"}


@only_on_the_sandbox
def test_a_way_back_that_was_cut_off_is_finished_by_the_next_run(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sternway_steps.errors import Abandoned
    from sternway_steps.release.restore import Restorer

    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(version(cluster, 1)).run
        session.run(version(cluster, 2))
        session.run(version(cluster, 3))

        def leave(*_: object) -> None:
            raise Abandoned

        with monkeypatch.context() as patched:
            patched.setattr(Restorer, "undo", leave)
            cut = session.rollback_to(one)
        assert cut is not None
        assert cut.status is Status.INTERRUPTED
        assert session.story(cut.run).status is Status.INTERRUPTED
        assert session.run(version(cluster, 4)).exit_code == 0
        assert [status for _, status in statuses(session)] == [
            "succeeded",
            "succeeded",
            "undone",
            "undone",
            "succeeded",
        ]
        assert [name for name, there in world(cluster).items() if there] == ["m", "made-by-1", "made-by-4"]


@only_on_the_sandbox
def test_a_way_back_that_failed_is_not_resumed_below_a_later_run(cluster: Cluster) -> None:
    from sternway_steps.objects.ref import Ref

    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one, _, _ = (session.run(config(cluster, config_map("m", v=v))).run for v in "123")
        ref = Ref("v1", "ConfigMap", cluster.namespace, "m")
        cluster.client.patch(ref, {"data": {"v": "theirs"}}, manager="kubectl-edit")
        stopped = session.rollback_to(one)
        assert stopped is not None
        assert stopped.status is Status.ROLLBACK_FAILED
        above = session.run(
            replace(config(cluster, config_map("m", v="4")), deploy=DeployConfig(force_conflicts=True))
        ).run
        with pytest.raises(Refused, match=above):
            session.rollback(stopped.run, on_conflict="force")
        assert (cluster.get("v1", "ConfigMap", "m") or {})["data"] == {"v": "4"}


@only_on_the_sandbox
def test_a_run_that_argo_may_be_at_work_on_is_undone_by_its_name_alone(cluster: Cluster) -> None:
    from sternway_steps.journal.backends.secrets import SecretStore
    from sternway_steps.journal.writer import RunJournal

    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        one = session.run(version(cluster, 1)).run
        store = SecretStore(cluster.client, cluster.namespace)
        head = {"config": version(cluster, 2).to_dict(), "stepwise": True, "workflow": "web-x7k2p"}
        RunJournal(store, "argo-1", f"{cluster.namespace}.t").start(head)
        with pytest.raises(Transient, match="web-x7k2p"):
            session.newest(version(cluster, 1))
        with pytest.raises(Transient, match="web-x7k2p"):
            session.rollback_to(one)
        assert session.rollback("argo-1").status is Status.UNDONE
        assert session.newest(version(cluster, 1)) == one
