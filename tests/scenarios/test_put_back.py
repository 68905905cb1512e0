"""What an undo puts back, what it leaves, and what it never destroys on the way."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import DeployConfig
from sternway_steps.journal.replay import Status
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.kube.api_error import ApiError, Cause
from sternway_steps.kube.client import Client
from sternway_steps.objects.merge import OnConflict
from sternway_steps.objects.ownership import UNDO_MANAGER
from sternway_steps.objects.ref import Ref
from sternway_steps.objects.run_annotation import RUN
from sternway_steps.release.removal import Remover
from sternway_steps.release.restore import Change, Restorer
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, state_of, until
from tests.scenarios.hurdles import RealHurdles, SandboxHurdles
from tests.scenarios.stamping import stamping

APPS = ("apps/v1", "Deployment")
SCALER = ("autoscaling/v2", "HorizontalPodAutoscaler")


@pytest.fixture
def evidence_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process dies between its apply and its evidence."""
    monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)


def deploy(cluster: Cluster, *objects: dict[str, Any], **how: Any) -> str:
    """Deploy objects, and give the run; nobody waits until they are up."""
    config = config_of(cluster.namespace, *objects, **how)
    config = replace(config, steps=tuple(step for step in config.steps if step.name == "deploy"))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        done = session.run(config)
    assert done.exit_code == 0, done
    return done.run


def undo(cluster: Cluster, run: str, policy: str = "stop", **how: Any) -> tuple[Status, dict[str, dict[str, Any]]]:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.rollback(run, on_conflict=policy, **how)
        items = session.story(run).attempts[-1].data["items"]
    return result.status, {item["what"].partition(" in ")[0]: item for item in items}


def idle(name: str = "web", **container: Any) -> dict[str, Any]:
    """Give a Deployment that starts no pods."""
    return deployment(name, replicas=0, **container)


def live(cluster: Cluster, kind: tuple[str, str], name: str) -> dict[str, Any]:
    found = cluster.get(*kind, name)
    assert found is not None
    return found


def env_of(obj: dict[str, Any]) -> Any:
    return obj["spec"]["template"]["spec"]["containers"][0].get("env")


def edit(cluster: Cluster, kind: tuple[str, str], name: str, change: Any) -> None:
    """Write as a person does: read, change, update; once more when a controller wrote meanwhile."""

    def written() -> bool:
        obj = live(cluster, kind, name)
        change(obj)
        try:
            cluster.client.replace(obj, manager="kubectl-edit")
        except ApiError as error:
            if not error.conflict:
                raise
            return False
        return True

    until(written, 10, "nobody else writes")


@pytest.mark.parametrize("left", [["LEVEL"], []], ids=["one of two", "the last one"])
@pytest.mark.parametrize("policy", ["stop", "merge"])
@pytest.mark.usefixtures("evidence_is_lost")
def test_a_variable_that_the_run_removed_comes_back_though_the_evidence_was_lost(
    cluster: Cluster, policy: str, left: list[str]
) -> None:
    both = [{"name": name, "value": "a"} for name in ("LEVEL", "DEBUG")]
    deploy(cluster, idle(env=both))
    before = live(cluster, APPS, "web")
    run = deploy(cluster, idle(env=[one for one in both if one["name"] in left]) if left else idle())
    status, items = undo(cluster, run, policy)
    assert status is Status.UNDONE, items
    assert state_of(live(cluster, APPS, "web")) == state_of(before)


@pytest.mark.usefixtures("evidence_is_lost")
def test_an_atomic_field_that_the_run_left_and_somebody_changed_stays_theirs(cluster: Cluster) -> None:
    def service(**labels: str) -> dict[str, Any]:
        spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": labels}, "spec": spec}

    deploy(cluster, service(version="1"))
    run = deploy(cluster, service(version="2"))
    edit(cluster, ("v1", "Service"), "web", lambda obj: obj["spec"].update(selector={"app": "canary"}))
    status, items = undo(cluster, run)
    found = live(cluster, ("v1", "Service"), "web")
    assert status is Status.UNDONE, items
    assert (found["metadata"]["labels"], found["spec"]["selector"]) == ({"version": "1"}, {"app": "canary"})


@pytest.mark.parametrize(("policy", "value"), [("stop", "theirs"), ("merge", "theirs"), ("force", None)])
def test_an_item_of_the_run_that_somebody_changed_keeps_its_key_or_goes_as_a_whole(
    cluster: Cluster, policy: str, value: str | None
) -> None:
    deploy(cluster, idle())
    uid = live(cluster, APPS, "web")["metadata"]["uid"]
    run = deploy(cluster, idle(image="localhost/app:2", env=[{"name": "DEBUG", "value": "ours"}]))
    edit(cluster, APPS, "web", lambda obj: env_of(obj)[0].update(value="theirs"))
    status, items = undo(cluster, run, policy)
    found = live(cluster, APPS, "web")
    assert status is (Status.ROLLBACK_FAILED if policy == "stop" else Status.UNDONE), items
    assert found["metadata"]["uid"] == uid
    assert env_of(found) == ([{"name": "DEBUG", "value": value}] if value else None)
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == ("localhost/app:2" if policy == "stop" else "localhost/app:1")
    if policy != "force":
        assert "env[name=DEBUG]" in items["deployment.apps/web"]["why"]


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_without_the_runs_annotation_the_undo_still_does_its_work(
    cluster: Cluster, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    deploy(cluster, config_map("m", a="old"))
    before = live(cluster, ("v1", "ConfigMap"), "m")
    run = deploy(cluster, config_map("m", a="new", b="new"))
    edit(cluster, ("v1", "ConfigMap"), "m", lambda obj: obj["metadata"]["annotations"].pop(RUN))
    for _ in range(2):
        status, items = undo(cluster, run)
        assert status is Status.UNDONE, items
        assert state_of(live(cluster, ("v1", "ConfigMap"), "m")) == state_of(before)


def test_what_the_server_counts_for_itself_is_no_difference_and_is_said(cluster: Cluster) -> None:
    def daemon(image: str) -> dict[str, Any]:
        obj = deployment("agent", image)
        spec = {key: value for key, value in obj["spec"].items() if key != "replicas"}
        spec["template"]["spec"]["nodeSelector"] = {"no-such": "node"}
        return {**obj, "kind": "DaemonSet", "spec": spec}

    deploy(cluster, daemon("localhost/app:1"))
    run = deploy(cluster, daemon("localhost/app:2"))
    status, items = undo(cluster, run)
    found = live(cluster, ("apps/v1", "DaemonSet"), "agent")
    assert status is Status.UNDONE, items
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:1"
    assert "written by the server itself" in items["daemonset.apps/agent"]["why"]
    assert "deprecated.daemonset.template.generation" in items["daemonset.apps/agent"]["why"]


def test_what_admission_refuses_is_not_deleted_and_can_be_undone_later(cluster: Cluster) -> None:
    deploy(cluster, idle())
    before = live(cluster, APPS, "web")
    run = deploy(cluster, idle(image="localhost/app:2"))
    hurdles = RealHurdles(cluster.client, cluster.namespace) if cluster.real else SandboxHurdles(_sandbox(cluster))
    hurdles.place("reject", "deployments.apps", "web", False)
    try:
        status, items = undo(cluster, run)
    finally:
        hurdles.remove()
    assert status is Status.ROLLBACK_FAILED
    assert items["deployment.apps/web"]["result"] == "failed"
    assert live(cluster, APPS, "web")["metadata"]["uid"] == before["metadata"]["uid"]
    until(lambda: undo(cluster, run)[0] is Status.UNDONE, 30, "nothing is in the way any more")
    assert state_of(live(cluster, APPS, "web")) == state_of(before)


def _sandbox(cluster: Cluster) -> Any:
    assert cluster.sandbox is not None
    return cluster.sandbox


def test_what_others_depend_on_is_made_anew_only_when_asked(cluster: Cluster) -> None:
    deploy(cluster, config_map("m", a="old"))
    before = live(cluster, ("v1", "ConfigMap"), "m")
    run = deploy(cluster, {**config_map("m", a="new"), "immutable": True})
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "m", "uid": before["metadata"]["uid"]}
    child = config_map("child", a="1")
    child["metadata"] |= {"namespace": cluster.namespace, "ownerReferences": [owner]}
    cluster.client.create(child, manager="somebody")
    status, items = undo(cluster, run)
    assert status is Status.ROLLBACK_FAILED
    assert live(cluster, ("v1", "ConfigMap"), "m")["metadata"]["uid"] == before["metadata"]["uid"]
    why = items["configmap/m"]["why"]
    assert "configmap/child" in why
    assert "roll back with --recreate" in why
    status, items = undo(cluster, run, recreate=True)
    assert status is Status.UNDONE, items
    assert state_of(live(cluster, ("v1", "ConfigMap"), "m")) == state_of(before)
    assert live(cluster, ("v1", "ConfigMap"), "child")["data"] == {"a": "1"}


def immutable_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the server say that this one object can't be changed back, as it says it of a selector."""
    real, said = Client.replace, []

    def replaced(self: Client, obj: Any, *, manager: str, dry_run: bool = False) -> dict[str, Any]:
        if obj["metadata"]["name"] == name and manager == UNDO_MANAGER and said in ([], [obj["metadata"]["uid"]]):
            said[:] = [obj["metadata"]["uid"]]
            causes = (Cause("spec.selector", "FieldValueInvalid", "Invalid value: {}: field is immutable"),)
            raise ApiError("PUT", name, 422, "Invalid", f'"{name}" is invalid', causes=causes)
        return real(self, obj, manager=manager, dry_run=dry_run)

    monkeypatch.setattr(Client, "replace", replaced)


def test_a_workload_that_is_made_anew_keeps_its_pods(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def pods() -> set[str]:
        found = cluster.client.list("v1", "Pod", cluster.namespace, labels="app=web").items
        return {pod["metadata"]["uid"] for pod in found if not pod["metadata"].get("deletionTimestamp")}

    def ready() -> bool:
        return bool(live(cluster, APPS, "web").get("status", {}).get("readyReplicas"))

    deploy(cluster, deployment("web"))
    until(ready, 60, "it is up")
    before, alive = live(cluster, APPS, "web"), pods()
    changed = deployment("web")
    changed["spec"]["minReadySeconds"] = 1
    run = deploy(cluster, changed)
    immutable_once(monkeypatch, "web")
    status, items = undo(cluster, run)
    found = live(cluster, APPS, "web")
    assert status is Status.UNDONE, items
    assert "created anew" in items["deployment.apps/web"]["why"]
    assert found["metadata"]["uid"] != before["metadata"]["uid"]
    assert state_of(found) == state_of(before)
    until(ready, 60, "the new one has taken them over")
    assert pods() == alive


def test_what_others_write_just_before_it_is_made_anew_is_looked_at_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cluster, idle())
    before = live(cluster, APPS, "web")
    changed = idle()
    changed["spec"]["minReadySeconds"] = 1
    run = deploy(cluster, changed)
    immutable_once(monkeypatch, "web")
    real, wrote = Client.delete, []

    def deleted(self: Client, ref: Ref, **how: Any) -> None:
        if ref.name == "web" and not wrote:
            wrote.append(ref)
            cluster.client.patch(ref, {"metadata": {"labels": {"theirs": "x"}}}, manager="somebody")
        real(self, ref, **how)

    monkeypatch.setattr(Client, "delete", deleted)
    status, items = undo(cluster, run)
    found = live(cluster, APPS, "web")
    assert status is Status.UNDONE, items
    assert "created anew" in items["deployment.apps/web"]["why"]
    assert found["metadata"]["uid"] != before["metadata"]["uid"]
    assert found["metadata"]["labels"]["theirs"] == "x"
    assert "minReadySeconds" not in found["spec"]


def test_what_can_not_be_created_is_not_deleted(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(cluster, idle())
    before = live(cluster, APPS, "web")
    run = deploy(cluster, idle(image="localhost/app:2"))
    immutable_once(monkeypatch, "web")
    real = Client.create

    def refused(self: Client, obj: Any, **how: Any) -> dict[str, Any]:
        if obj["kind"] == "Deployment":
            assert how["dry_run"]
            obj = {**obj, "spec": {**obj["spec"], "selector": {"matchLabels": {"app": "another"}}}}
        return real(self, obj, **how)

    monkeypatch.setattr(Client, "create", refused)
    status, items = undo(cluster, run)
    assert status is Status.ROLLBACK_FAILED
    assert "nor be made anew" in items["deployment.apps/web"]["why"]
    assert live(cluster, APPS, "web")["metadata"]["uid"] == before["metadata"]["uid"]


@pytest.mark.cluster
def test_a_job_that_has_not_run_is_made_anew_without_what_the_controller_gave_it(real: Cluster) -> None:
    def job(suspended: bool, place: str) -> dict[str, Any]:
        one = {"name": "j", "image": "localhost/app:1"}
        pod = {"restartPolicy": "Never", "nodeSelector": {"no-such": place}, "containers": [one]}
        spec = {"suspend": suspended, "template": {"spec": pod}}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}

    deploy(real, job(True, "one"))
    before = live(real, ("batch/v1", "Job"), "j")
    run = deploy(real, job(False, "two"))
    until(lambda: live(real, ("batch/v1", "Job"), "j").get("status", {}).get("active"), 30, "the Job runs")
    status, items = undo(real, run)
    found = live(real, ("batch/v1", "Job"), "j")
    assert status is Status.UNDONE, items
    assert found["metadata"]["uid"] != before["metadata"]["uid"]
    assert found["spec"]["template"]["spec"]["nodeSelector"] == {"no-such": "one"}
    assert found["spec"]["suspend"] is True
    assert found["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] == found["metadata"]["uid"]


def test_a_claim_that_somebody_deleted_is_never_given_back_empty(cluster: Cluster) -> None:
    def claim(label: str) -> dict[str, Any]:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "nope",
            "resources": {"requests": {"storage": "1Mi"}},
        }
        metadata = {"name": "data", "labels": {"version": label}}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}

    deploy(cluster, claim("1"))
    run = deploy(cluster, claim("2"))
    ref = Ref("v1", "PersistentVolumeClaim", cluster.namespace, "data")
    cluster.client.delete(ref, uid=None, propagation="Background")
    until(lambda: cluster.client.get(ref) is None, 30, "the claim is gone")
    status, items = undo(cluster, run, "force")
    assert status is Status.ROLLBACK_FAILED
    assert "create it by hand" in items["persistentvolumeclaim/data"]["why"]
    assert cluster.client.get(ref) is None


def test_keys_with_signs_that_the_server_escapes_are_told_apart(cluster: Cluster) -> None:
    def signs(value: str, *more: str) -> dict[str, Any]:
        return idle(env=[{"name": name, "value": value} for name in ("A<B>", "C&D", *more)])

    deploy(cluster, signs("old"))
    before = live(cluster, APPS, "web")
    run = deploy(cluster, signs("new", "E<F"))
    edit(cluster, APPS, "web", lambda obj: env_of(obj).append({"name": "G&H", "value": "theirs"}))
    status, items = undo(cluster, run)
    found = live(cluster, APPS, "web")
    assert status is Status.UNDONE, items
    assert env_of(found) == [*env_of(before), {"name": "G&H", "value": "theirs"}]
    assert "spec.template.spec.containers[name=web].env[name=A<B>].value" in items["deployment.apps/web"]["fields"]


def test_the_uid_in_the_evidence_says_what_the_run_created(cluster: Cluster) -> None:
    """As with journals whose apply had no UID: somebody deleted the object after its snapshot, and the run made one."""
    mine = config_map("m", a="1")
    mine["metadata"]["namespace"] = cluster.namespace
    before = cluster.client.create(mine, manager="somebody")
    ref = Ref.of(before)
    cluster.client.delete(ref, uid=before["metadata"]["uid"], propagation="Background")
    mine["metadata"]["annotations"] = {RUN: "r"}
    after = cluster.client.apply(mine, manager="sternway").obj
    restorer = Restorer(cluster.client, "r", OnConflict.STOP, lambda *_: None, Remover(cluster.client).remove)
    item = restorer.undo(Change(ref, before, mine, after, after["metadata"]["uid"], True))
    assert item.result == "deleted", item
    assert cluster.client.get(ref) is None


CONFIG_MAP = ("v1", "ConfigMap")
STAMP = {"op": "add", "path": "/metadata/annotations/stamp", "value": "COUNT"}


@pytest.mark.cluster
@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_what_admission_stamps_on_each_write_is_not_the_runs_change(
    real: Cluster, tmp_path: Path, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    with stamping(real.client, real.namespace, STAMP, tmp_path):
        until(lambda: _stamped(real), 30, "the webhook is called")
        deploy(real, config_map("m", a="old"))
        run = deploy(real, config_map("m", a="new"))
        for _ in range(2):
            status, items = undo(real, run)
            assert status is Status.UNDONE, items
            assert live(real, CONFIG_MAP, "m")["data"] == {"a": "old"}
            assert "metadata.annotations.stamp" not in items["configmap/m"]["fields"]


@pytest.mark.cluster
def test_a_field_of_the_run_of_which_admission_makes_something_else_is_a_failure_each_time(
    real: Cluster, tmp_path: Path
) -> None:
    deploy(real, config_map("m", a="old", b="1"))
    run = deploy(real, config_map("m", a="new", b="2"))
    with stamping(real.client, real.namespace, {"op": "add", "path": "/data/a", "value": "forced"}, tmp_path):
        until(lambda: _stamped(real, "a"), 30, "the webhook is called")
        for policy in ("stop", "merge"):
            status, items = undo(real, run, policy)
            assert status is Status.ROLLBACK_FAILED, items
            assert items["configmap/m"]["result"] == "failed"
            assert "data.a" in items["configmap/m"]["why"]
    status, items = undo(real, run)
    assert status is Status.UNDONE, items
    assert live(real, CONFIG_MAP, "m")["data"] == {"a": "old", "b": "1"}


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
@pytest.mark.parametrize(("value", "result"), [("new", "failed"), ("theirs", "conflict")])
def test_what_somebody_changes_while_the_undo_is_at_work_is_told_and_all_else_is_whose_it_was(
    cluster: Cluster, value: str, result: str, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the write of the values and that of their owners."""
    deploy(cluster, config_map("m", a="old", b="1"))
    ours, real, acted = _owners(cluster, "b"), Client.replace, []
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    run = deploy(cluster, config_map("m", a="new", b="2"))

    def replace_then_others(client: Client, obj: Any, **how: Any) -> dict[str, Any]:
        answer = real(client, obj, **how)
        if obj["metadata"]["name"] == "m" and not how.get("dry_run") and not acted:
            ref = Ref("v1", "ConfigMap", cluster.namespace, "m")
            acted.append(cluster.client.patch(ref, {"data": {"a": value}}, manager="somebody"))
        return answer

    monkeypatch.setattr(Client, "replace", replace_then_others)
    status, items = undo(cluster, run)
    item = items["configmap/m"]
    assert (status, item["result"], item["fields"]) == (Status.ROLLBACK_FAILED, result, ["data.a"]), item
    assert live(cluster, CONFIG_MAP, "m")["data"] == {"a": value, "b": "1"}
    assert (_owners(cluster, "a"), _owners(cluster, "b")) == (["somebody"], ours)


def _owners(cluster: Cluster, key: str) -> list[str]:
    entries = live(cluster, CONFIG_MAP, "m")["metadata"]["managedFields"]
    return [entry["manager"] for entry in entries if f"f:{key}" in entry["fieldsV1"].get("f:data", {})]


def _stamped(cluster: Cluster, key: str = "") -> bool:
    """Tell whether a write, which is not made, would be changed."""
    obj = config_map("probe", x="1")
    obj["metadata"]["namespace"] = cluster.namespace
    made = cluster.client.create(obj, manager="test", dry_run=True)
    return key in made["data"] if key else "stamp" in (made["metadata"].get("annotations") or {})


@pytest.mark.cluster
@pytest.mark.usefixtures("evidence_is_lost")
def test_without_the_servers_schema_the_owners_tell_the_shape(real: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where /openapi is forbidden; with it the other tests of this file run on a real server."""
    monkeypatch.setattr(Client, "schema", lambda *_: None)
    both = [{"name": name, "value": "a"} for name in ("LEVEL", "DEBUG")]
    ports = [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]
    deploy(real, idle(env=both, ports=ports))
    before = live(real, APPS, "web")
    run = deploy(real, idle(ports=ports[:1]))
    edit(real, APPS, "web", lambda obj: obj["spec"]["template"]["spec"].update(nodeSelector={"a": "theirs"}))
    status, items = undo(real, run)
    found = live(real, APPS, "web")
    assert status is Status.UNDONE, items
    assert found["spec"]["template"]["spec"].pop("nodeSelector") == {"a": "theirs"}
    assert found["spec"] == before["spec"]


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_what_nobody_owned_before_the_run_nobody_owns_after_its_undo(
    cluster: Cluster, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gives what is there to "before-first-apply", when the run applies."""
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    made = config_map("m", a="1")
    made["metadata"]["namespace"] = cluster.namespace
    cluster.client.apply(made, manager="argocd")
    edit(cluster, ("v1", "ConfigMap"), "m", lambda obj: obj["metadata"].update(managedFields=[{}]))
    run = deploy(cluster, config_map("m", b="2"))
    cluster.client.apply({**made, "data": {"c": "3"}}, manager="argocd")
    status, items = undo(cluster, run)
    found = live(cluster, ("v1", "ConfigMap"), "m")
    assert status is Status.UNDONE, items
    assert found["data"] == {"a": "1", "c": "3"}
    assert {e["manager"]: e["fieldsV1"] for e in found["metadata"]["managedFields"]} == {
        "argocd": {"f:data": {"f:c": {}}}
    }


@pytest.mark.usefixtures("evidence_is_lost")
def test_a_node_port_that_went_with_the_type_comes_back_though_others_changed_its_port(cluster: Cluster) -> None:
    def service(kind: str) -> dict[str, Any]:
        spec = {"type": kind, "selector": {"app": "web"}, "ports": [{"port": 80}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    services = ("v1", "Service")
    deploy(cluster, service("NodePort"))
    before = live(cluster, services, "web")
    run = deploy(cluster, service("ClusterIP"))
    edit(cluster, services, "web", lambda obj: obj["spec"]["ports"][0].update(appProtocol="http"))
    status, items = undo(cluster, run)
    found = live(cluster, services, "web")
    assert status is Status.UNDONE, items
    assert found["spec"]["ports"][0].pop("appProtocol") == "http"
    assert found["spec"] == before["spec"]


@pytest.mark.usefixtures("evidence_is_lost")
def test_a_default_that_others_keep_there_is_not_said_to_be_restored(cluster: Cluster) -> None:
    """Its owner before the run lost the value with the type, and is still its owner (1.34)."""

    def service(kind: str, **spec: Any) -> dict[str, Any]:
        spec |= {"type": kind, "selector": {"app": "web"}, "ports": [{"port": 80, "protocol": "TCP"}]}
        metadata = {"name": "web", "namespace": cluster.namespace}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}

    ref = Ref("v1", "Service", cluster.namespace, "web")
    cluster.client.create(service("NodePort"), manager="kubectl-client-side-apply")
    cluster.client.patch(ref, {"spec": {"type": "ClusterIP"}}, manager="kubectl-edit")
    run = deploy(cluster, service("NodePort"), deploy=DeployConfig(force_conflicts=True))
    addresses = {"apiVersion": "v1", "kind": "Service", "metadata": service("")["metadata"]}
    cluster.client.apply({**addresses, "spec": {"externalIPs": ["10.9.9.9"]}}, manager="third")
    status, items = undo(cluster, run)
    item, found = items["service/web"], live(cluster, ("v1", "Service"), "web")["spec"]
    assert (status, found["type"], found["externalTrafficPolicy"]) == (Status.UNDONE, "ClusterIP", "Cluster"), items
    assert "spec.externalTrafficPolicy" not in item["fields"]
    assert item["why"] == "written by the server itself: spec.externalTrafficPolicy"


@pytest.mark.usefixtures("evidence_is_lost")
def test_what_went_with_the_address_that_others_removed_is_not_taken_for_the_runs_change(cluster: Cluster) -> None:
    """Beside the run's manifest alone there is no policy for traffic from outside either; put back, it is refused."""
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": cluster.namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "protocol": "TCP"}]},
    }  # fmt: skip
    ref = Ref("v1", "Service", cluster.namespace, "web")
    cluster.client.apply({**service, "spec": {**service["spec"], "externalIPs": ["10.9.9.9"]}}, manager="argocd")
    run = deploy(cluster, service)
    cluster.client.patch(ref, {"spec": {"externalIPs": None}}, manager="kubectl-edit")
    status, items = undo(cluster, run)
    assert status is Status.UNDONE, items
    assert "externalTrafficPolicy" not in live(cluster, ("v1", "Service"), "web")["spec"]


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
@pytest.mark.parametrize("rules", [{}, {"stabilizationWindowSeconds": 5}], ids=["as by default", "otherwise"])
def test_a_default_that_others_keep_there_is_no_failure_where_the_run_had_it_too(
    cluster: Cluster, rules: dict[str, Any], lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside others' scaleDown the server fills in scaleUp, each time that it is removed (1.34)."""
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)

    def scaler(**spec: Any) -> dict[str, Any]:
        spec |= {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}}
        return {"apiVersion": "autoscaling/v2", "kind": SCALER[1], "metadata": {"name": "web"}, "spec": spec}

    deploy(cluster, scaler())
    run = deploy(cluster, scaler(behavior={"scaleUp": rules}))
    theirs = [{"type": "Percent", "value": 10, "periodSeconds": 30}]
    edit(cluster, SCALER, "web", lambda obj: obj["spec"]["behavior"]["scaleDown"].update(policies=theirs))
    for said in ("written by the server itself: spec.behavior.scaleUp", ""):
        status, items = undo(cluster, run, "merge")
        item, found = items["horizontalpodautoscaler.autoscaling/web"], live(cluster, SCALER, "web")["spec"]["behavior"]
        assert status is Status.UNDONE, items
        assert not any(field.startswith("spec.") for field in item["fields"])
        assert said in item["why"]
        assert found["scaleDown"]["policies"] == theirs
        assert found["scaleUp"]["stabilizationWindowSeconds"] == 0


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
@pytest.mark.parametrize("policy", ["stop", "merge", "force"])
def test_a_default_of_nobody_goes_with_what_alone_kept_it_there(
    cluster: Cluster, policy: str, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ClusterIP has a policy for traffic from outside as long as it has addresses outside (1.34)."""
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)

    def service(**spec: Any) -> dict[str, Any]:
        spec |= {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    services, field = ("v1", "Service"), "externalTrafficPolicy"
    deploy(cluster, service())
    run = deploy(cluster, service(externalIPs=["10.9.9.9"]))
    edit(cluster, services, "web", lambda obj: obj["spec"].update(type="ClusterIP"))
    assert live(cluster, services, "web")["spec"][field] == "Cluster"
    with pytest.raises(ApiError, match="may only be set for externally-accessible services"):
        edit(cluster, services, "web", lambda obj: obj["spec"].update(externalIPs=[], externalTrafficPolicy="Local"))
    status, items = undo(cluster, run, policy)
    item, found = items["service/web"], live(cluster, services, "web")["spec"]
    assert (status, item["fields"], item["why"]) == (Status.UNDONE, ["spec.externalIPs"], ""), items
    assert (found["type"], found.get("externalIPs"), found.get(field)) == ("ClusterIP", None, None)


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
@pytest.mark.parametrize("policy", ["stop", "merge", "force"])
def test_a_node_port_of_others_does_not_go_in_silence_with_the_type(
    cluster: Cluster, policy: str, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server drops node ports with the type that has them, without a word (1.34)."""
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)

    def service(kind: str, **port: Any) -> dict[str, Any]:
        spec = {"type": kind, "selector": {"app": "web"}, "ports": [{"port": 80, **port}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    services, field = ("v1", "Service"), "spec.ports[port=80,protocol=TCP].nodePort"
    deploy(cluster, service("ClusterIP"))
    run = deploy(cluster, service("NodePort"))
    ours = port = live(cluster, services, "web")["spec"]["ports"][0]["nodePort"]

    def theirs(kind: str, **port: Any) -> dict[str, Any]:
        obj = service(kind, **port)
        obj["metadata"]["namespace"] = cluster.namespace
        return cluster.client.apply(obj, manager="argocd", force=True).obj

    while port == ours:  # the server draws another one
        theirs("ClusterIP")
        port = theirs("NodePort")["spec"]["ports"][0]["nodePort"]
    theirs("NodePort", nodePort=port)
    status, items = undo(cluster, run, policy)
    item, found = items["service/web"], live(cluster, services, "web")
    if policy == "stop":
        assert (status, item["result"], item["fields"]) == (Status.ROLLBACK_FAILED, "conflict", [field])
        assert (found["spec"]["type"], found["spec"]["ports"][0]["nodePort"]) == ("NodePort", port)
    else:
        assert (status, found["spec"]["type"]) == (Status.UNDONE, "ClusterIP"), items
        assert field in item["why"] or field in item["fields"]


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
@pytest.mark.parametrize(
    ("ours", "theirs"), [("data", "stringData"), ("stringData", "data"), ("stringData", "stringData")]
)
def test_a_secrets_text_is_nobodys_where_others_have_written_the_data(
    cluster: Cluster, ours: str, theirs: str, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never stored: the server leaves its owner what others overwrite, and takes `data` from nobody for it."""
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)

    def secret(**more: Any) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **more}

    def held(field: str, text: str) -> str:
        return text if field == "stringData" else base64.b64encode(text.encode()).decode()

    deploy(cluster, secret(data={"a": held("data", "1")}))
    run = deploy(cluster, secret(**{ours: {"a": held(ours, "1"), "b": held(ours, "2")}}))
    write = secret(**{theirs: {"b": held(theirs, "3")}})
    write["metadata"]["namespace"] = cluster.namespace
    cluster.client.apply(write, manager="argocd", force=True)
    status, items = undo(cluster, run)
    assert status is Status.ROLLBACK_FAILED, items
    assert items["secret/s"]["fields"] == ["data.b"]
    assert live(cluster, ("v1", "Secret"), "s")["data"] == {"a": held("data", "1"), "b": held("data", "3")}


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_data_beneath_a_text_of_the_run_that_others_have_taken_since_stays_theirs(
    cluster: Cluster, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)

    def secret(text: str) -> dict[str, Any]:
        data = {"a": base64.b64encode(b"beneath").decode()}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "data": data,
            "stringData": {"a": text},
        }

    deploy(cluster, secret("1"))
    run = deploy(cluster, secret("2"))
    edit(cluster, ("v1", "Secret"), "s", lambda obj: obj.update(stringData={"a": "1"}))
    status, items = undo(cluster, run, "force")
    assert status is Status.UNDONE, items
    entries = live(cluster, ("v1", "Secret"), "s")["metadata"]["managedFields"]
    assert [e["manager"] for e in entries if "f:a" in e["fieldsV1"].get("f:data", {})] == ["kubectl-edit"]


@pytest.mark.parametrize(("policy", "result"), [("stop", "conflict"), ("merge", "absent"), ("force", "restored")])
def test_what_goes_between_the_look_and_the_write_is_looked_at_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, policy: str, result: str
) -> None:
    """So goes also what an earlier undo, which was killed, had begun to delete so as to make it anew."""
    deploy(cluster, config_map("m", a="1"))
    run = deploy(cluster, config_map("m", a="2"))
    write, ref = Client.replace, Ref("v1", "ConfigMap", cluster.namespace, "m")

    def late(client: Client, obj: Any, **how: Any) -> Any:
        if obj["metadata"].get("uid") == first:
            cluster.client.delete(ref, uid=first, propagation="Background")
        return write(client, obj, **how)

    first = live(cluster, ("v1", "ConfigMap"), "m")["metadata"]["uid"]
    monkeypatch.setattr(Client, "replace", late)
    _, items = undo(cluster, run, policy)
    assert items["configmap/m"]["result"] == result
    found = cluster.get("v1", "ConfigMap", "m")
    assert (found or {}).get("data") == ({"a": "1"} if policy == "force" else None)


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_an_item_that_others_made_again_as_it_was_stands_where_they_put_it(
    cluster: Cluster, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    first, second = {"name": "A", "value": "1"}, {"name": "B", "value": "1"}
    deploy(cluster, idle(env=[first, second]))
    run = deploy(cluster, idle(env=[second], image="localhost/app:2"))
    edit(cluster, APPS, "web", lambda obj: env_of(obj).append(first))
    status, items = undo(cluster, run)
    assert status is Status.UNDONE, items
    assert env_of(live(cluster, APPS, "web")) == [second, first]


@pytest.mark.usefixtures("evidence_is_lost")
def test_a_text_goes_back_to_its_owner_where_the_owners_alone_tell_the_shape(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map that the run applied empty is owned as one value is."""
    monkeypatch.setattr(Client, "schema", lambda *_: None)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {}, "stringData": {"a": "1"}}
    theirs = {**secret, "metadata": {"name": "s", "namespace": cluster.namespace}}
    cluster.client.apply({key: value for key, value in theirs.items() if key != "data"}, manager="argocd")
    run = deploy(cluster, secret, deploy=DeployConfig(force_conflicts=True))
    status, items = undo(cluster, run)
    assert status is Status.UNDONE, items
    entries = live(cluster, ("v1", "Secret"), "s")["metadata"]["managedFields"]
    assert [e["manager"] for e in entries if "f:a" in e["fieldsV1"].get("f:stringData", {})] == ["argocd"]


def test_who_scaled_what_he_had_updated_owns_both_after_the_undo(cluster: Cluster) -> None:
    """The real server keeps two entries of him, and of these the last alone at the next write (1.34)."""

    def web(replicas: int, **labels: str) -> dict[str, Any]:
        made = deployment("web", replicas=replicas)
        return {**made, "metadata": {"name": "web", "labels": labels}, "spec": {**made["spec"], "paused": True}}

    deploy(cluster, web(2))
    run = deploy(cluster, web(1, tier="a"))
    ref = Ref(*APPS, cluster.namespace, "web")
    change = {"metadata": {"annotations": {"theirs": "1"}}, "spec": {"replicas": 2}}
    generation = cluster.client.patch(ref, change, manager="third")["metadata"]["generation"]

    def seen() -> bool:
        return (live(cluster, APPS, "web").get("status") or {}).get("observedGeneration", 0) >= generation

    until(seen, what="the controller writes no more")
    cluster.client.patch(ref, {"spec": {"replicas": 2}}, manager="third", subresource="scale")
    theirs = owned_by_third(cluster)
    status, items = undo(cluster, run)
    assert status is Status.UNDONE, items
    assert owned_by_third(cluster) == theirs


def owned_by_third(cluster: Cluster) -> set[str]:
    """Give what is owned by `third` of the Deployment's metadata and spec."""
    entries = live(cluster, APPS, "web")["metadata"]["managedFields"]
    fields = [e["fieldsV1"] for e in entries if e["manager"] == "third"]
    return {name for part in ("f:metadata", "f:spec") for one in fields for name in one.get(part, {})}


@pytest.mark.usefixtures("evidence_is_lost")
def test_what_others_changed_in_a_list_stays_theirs_where_the_owners_alone_tell_its_shape(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo removes the one item whose owner tells what the key is that its manifest leaves out."""
    monkeypatch.setattr(Client, "schema", lambda *_: None)

    def service(*more: dict[str, Any]) -> dict[str, Any]:
        ports = [{"name": "a", "port": 80, "protocol": "TCP", "appProtocol": "http"}, *more]
        spec = {"selector": {"app": "web"}, "ports": ports}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    deploy(cluster, service())
    run = deploy(cluster, service({"name": "b", "port": 443}))
    edit(cluster, ("v1", "Service"), "web", lambda obj: obj["spec"]["ports"][0].update(appProtocol="h2"))
    status, items = undo(cluster, run, "merge")
    assert status is Status.UNDONE, items
    found = live(cluster, ("v1", "Service"), "web")
    assert [(port["port"], port.get("appProtocol")) for port in found["spec"]["ports"]] == [(80, "h2")]
    owners = [e["manager"] for e in found["metadata"]["managedFields"] if '"f:appProtocol"' in json.dumps(e)]
    assert owners == ["kubectl-edit"]


def test_an_item_that_others_made_anew_after_the_run_removed_it_stays_theirs(cluster: Cluster) -> None:
    deploy(cluster, idle(env=[{"name": "DEBUG", "value": "before"}, {"name": "LEVEL", "value": "1"}]))
    run = deploy(cluster, idle(image="localhost/app:2"))
    anew = [{"name": "DEBUG", "value": "theirs"}]
    edit(cluster, APPS, "web", lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(env=anew))
    status, items = undo(cluster, run, "merge")
    found = live(cluster, APPS, "web")
    assert status is Status.UNDONE, items
    assert {one["name"]: one["value"] for one in env_of(found)} == {"DEBUG": "theirs", "LEVEL": "1"}
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:1"


@pytest.mark.cluster
def test_what_the_server_counts_on_is_no_conflict_though_an_update_has_left_it_out(real: Cluster) -> None:
    """It counts the changes of a DaemonSet's template in an annotation, which then belongs to who wrote without it."""
    sets = ("apps/v1", "DaemonSet")

    def daemon(image: str) -> dict[str, Any]:
        made = idle(image=image)
        spec = {key: made["spec"][key] for key in ("selector", "template")}
        spec["template"]["spec"]["nodeSelector"] = {"no-such": "node"}
        return {**made, "kind": "DaemonSet", "spec": spec}

    deploy(real, daemon("localhost/app:1"))
    run = deploy(real, daemon("localhost/app:2"))

    def rewritten(obj: dict[str, Any]) -> None:
        obj["metadata"]["annotations"] = {"theirs": "1"}
        obj["spec"]["template"]["metadata"]["annotations"] = {"theirs": "1"}

    edit(real, sets, "web", rewritten)
    status, items = undo(real, run)
    found = live(real, sets, "web")
    assert status is Status.UNDONE, items
    template = found["spec"]["template"]
    assert (template["spec"]["containers"][0]["image"], template["metadata"]["annotations"]) == (
        "localhost/app:1",
        {"theirs": "1"},
    )


def _secret(cluster: Cluster, **parts: Any) -> dict[str, Any]:
    metadata = {"name": "s", "namespace": cluster.namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **parts}


def test_a_text_that_its_writer_lists_no_longer_is_his_change_all_the_same(cluster: Cluster) -> None:
    """Nobody owns it then but the run's manager, from which the server takes no data that is written as a text."""
    deploy(cluster, _secret(cluster, data={"a": "MQ=="}))
    run = deploy(cluster, _secret(cluster, data={"a": "Mg=="}))
    for texts in ({"a": "theirs"}, {"b": "x"}):
        cluster.client.apply(_secret(cluster, stringData=texts), manager="third", force=True)
    status, items = undo(cluster, run)
    assert (status, items["secret/s"]["fields"]) == (Status.ROLLBACK_FAILED, ["data.a"]), items
    assert live(cluster, ("v1", "Secret"), "s")["data"]["a"] == base64.b64encode(b"theirs").decode()


def test_who_had_written_a_text_owns_it_again_though_the_run_writes_it_as_data(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cluster, _secret(cluster, stringData={"a": "1"}))
    before = state_of(live(cluster, ("v1", "Secret"), "s"))
    monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    run = deploy(cluster, _secret(cluster, data={"a": "MQ=="}))
    status, items = undo(cluster, run)
    assert status is Status.UNDONE, items
    assert state_of(live(cluster, ("v1", "Secret"), "s")) == before


def test_texts_that_are_empty_are_no_fault_where_a_record_is_lost(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As charts write `data: {}` and `stringData: {}`: the run's manager owns them then, and no key in them."""
    cluster.client.create(_secret(cluster, data={"a": "MQ=="}), manager="kubectl-create")
    monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    forced = DeployConfig(force_conflicts=True)
    run = deploy(cluster, _secret(cluster, data={}, stringData={}), deploy=forced)
    status, items = undo(cluster, run)
    assert status is Status.UNDONE, items
    found = live(cluster, ("v1", "Secret"), "s")
    assert found["data"] == {"a": "MQ=="}
    assert [e["manager"] for e in found["metadata"]["managedFields"]] == ["kubectl-create"]
