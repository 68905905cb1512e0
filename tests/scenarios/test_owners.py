"""Whose fields are whose: one field manager a target, and what is taken over from the old name, kubectl and Helm."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config, DeployConfig
from sternway_steps.errors import Refused
from sternway_steps.journal.replay import Status
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Applied, Client
from sternway_steps.objects.ref import Ref
from sternway_steps.release.preview import Preview
from sternway_steps.saga.events import Event, StepProgress
from sternway_steps.saga.result import Result
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, state_of, sternway, until

DEPLOYMENT = ("apps/v1", "Deployment")
LAST = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture(params=[True, False], ids=["evidence", "evidence lost"])
def lossy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    return not request.param


def config(cluster: Cluster, *objects: dict[str, Any], name: str = "t", force: bool = False) -> Config:
    made = config_of(cluster.namespace, *objects, deploy=DeployConfig(force_conflicts=force))
    return replace(made, name=name, steps=made.steps[:2])  # without verify


def run(session: Session, config: Config) -> Result:
    result = session.run(config)
    assert result.exit_code == 0, result
    return result


def placed(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "namespace": cluster.namespace}}


def data(cluster: Cluster) -> Any:
    return (cluster.get("v1", "ConfigMap", "m") or {}).get("data")


def owners(obj: dict[str, Any] | None) -> dict[str, Any]:
    assert obj is not None
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"]["managedFields"] if not e.get("subresource")}


def plan(session: Session, config: Config) -> Preview:
    found = session.plan(config)
    assert not found.findings
    return found.previews[0]


def web(cluster: Cluster, *variables: str, **spec: Any) -> dict[str, Any]:
    env = [{"name": name, "value": "1"} for name in variables]
    made = placed(cluster, deployment("web", replicas=0, env=env))
    return {**made, "spec": {**made["spec"], **spec}}


def variables(cluster: Cluster) -> list[str]:
    live = cluster.get(*DEPLOYMENT, "web")
    assert live is not None
    return [one["name"] for one in live["spec"]["template"]["spec"]["containers"][0].get("env", [])]


def test_two_targets_that_deploy_one_object_keep_what_each_lists(cluster: Cluster, session: Session) -> None:
    run(session, config(cluster, config_map("m", a="1"), name="one"))
    other = config(cluster, config_map("m", b="1"), name="two")
    assert "target " + f"{cluster.namespace}.one deploys it too" in plan(session, other).notes[0]
    told: list[Event] = []
    assert session.run(other, told.append).exit_code == 0
    said = [e.progress.message for e in told if isinstance(e, StepProgress) and e.step == "validate"]
    assert [s for s in said if f"target {cluster.namespace}.one deploys it too" in s]
    assert data(cluster) == {"a": "1", "b": "1"}
    run(session, config(cluster, config_map("m", a="2"), name="one"))
    again = run(session, config(cluster, config_map("m", c="1"), name="two"))
    assert data(cluster) == {"a": "2", "c": "1"}
    session.rollback(again.run)
    assert data(cluster) == {"a": "2", "b": "1"}


@pytest.mark.usefixtures("lossy")
def test_of_two_targets_each_undoes_its_own_newest_first(cluster: Cluster, session: Session) -> None:
    one = [run(session, config(cluster, config_map("m", a=n), name="one")).run for n in "12"]
    alone = owners(cluster.get("v1", "ConfigMap", "m"))
    two = [run(session, config(cluster, config_map("m", b=n), name="two")).run for n in "12"]
    for mine, left in [(two[1], {"a": "2", "b": "1"}), (two[0], {"a": "2"}), (one[1], {"a": "1"})]:
        assert session.rollback(mine).status is Status.UNDONE
        assert data(cluster) == left
    assert owners(cluster.get("v1", "ConfigMap", "m")) == alone


def test_a_run_that_another_target_has_overtaken_is_not_undone_below_it(cluster: Cluster, session: Session) -> None:
    one = [run(session, config(cluster, config_map("m", a=n), name="one")).run for n in "12"]
    above = run(session, config(cluster, config_map("m", b="1"), name="two")).run
    with pytest.raises(Refused, match=f"changed since by {above} of {cluster.namespace}\\.two"):
        session.rollback(one[1])
    assert data(cluster) == {"a": "2", "b": "1"}


def test_two_targets_that_differ_in_a_field_are_told_apart(cluster: Cluster, session: Session) -> None:
    run(session, config(cluster, config_map("m", a="1"), name="one"))
    refused = session.run(config(cluster, config_map("m", a="2"), name="two"))
    assert refused.status is Status.REFUSED
    assert f"data.a is owned by sternway:{cluster.namespace}.one" in str(refused.error)
    assert f"{cluster.namespace}.one deploys them too" in str(refused.error)
    assert data(cluster) == {"a": "1"}


@pytest.mark.usefixtures("lossy")
def test_what_the_old_name_owns_is_the_targets_and_the_undo_gives_it_back(cluster: Cluster, session: Session) -> None:
    cluster.client.apply(placed(cluster, config_map("m", keep="1", change="1", drop="1")), manager="sternway")
    before = state_of(cluster.get("v1", "ConfigMap", "m"))
    new = config(cluster, config_map("m", keep="1", change="2"))
    fields = [(f.path, f.had, f.has) for f in plan(session, new).fields]
    assert fields == [("data.change", True, True), ("data.drop", True, False)]
    done = run(session, new)
    assert data(cluster) == {"keep": "1", "change": "2"}
    assert set(owners(cluster.get("v1", "ConfigMap", "m"))) == {f"sternway:{cluster.namespace}.t"}
    assert session.rollback(done.run).status is Status.UNDONE
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == before


def test_what_another_target_owns_under_the_old_name_is_left_to_it(
    cluster: Cluster, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        for module in ("builtin.deploy.execute", "release.preview", "objects.take_over"):
            older.setattr(f"sternway_steps.{module}.manager_of", lambda _: "sternway")
        run(session, config(cluster, config_map("m", a="1"), name="one"))
    assert set(owners(cluster.get("v1", "ConfigMap", "m"))) == {"sternway"}
    run(session, config(cluster, config_map("m", b="1"), name="two"))
    assert data(cluster) == {"a": "1", "b": "1"}
    run(session, config(cluster, config_map("m", c="1"), name="one"))
    assert data(cluster) == {"b": "1", "c": "1"}
    assert set(owners(cluster.get("v1", "ConfigMap", "m"))) == {
        f"sternway:{cluster.namespace}.{n}" for n in ("one", "two")
    }


@pytest.mark.usefixtures("lossy")
@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "helm"])
def test_what_kubectl_or_helm_applied_and_the_manifest_lacks_goes_by_force(
    cluster: Cluster, session: Session, manager: str
) -> None:
    old = web(cluster, "OLD", "KEEP")
    if manager != "helm":
        old["metadata"]["annotations"] = {LAST: json.dumps(old)}
    cluster.client.create(old, manager=manager)
    until(lambda: (cluster.get(*DEPLOYMENT, "web") or {}).get("status", {}).get("observedGeneration"))
    before = state_of(cluster.get(*DEPLOYMENT, "web"))
    new = config(cluster, web(cluster, "KEEP"), force=True)
    found = plan(session, new)
    env = "spec.template.spec.containers[name=web].env[name=OLD]"
    assert [f.path for f in found.fields if "env" in f.path] == [env]
    [(who, taken)] = found.takes_over
    assert (who, f"{env}.value" in taken) == (manager, True)
    done = run(session, new)
    assert variables(cluster) == ["KEEP"]
    assert manager not in owners(cluster.get(*DEPLOYMENT, "web"))
    assert session.rollback(done.run).status is Status.UNDONE
    assert state_of(cluster.get(*DEPLOYMENT, "web")) == before


def test_what_a_person_added_stays_and_what_they_changed_is_taken(cluster: Cluster, session: Session) -> None:
    old = placed(cluster, config_map("m", gone="1", kept="1"))
    old["metadata"]["annotations"] = {LAST: json.dumps(old)}
    cluster.client.create(old, manager="kubectl-client-side-apply")
    change = {"data": {"gone": "2", "theirs": "1"}}
    cluster.client.patch(Ref("v1", "ConfigMap", cluster.namespace, "m"), change, manager="kubectl-edit")
    run(session, config(cluster, config_map("m", kept="2"), force=True))
    assert data(cluster) == {"kept": "2", "theirs": "1"}


def test_without_force_nothing_is_taken_from_kubectl(cluster: Cluster, session: Session) -> None:
    cluster.client.create(placed(cluster, config_map("m", a="1", b="1")), manager="kubectl-client-side-apply")
    new = config(cluster, config_map("m", a="1"))
    assert plan(session, new).takes_over == ()
    run(session, new)
    assert data(cluster) == {"a": "1", "b": "1"}


@pytest.mark.cluster
def test_a_deployment_of_kubectl_apply_loses_its_removed_variable(real: Cluster) -> None:
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("no kubectl")
    old = json.dumps(web(real, "OLD", "KEEP"))
    command = [kubectl, "apply", "--kubeconfig", real.kubeconfig, "-f", "-"]
    subprocess.run(command, input=old, text=True, check=True, capture_output=True)
    with Session(kubeconfig=real.kubeconfig) as session:
        new = config(real, web(real, "KEEP"), force=True)
        [(who, taken)] = plan(session, new).takes_over
        assert (who, any("env[name=OLD]" in field for field in taken)) == ("kubectl-client-side-apply", True)
        run(session, new)
        assert variables(real) == ["KEEP"]


@pytest.mark.parametrize("point", ["before the take-over", "after it", "after the apply"])
def test_killed_on_the_way_of_a_take_over_the_owners_are_as_they_were(
    cluster: Cluster, session: Session, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    cluster.client.apply(placed(cluster, config_map("m", a="1", drop="1")), manager="sternway")
    before = state_of(cluster.get("v1", "ConfigMap", "m"))
    real_apply, real_patch = Client.apply, Client.patch

    def away(*_: Any) -> ApiError:
        return ApiError("PATCH", "/", 422, "Invalid", "not now")

    def patch(self: Client, ref: Ref, change: Any, **keys: Any) -> Any:
        if ref.kind == "ConfigMap" and point == "before the take-over":
            raise away()
        return real_patch(self, ref, change, **keys)

    def apply(self: Client, obj: Any, *, dry_run: bool = False, **keys: Any) -> Applied:
        if obj["kind"] == "ConfigMap" and not dry_run:
            if point == "after the apply":
                real_apply(self, obj, **keys)
            raise away()
        return real_apply(self, obj, dry_run=dry_run, **keys)

    with monkeypatch.context() as broken:
        broken.setattr(Client, "patch", patch)
        broken.setattr(Client, "apply", apply)
        failed = session.run(config(cluster, config_map("m", a="2")))
    assert failed.status is Status.UNDONE, failed
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == before


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_another_strategy_drops_the_default_that_the_server_forbids_beside_it(
    cluster: Cluster, session: Session, kind: str
) -> None:
    name, other = ("strategy", "Recreate") if kind == "Deployment" else ("updateStrategy", "OnDelete")
    old = {**web(cluster), "kind": kind}
    run(session, config(cluster, old))
    until(lambda: (cluster.get("apps/v1", kind, "web") or {}).get("status", {}).get("observedGeneration"))
    before = state_of(cluster.get("apps/v1", kind, "web"))
    new = config(cluster, {**web(cluster, **{name: {"type": other}}), "kind": kind})
    paths = [f.path for f in plan(session, new).fields]
    assert [p.partition(".rollingUpdate")[0] for p in paths] == [f"spec.{name}.type", f"spec.{name}"]
    done = run(session, new)
    live = cluster.get("apps/v1", kind, "web")
    assert live is not None
    assert live["spec"][name] == {"type": other}
    assert plan(session, new).result == "unchanged"
    assert session.rollback(done.run).status is Status.UNDONE
    assert state_of(cluster.get("apps/v1", kind, "web")) == before


def test_limits_of_a_rolling_update_that_somebody_set_are_taken_by_force_alone(
    cluster: Cluster, session: Session
) -> None:
    limits = {"strategy": {"rollingUpdate": {"maxSurge": 2}}}
    theirs = web(cluster, **limits)
    cluster.client.apply(theirs, manager="somebody")
    new = web(cluster, strategy={"type": "Recreate"})
    refused = session.run(config(cluster, new))
    assert refused.status is Status.REFUSED
    remedy = "spec.strategy.rollingUpdate is owned by somebody: take it over with --force-conflicts"
    assert remedy in str(refused.error)
    run(session, config(cluster, new, force=True))
    live = cluster.get(*DEPLOYMENT, "web")
    assert live is not None
    assert live["spec"]["strategy"] == {"type": "Recreate"}


def test_limits_of_a_rolling_update_that_were_partly_ours_go(cluster: Cluster, session: Session) -> None:
    run(session, config(cluster, web(cluster, strategy={"rollingUpdate": {"maxSurge": 2}})))
    new = config(cluster, web(cluster, strategy={"type": "Recreate"}))
    assert plan(session, new).result == "change"
    run(session, new)
    live = cluster.get(*DEPLOYMENT, "web")
    assert live is not None
    assert live["spec"]["strategy"] == {"type": "Recreate"}


def test_a_run_without_validate_names_the_other_target_too(cluster: Cluster, session: Session) -> None:
    run(session, config(cluster, config_map("m", a="1"), name="one"))
    other = config(cluster, config_map("m", b="1"), name="two")
    told: list[Event] = []
    session.run(replace(other, steps=other.steps[1:]), told.append)
    said = [e.progress.message for e in told if isinstance(e, StepProgress)]
    assert [s for s in said if f"target {cluster.namespace}.one deploys it too" in s]


def test_plan_shows_what_is_taken_over(cluster: Cluster, tmp_path: Path) -> None:
    cluster.client.create(placed(cluster, config_map("m", a="1", b="1", c="1")), manager="helm")
    (tmp_path / "m.yaml").write_text(json.dumps(config_map("m", a="1", b="2")))
    (tmp_path / "sternway.yaml").write_text(f"name: t\nnamespace: {cluster.namespace}\nmanifests: [m.yaml]\n")
    flags = ("plan", "--config", str(tmp_path / "sternway.yaml"), "--force-conflicts")
    text = sternway(*flags, kubeconfig=cluster.kubeconfig)
    taken = "  takes over data.b from helm\n  takes over data.c from helm\n  takes over 1 field from helm that stays as set\n"
    assert taken in text.stdout, text
    [line] = sternway(*flags, "--output", "json", kubeconfig=cluster.kubeconfig).stdout.splitlines()
    assert json.loads(line)["takes_over"] == [{"manager": "helm", "fields": ["data.a", "data.b", "data.c"]}]


@pytest.mark.usefixtures("lossy")
def test_a_journal_of_an_older_version_is_undone_under_the_name_that_it_means(
    cluster: Cluster, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = StepJournal.intent

    def older_intent(self: StepJournal, intent: Any) -> None:
        written(self, {key: value for key, value in intent.items() if key == "objects"})

    with monkeypatch.context() as older:
        older.setattr(StepJournal, "intent", older_intent)
        for module in ("builtin.deploy.execute", "release.preview", "objects.take_over"):
            older.setattr(f"sternway_steps.{module}.manager_of", lambda _: "sternway")
        run(session, config(cluster, config_map("m", a="1", b="1")))
        before = state_of(cluster.get("v1", "ConfigMap", "m"))
        mine = run(session, config(cluster, config_map("m", a="2", c="1")))
    assert session.rollback(mine.run).status is Status.UNDONE
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == before
