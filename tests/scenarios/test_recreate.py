"""What can't be changed is made anew where a run may do that: said before, recorded before, and put back by the undo."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.config.schema import StepConfig
from sternway_steps.config.selection import recreating
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.fields import content
from sternway_steps.objects.recreatable import creatable, has_run
from sternway_steps.saga.events import Event, StepEnded
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, deployment, state_of, sternway, until

RBAC = "rbac.authorization.k8s.io/v1"


def config(cluster: Cluster, *objects: dict[str, Any], recreate: bool = True, steps: int = 2) -> Config:
    made = config_of(cluster.namespace, *objects)
    wanted = made.steps[:steps]
    return replace(made, steps=recreating(wanted) if recreate else wanted)


def without_validate(of: Config) -> Config:
    return replace(of, steps=of.steps[1:])


def failing(of: Config) -> Config:
    bad = StepConfig("bad", "command", {"execute": ["false"]}, retries=0)
    return replace(of, steps=(*of.steps, bad))


def stateful(**spec: Any) -> dict[str, Any]:
    made = deployment("db", replicas=0)
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": "db", **spec}}


def bound(role: str) -> dict[str, Any]:
    there = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": there, "subjects": []}


def selecting(label: str) -> dict[str, Any]:
    made = deployment("web", replicas=0)
    made["spec"]["selector"] = {"matchLabels": {"app": label}}
    made["spec"]["template"]["metadata"] = {"labels": {"app": label}}
    return made


def job(number: str, suspend: bool = True, **spec: Any) -> dict[str, Any]:
    one = {"name": "j", "image": "localhost/busybox:1", "command": ["true", number]}
    pod = {"restartPolicy": "Never", "containers": [one]}
    spec = {"suspend": suspend, "template": {"spec": pod}, **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}


def service(address: str | None) -> dict[str, Any]:
    spec = {"ports": [{"port": 80}], **({"clusterIP": address} if address else {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "v"}, "spec": spec}


def frozen(value: str) -> dict[str, Any]:
    return {**config_map("m", a=value), "immutable": True}


def live(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any] | None:
    return cluster.get(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])


def there(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any]:
    found = live(cluster, obj)
    assert found is not None
    return found


def uid(cluster: Cluster, obj: dict[str, Any]) -> str:
    return str(there(cluster, obj)["metadata"]["uid"])


def state(cluster: Cluster, obj: dict[str, Any]) -> Any:
    """Give what an undo must bring back; of a Job without what its controller gives each one of them."""
    found = live(cluster, obj)
    if found is None or obj["kind"] != "Job":
        return state_of(found)
    return creatable(found), state_of(found)[1]


def number(cluster: Cluster) -> str:
    return str(there(cluster, job(""))["spec"]["template"]["spec"]["containers"][0]["command"][1])


def make(session: Session, of: Config) -> str:
    done = session.run(of)
    assert done.exit_code == 0, done
    return done.run


OLD = (stateful(), selecting("a"), bound("view"), job("1"), service(None), frozen("1"))
NEW = (stateful(serviceName="x"), selecting("b"), bound("edit"), job("2"), service("None"), frozen("2"))


def test_what_can_not_be_changed_is_refused_or_made_anew_and_put_back(cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, *OLD))
    before, first = [state(cluster, old) for old in OLD], {uid(cluster, old) for old in OLD}
    refused = session.run(config(cluster, *NEW, recreate=False))
    assert refused.status is Status.REFUSED
    assert str(refused.error).count("run --recreate") == str(refused.error).count("{recreate: true}") == len(OLD)
    assert {uid(cluster, old) for old in OLD} == first
    found = session.plan(config(cluster, *NEW))
    assert not found.findings
    assert [preview.result for preview in found.previews] == ["recreate"] * len(OLD)
    assert all(preview.fields for preview in found.previews)
    assert all("made anew: the old one is deleted first" in preview.notes for preview in found.previews)
    told: list[Event] = []
    done = session.run(config(cluster, *NEW), told.append)
    assert done.exit_code == 0, done
    said = [e.summary for e in told if isinstance(e, StepEnded) and e.step == "deploy"]
    assert said == ["0 created, 0 changed, 0 unchanged, 6 made anew"]
    assert not {uid(cluster, new) for new in NEW} & first
    assert {preview.result for preview in session.plan(config(cluster, *NEW)).previews} == {"unchanged"}
    for _ in ("the undo", "a second one, which finds nothing to do"):
        undone = session.rollback(done.run)
        assert undone.status is Status.UNDONE, undone
        assert [state(cluster, old) for old in OLD] == before


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_a_failure_after_it_puts_the_old_one_back(
    cluster: Cluster, session: Session, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(session, config(cluster, job("1"), config_map("m", a="1")))
    before = state(cluster, job("1"))
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    ended = session.run(failing(config(cluster, job("2"), config_map("m", a="2"))))
    assert ended.status is Status.UNDONE, ended
    assert state(cluster, job("1")) == before
    assert (live(cluster, config_map("m")) or {})["data"] == {"a": "1"}


def test_without_validate_it_is_refused_before_the_first_change(cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, job("1"), config_map("m", a="1")))
    held = there(cluster, job("1"))
    held["metadata"]["finalizers"] = ["example.com/held"]
    version = cluster.client.replace(held, manager="somebody")["metadata"]["resourceVersion"]
    try:
        ended = session.run(without_validate(config(cluster, job("2"), config_map("m", a="2"))))
        assert "its finalizers (example.com/held) do something when it is deleted" in str(ended.error)
        assert ended.exit_code in (Exit.REFUSED, Exit.FAILED)
        assert there(cluster, job("1"))["metadata"]["resourceVersion"] == version
        assert (live(cluster, config_map("m")) or {})["data"] == {"a": "1"}
    finally:
        held = there(cluster, job("1"))
        cluster.client.replace({**held, "metadata": {**held["metadata"], "finalizers": []}}, manager="somebody")


def test_what_holds_data_or_is_somebody_elses_is_never_made_anew(cluster: Cluster, session: Session) -> None:
    size = {"resources": {"requests": {"storage": "1Mi"}}, "storageClassName": "none"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    make(session, config(cluster, {**claim, "spec": {**size, "accessModes": ["ReadWriteOnce"]}}))
    first = uid(cluster, claim)
    refused = session.run(config(cluster, {**claim, "spec": {**size, "accessModes": ["ReadWriteMany"]}}))
    assert refused.status is Status.REFUSED
    assert "deleting this one would lose what it holds" in str(refused.error)
    assert uid(cluster, claim) == first
    owner = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": "data", "uid": first, "controller": True}
    owned = {**job("1"), "metadata": {"name": "j", "namespace": cluster.namespace, "ownerReferences": [owner]}}
    cluster.client.apply(owned, manager="somebody", force=True)
    refused = session.run(config(cluster, job("1", template=job("2")["spec"]["template"])))
    assert refused.status is Status.REFUSED
    assert live(cluster, job("1")) is not None


def test_a_job_that_has_run_is_run_again_by_an_undo_only_where_somebody_says_so(
    cluster: Cluster, session: Session
) -> None:
    make(session, config(cluster, job("1", suspend=False), steps=3))
    # The run ends with the Job's SuccessCriteriaMet, which comes before the count.
    until(lambda: there(cluster, job("1"))["status"].get("succeeded") == 1)
    before, first = state(cluster, job("1")), uid(cluster, job("1"))
    new = failing(config(cluster, job("2", suspend=False), steps=3))
    [found] = session.plan(new).previews
    assert any("one-way: it has run" in note for note in found.notes)
    said = session.run(replace(new, deploy=replace(new.deploy, recreate=True)))
    assert said.status is Status.UNDONE, said
    assert state(cluster, job("1")) == before
    assert uid(cluster, job("1")) != first
    until(lambda: has_run(there(cluster, job("1"))), what="it runs again")
    ended = session.run(new)
    for of in (ended, session.rollback(ended.run)):
        assert of.status is Status.ROLLBACK_FAILED, of
        assert "made anew it would run again" in str(of.rollback_errors[0])
        assert live(cluster, job("2")) is None, "what the run made is gone"
    asked = session.rollback(ended.run, recreate=True)
    assert asked.status is Status.UNDONE, asked
    assert state(cluster, job("1")) == before


def test_pods_of_a_deployment_with_another_selector_are_replaced_and_come_back(
    cluster: Cluster, session: Session
) -> None:
    def web(label: str) -> dict[str, Any]:
        made = selecting(label)
        return {**made, "spec": {**made["spec"], "replicas": 1}}

    def labels() -> set[str]:
        pods = cluster.client.list("v1", "Pod", cluster.namespace).items
        return {pod["metadata"]["labels"]["app"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}

    make(session, config(cluster, web("a"), steps=3))
    [found] = session.plan(config(cluster, web("b"))).previews
    assert "its selector is another: all its pods go before the new ones come" in found.notes
    ended = session.run(config(cluster, web("b"), steps=3))
    assert ended.exit_code == 0, ended
    assert labels() == {"b"}
    assert session.rollback(ended.run).status is Status.UNDONE
    assert until(lambda: labels() == {"a"})


def test_undone_one_after_the_other(cluster: Cluster, session: Session) -> None:
    runs = [make(session, config(cluster, job(number))) for number in "123"]
    for wanted, run in zip(("2", "1"), reversed(runs), strict=False):
        undone = session.rollback(run)
        assert undone.status is Status.UNDONE, undone
        assert number(cluster) == wanted
    undone = session.rollback(runs[0])
    assert undone.status is Status.UNDONE, undone
    assert live(cluster, job("1")) is None


@pytest.fixture
def interrupted(cluster: Cluster, session: Session) -> tuple[str, Any]:
    """Give a run that was killed when the old Job was deleted and no new one made, and the state of the old one."""
    make(session, config(cluster, job("1")))
    until(lambda: (there(cluster, job("1")).get("status") or {}).get("conditions"), what="its controller has seen it")
    before, run = state(cluster, job("1")), new_run_id()
    assert dying.run_until(cluster.kubeconfig, config(cluster, job("2")), run, "DELETE jobs/j") == dying.DIED
    until(lambda: live(cluster, job("1")) is None)
    return run, before


def test_cut_off_between_deletion_and_creation_the_old_one_comes_back(
    cluster: Cluster, session: Session, interrupted: tuple[str, Any]
) -> None:
    run, before = interrupted
    undone = session.rollback(run)
    assert undone.status is Status.UNDONE, undone
    assert state(cluster, job("1")) == before


def test_cut_off_there_it_can_go_on_and_is_undone_as_a_whole(
    cluster: Cluster, session: Session, interrupted: tuple[str, Any]
) -> None:
    run, before = interrupted
    gone_on = session.resume(run)
    assert gone_on.exit_code == 0, gone_on
    assert number(cluster) == "2"
    assert session.rollback(run).status is Status.UNDONE
    assert state(cluster, job("1")) == before


def test_what_somebody_made_meanwhile_stays(cluster: Cluster, session: Session, interrupted: tuple[str, Any]) -> None:
    theirs = job("3")
    theirs["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(theirs, manager="somebody")
    mine = content(there(cluster, job("3")))
    told: list[Event] = []
    session.rollback(interrupted[0], told.append)
    items = [item for e in told if isinstance(e, StepEnded) and e.action is Action.ROLLBACK for item in e.items]
    assert [item.result for item in items] == ["kept"], items
    assert "somebody else created another one" in items[0].why
    assert content(there(cluster, job("3"))) == mine


@pytest.mark.parametrize("moment", range(14, 70, 8))
def test_killed_anywhere_it_ends_old(sternway_sandbox: Sandbox, moment: int) -> None:
    client = Client.connect(sternway_sandbox.kubeconfig)
    cluster = Cluster(sternway_sandbox.kubeconfig, client, "default", real=False, sandbox=sternway_sandbox)
    objects = [config_map("m", a="1"), job("1")]
    new = without_validate(config(cluster, config_map("m", a="2"), job("2")))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        make(session, config(cluster, *objects))
        before, run = [state(cluster, obj) for obj in objects], new_run_id()
        assert dying.run(cluster.kubeconfig, new, run, moment) == dying.DIED
        undone = session.rollback(run)
        assert undone.exit_code == 0, undone
        assert [state(cluster, obj) for obj in objects] == before
    client.close()


def test_a_flag_or_the_step_says_so_and_nonsense_is_named(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    def call(command: str, number: str, *flags: str, option: str = "") -> Any:
        (tmp_path / "j.json").write_text(json.dumps(job(number)))
        steps = (
            f"steps: [validate, {{name: deploy, with: {{{option}}}}}]\n" if option else "steps: [validate, deploy]\n"
        )
        (tmp_path / "sternway.yaml").write_text(f"name: t\nnamespace: default\nmanifests: [j.json]\n{steps}")
        file = str(tmp_path / "sternway.yaml")
        return sternway(command, "-c", file, *flags, kubeconfig=sternway_sandbox.kubeconfig)

    assert call("run", "1").returncode == Exit.DONE
    assert call("run", "2").returncode == Exit.REFUSED
    planned = call("plan", "2", "--recreate", "--exit-code")
    assert (planned.returncode, planned.stdout.splitlines()[-1]) == (1, "1 to make anew")
    assert "recreate job.batch/j in default\n" in planned.stdout
    done = call("run", "2", "--recreate")
    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    assert "recreated job.batch/j in default" in done.stdout
    assert call("run", "3", option="recreate: true").returncode == Exit.DONE
    assert call("plan", "3").stdout == "unchanged job.batch/j in default\n1 unchanged\n"
    wrong = call("plan", "3", option="recreate: maybe")
    assert wrong.returncode == Exit.USAGE
    assert "steps[1].with.recreate: this is neither true nor false" in wrong.stderr
    assert "hooks run anew" in call("plan", "3", option="recreate: true, hooks: before").stderr
