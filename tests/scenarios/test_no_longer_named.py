"""What a target deployed before and no longer names: listed, removed where asked for, put back, and never anybody else's."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.config.prune import pruning
from sternway_steps.config.schema import StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.events import Event, StepEnded
from sternway_steps.saga.saved_plan import read_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import command, config_map, config_of, deployment, run_of, said, state_of, sternway, until

RBAC = "rbac.authorization.k8s.io"
KEEPS = {"sternway.dev/keep": "true"}


def config(cluster: Cluster, *objects: dict[str, Any], prune: bool = True, steps: int = 2, **deploy: Any) -> Config:
    made = config_of(cluster.namespace, *objects)
    made = replace(made, steps=made.steps[:steps], deploy=replace(made.deploy, **deploy))
    return pruning(made) if prune else made


def failing(of: Config) -> Config:
    """Fail after the last step."""
    bad = StepConfig("bad", "command", {"execute": ["false"]}, retries=0)
    return replace(of, steps=(*of.steps, bad))


def service(name: str = "v") -> dict[str, Any]:
    spec = {"selector": {"app": "x"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def secret() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"password": "hunter2hunter2"},
    }


def role() -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    return {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": rules}


def job(suspend: bool = True) -> dict[str, Any]:
    one = {"name": "j", "image": "localhost/busybox:1", "command": ["true"]}
    spec = {"suspend": suspend, "template": {"spec": {"restartPolicy": "Never", "containers": [one]}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}


def claim() -> dict[str, Any]:
    size = {"resources": {"requests": {"storage": "1Mi"}}, "storageClassName": "none"}
    spec = {**size, "accessModes": ["ReadWriteOnce"]}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}


def noted(obj: dict[str, Any], **notes: str) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**notes}}}


def live(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any] | None:
    return cluster.get(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])


def states(cluster: Cluster, *objects: dict[str, Any]) -> list[Any]:
    return [state_of(live(cluster, obj)) for obj in objects]


def make(session: Session, of: Config) -> str:
    done = session.run(of)
    assert done.exit_code == 0, done
    return done.run


def patch(cluster: Cluster, obj: dict[str, Any], change: dict[str, Any], who: str = "somebody") -> None:
    cluster.client.patch(ref_of(cluster, obj), change, manager=who)


def ref_of(cluster: Cluster, obj: dict[str, Any]) -> Ref:
    return Ref(obj["apiVersion"], obj["kind"], cluster.namespace, obj["metadata"]["name"])


def listed(session: Session, of: Config) -> dict[str, str]:
    """Give what the plan says of objects that are no longer named."""
    found = session.plan(of)
    return {one.ref.name: f"{one.result}: {one.why}" for one in found.previews if one.result in ("remove", "stay")}


STAYS = config_map("stays", a="1")
GOING = (config_map("m", a="1"), secret(), service(), role(), deployment("web", replicas=0))


def test_it_is_listed_removed_and_put_back_as_it_was(cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, STAYS, *GOING))
    before, address = states(cluster, *GOING), (live(cluster, service()) or {})["spec"]["clusterIP"]
    off = listed(session, config(cluster, STAYS, prune=False))
    assert set(off) == {"m", "s", "v", "r", "web"}
    assert all("--prune or deploy.prune removes it" in why for why in off.values())
    run = make(session, config(cluster, STAYS, prune=False))
    assert states(cluster, *GOING) == before, "nothing goes unasked"
    assert listed(session, config(cluster, STAYS)) == dict.fromkeys(off, "remove: no longer named")
    assert states(cluster, *GOING) == before, "a plan changes nothing"
    told: list[Event] = []
    done = session.run(config(cluster, STAYS), told.append)
    assert done.exit_code == 0, done
    assert [live(cluster, obj) for obj in GOING] == [None] * len(GOING)
    [ended] = [e for e in told if isinstance(e, StepEnded) and e.step == "prune"]
    assert ended.summary == "5 objects removed"
    kept = [a for a in session.story(done.run).attempts if a.step == "prune"]
    assert {item["what"].partition(" ")[0] for item in kept[0].data["items"]} == {
        "configmap/m", "secret/s", "service/v", f"role.{RBAC}/r", "deployment.apps/web",
    }  # fmt: skip
    assert listed(session, config(cluster, STAYS)) == {}
    for _ in ("the undo", "a second one, which finds nothing to do"):
        undone = session.rollback(done.run)
        assert undone.status is Status.UNDONE, undone
        assert states(cluster, *GOING) == before
    assert (live(cluster, service()) or {})["spec"]["clusterIP"] == address
    assert run


def test_what_an_undo_has_put_back_is_the_targets_still(cluster: Cluster, session: Session) -> None:
    """It has another UID then, which the undo has recorded."""
    first = make(session, config(cluster, STAYS, *GOING))
    before = states(cluster, *GOING)
    for _ in range(2):
        run = make(session, config(cluster, STAYS))
        assert live(cluster, service()) is None
        assert session.rollback(run).status is Status.UNDONE
        assert states(cluster, *GOING) == before
    undone = session.rollback(first)
    assert undone.status is Status.UNDONE, undone
    assert states(cluster, STAYS, *GOING) == [None] * (1 + len(GOING))


@pytest.mark.parametrize("lost", [False, True], ids=["recorded", "lost"])
def test_a_failure_after_it_puts_it_back_and_one_before_removes_nothing(
    cluster: Cluster, session: Session, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(session, config(cluster, STAYS, *GOING))
    before = states(cluster, *GOING)
    uids = [(live(cluster, obj) or {})["metadata"]["uid"] for obj in GOING]
    bad = config_map("stays", a="2")
    of = config(cluster, bad)
    early = failing(replace(of, steps=of.steps[:-1]))
    assert session.run(replace(early, steps=(*early.steps, of.steps[-1]))).status is Status.UNDONE
    assert [(live(cluster, obj) or {})["metadata"]["uid"] for obj in GOING] == uids
    if lost:
        monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)
    ended = session.run(failing(of))
    assert ended.status is Status.UNDONE, ended
    assert states(cluster, *GOING) == before
    assert (live(cluster, STAYS) or {})["data"] == {"a": "1"}


def test_what_is_not_the_targets_alone_stays_and_is_named(cluster: Cluster, session: Session) -> None:
    names = (
        "edited",
        "added",
        "applied",
        "kubectl",
        "anew",
        "unmarked",
        "other",
        "kept",
        "helm",
        "owned",
        "owner",
        "note",
    )
    maps = {name: config_map(name, a="1") for name in names}
    maps["kept"], maps["helm"] = (
        noted(maps["kept"], **KEEPS),
        noted(maps["helm"], **{"helm.sh/resource-policy": "keep"}),
    )
    make(session, config(cluster, STAYS, *maps.values()))
    patch(cluster, maps["edited"], {"data": {"a": "2"}})
    patch(cluster, maps["added"], {"data": {"b": "2"}})
    theirs = {**maps["applied"], "metadata": {"name": "applied", "namespace": cluster.namespace}}
    cluster.client.apply(theirs, manager="argocd", force=True)
    last = "kubectl.kubernetes.io/last-applied-configuration"
    patch(cluster, maps["kubectl"], {"metadata": {"annotations": {last: "{}"}}}, "kubectl-client-side-apply")
    cluster.client.delete(ref_of(cluster, maps["anew"]), uid=None, propagation="Background")
    until(lambda: live(cluster, maps["anew"]) is None)
    copied = noted({**maps["anew"]}, **{"sternway.dev/run": "default/x"})
    copied["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(copied, manager="somebody")
    patch(cluster, maps["unmarked"], {"metadata": {"annotations": {"sternway.dev/run": None}}})
    other = replace(config(cluster, maps["other"], prune=False), name="other")
    make(session, other)
    uid = (live(cluster, maps["owner"]) or {})["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    patch(cluster, maps["owned"], {"metadata": {"ownerReferences": [owner]}})
    patch(cluster, maps["note"], {"metadata": {"annotations": {"controller.example/note": "1"}}})
    found = listed(session, config(cluster, STAYS))
    reasons = {
        "edited": "somebody changed after the target's last run: data.a (by somebody)", "added": "somebody set fields of it",
        "applied": "argocd deploys it too", "kubectl": "kubectl-client-side-apply set fields of it",
        "anew": "it is another object of that name", "unmarked": "it no longer carries the mark",
        "other": "applied it since", "kept": "it says sternway.dev/keep: true", "helm": "it says helm.sh/resource-policy",
        "owned": "configmap/owner owns it", "owner": f"it owns configmap/owned in {cluster.namespace}",
    }  # fmt: skip
    assert {name: why for name, why in found.items() if reasons.get(name, "no longer named") not in why} == {}
    assert {name for name, why in found.items() if why.startswith("remove")} == {"note"}
    told: list[Event] = []
    before = states(cluster, *(obj for name, obj in maps.items() if name != "note"))
    run = session.run(config(cluster, STAYS), told.append)
    assert run.exit_code == 0, run
    assert states(cluster, *(obj for name, obj in maps.items() if name != "note")) == before
    assert live(cluster, maps["note"]) is None
    assert sum("is no longer named, and stays" in line for line in said(told)) == len(names) - 1
    forced = make(session, config(cluster, STAYS, on_conflict="force"))
    gone = {name for name, obj in maps.items() if live(cluster, obj) is None}
    assert gone == {"note", "edited", "added", "kubectl"}, "what others changed goes, what others own never does"
    assert session.rollback(forced).status is Status.UNDONE
    assert (live(cluster, maps["edited"]) or {})["data"] == {"a": "2"}, "as it was when it was removed"
    assert (live(cluster, maps["added"]) or {})["data"] == {"a": "1", "b": "2"}


def test_what_the_manifests_still_refer_to_stays(cluster: Cluster, session: Session) -> None:
    """A Secret that was taken out of the manifests, for it is to be applied apart, is what the next pod needs."""
    reads = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}}]
    web = deployment("web", replicas=0, env=reads, envFrom=[{"configMapRef": {"name": "m"}}])
    make(session, config(cluster, web, config_map("m", a="1"), secret(), service()))
    found = listed(session, config(cluster, web))
    why = f"stay: no longer named, and stays: deployment.apps/web in {cluster.namespace} refers to it"
    assert found == {"m": why, "s": why, "v": "remove: no longer named"}
    make(session, config(cluster, web))
    assert None not in states(cluster, config_map("m"), secret())
    assert live(cluster, service()) is None
    make(session, config(cluster, deployment("web", replicas=0)))
    assert states(cluster, config_map("m"), secret()) == [None, None]


def test_kinds_that_hold_more_than_fields_stay_or_are_asked_for(cluster: Cluster, session: Session) -> None:
    token = {**secret(), "type": "kubernetes.io/service-account-token", "metadata": {"name": "token"}}
    token = noted(token, **{"kubernetes.io/service-account.name": "default"})
    del token["stringData"]
    objects = (claim(), job(), token)
    make(session, config(cluster, STAYS, *objects))
    found = listed(session, config(cluster, STAYS))
    assert "what it holds does not come back" in found["data"]
    assert "deploy.prune.kinds: [Job.batch]" in found["j"]
    assert "its token would be another one" in found["token"]
    make(session, config(cluster, STAYS))
    assert all(live(cluster, obj) for obj in objects)
    before = states(cluster, job())
    run = make(session, config(cluster, STAYS, prune_kinds=("Job",)))
    assert live(cluster, job()) is None
    assert live(cluster, claim()) is not None
    assert session.rollback(run).status is Status.UNDONE
    spec = (live(cluster, job()) or {})["spec"]
    assert spec["suspend"] is True
    assert before


def test_a_finalizer_that_holds_it_fails_the_run_and_what_went_before_is_back(
    cluster: Cluster, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sternway_steps.release.prune_removal.DELETED_WITHIN", 1.0)
    monkeypatch.setattr("sternway_steps.release.put_back.DELETED_WITHIN", 1.0)
    make(session, config(cluster, STAYS, config_map("held"), deployment("web", replicas=0)))
    patch(cluster, config_map("held"), {"metadata": {"finalizers": ["example.com/held"]}})
    before = states(cluster, deployment("web"))
    try:
        ended = session.run(config(cluster, config_map("stays", a="2")))
        assert ended.status is Status.ROLLBACK_FAILED, ended
        assert "is still being removed after 1 s; finalizers: example.com/held" in str(ended.error)
        assert "does not end, so it can't be made anew" in str(ended.rollback_errors[0])
        assert states(cluster, deployment("web")) == before
        assert (live(cluster, STAYS) or {})["data"] == {"a": "1"}
    finally:
        patch(cluster, config_map("held"), {"metadata": {"finalizers": None}})
    until(lambda: live(cluster, config_map("held")) is None)
    again = session.rollback(ended.run)
    assert again.status is Status.UNDONE, again
    assert (live(cluster, config_map("held")) or {})["metadata"]["finalizers"] == ["example.com/held"]
    patch(cluster, config_map("held"), {"metadata": {"finalizers": None}})


def test_what_can_not_be_put_back_as_it_was_fails_loudly(cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, STAYS, service(), config_map("m")))
    address = (live(cluster, service()) or {})["spec"]["clusterIP"]
    run = make(session, config(cluster, STAYS))
    taken = {**service("taken"), "metadata": {"name": "taken", "namespace": cluster.namespace}}
    taken["spec"] = {**taken["spec"], "clusterIP": address}
    cluster.client.create(taken, manager="somebody")
    undone = session.rollback(run)
    assert undone.status is Status.ROLLBACK_FAILED, undone
    assert address in str(undone.rollback_errors[0])
    assert live(cluster, config_map("m")) is not None, "the others are put back"
    cluster.client.delete(ref_of(cluster, taken), uid=None, propagation="Background")
    until(lambda: live(cluster, taken) is None)
    assert until(lambda: session.rollback(run).status is Status.UNDONE)
    assert (live(cluster, service()) or {})["spec"]["clusterIP"] == address


def test_what_somebody_made_in_its_place_stays(cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, STAYS, config_map("m", a="1")))
    run = make(session, config(cluster, STAYS))
    theirs = {**config_map("m", a="3"), "metadata": {"name": "m", "namespace": cluster.namespace}}
    cluster.client.create(theirs, manager="somebody")
    assert listed(session, config(cluster, STAYS)) == {}, "it was removed, so it is nothing that the target deployed"
    session.rollback(run)
    assert (live(cluster, theirs) or {})["data"] == {"a": "3"}


def test_a_run_below_is_overtaken_and_all_can_be_undone_at_once(cluster: Cluster, session: Session) -> None:
    first = make(session, config(cluster, STAYS, *GOING))
    before = states(cluster, *GOING)
    second = make(session, config(cluster, STAYS, config_map("m", a="2"), prune=False))
    make(session, config(cluster, STAYS))
    assert live(cluster, config_map("m")) is None
    with pytest.raises(Refused, match="overtaken"):
        session.rollback(second)
    back = session.rollback_to(first)
    assert back is not None
    assert back.exit_code == 0, back
    assert states(cluster, *GOING) == before


def test_a_saved_plan_holds_what_is_removed(cluster: Cluster, session: Session, tmp_path: Path) -> None:
    make(session, config(cluster, STAYS, config_map("m", a="1"), config_map("n")))
    of, file = config(cluster, STAYS), str(tmp_path / "plan.json")
    session.saved_plan(of, session.plan(of)).write(file)
    assert [one.result for one in read_plan(file).objects] == ["unchanged", "remove", "remove"]
    patch(cluster, config_map("m"), {"data": {"a": "2"}})
    with pytest.raises(Refused, match="configmap/m") as refused:
        session.run(of, planned=file)
    assert "configmap/n" not in str(refused.value)
    assert live(cluster, config_map("n")) is not None
    patch(cluster, config_map("m"), {"data": {"a": "1"}})
    forced = config(cluster, STAYS, on_conflict="force")
    session.saved_plan(forced, session.plan(forced)).write(file)
    assert session.run(forced, planned=file).exit_code == 0
    assert live(cluster, config_map("m")) is None


def test_what_reads_what_the_run_changed_is_judged_when_all_is_back(cluster: Cluster, session: Session) -> None:
    """The old workload can't start with the new settings: it is put back first, and well when these are old again."""
    reads = [{"name": "BROKEN", "valueFrom": {"configMapKeyRef": {"name": "stays", "key": "a"}}}]
    old = deployment("old", env=reads)
    make(session, config(cluster, STAYS, old, steps=3))
    run = make(session, config(cluster, config_map("stays", b="2"), steps=3))
    assert live(cluster, old) is None
    undone = session.rollback(run)
    assert undone.status is Status.UNDONE, undone
    assert (live(cluster, old) or {})["status"]["readyReplicas"] == 1


@pytest.fixture
def sandboxed(sternway_sandbox: Sandbox) -> Iterator[Cluster]:
    """Give the sandbox alone: what is asked of it here, the real server is asked by another test."""
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield Cluster(sternway_sandbox.kubeconfig, client, "default", real=False, sandbox=sternway_sandbox)
    client.close()


def test_killed_while_it_removes_it_is_undone_or_goes_on(cluster: Cluster, session: Session) -> None:
    _killed_at("DELETE services/v", cluster, session)


@pytest.mark.parametrize("request_", ["DELETE configmaps/m", "DELETE secrets/s", "DELETE deployments/web"])
def test_killed_at_another_moment(sandboxed: Cluster, request_: str) -> None:
    with Session(kubeconfig=sandboxed.kubeconfig) as session:
        _killed_at(request_, sandboxed, session)


def _killed_at(request: str, cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, STAYS, *GOING))
    before = states(cluster, *GOING)
    for undo in (True, False):
        run = new_run_id()
        assert dying.run_until(cluster.kubeconfig, config(cluster, STAYS), run, request) == dying.DIED
        if undo:
            undone = session.rollback(run)
            assert undone.status is Status.UNDONE, undone
            assert states(cluster, *GOING) == before
            continue
        gone_on = session.resume(run)
        assert gone_on.exit_code == 0, gone_on
        assert [live(cluster, obj) for obj in GOING] == [None] * len(GOING)
        assert session.rollback(run).status is Status.UNDONE
        assert states(cluster, *GOING) == before


@pytest.mark.parametrize("request_", ["POST configmaps", "PUT services/v", "POST deployments"])
def test_an_undo_that_is_killed_goes_on(sandboxed: Cluster, request_: str) -> None:
    with Session(kubeconfig=sandboxed.kubeconfig) as session:
        make(session, config(sandboxed, STAYS, *GOING))
        before = states(sandboxed, *GOING)
        run = make(session, config(sandboxed, STAYS))
        assert dying.rollback_until(sandboxed.kubeconfig, run, request_) == dying.DIED
        undone = session.rollback(run)
        assert undone.status is Status.UNDONE, undone
        assert states(sandboxed, *GOING) == before


def test_step_by_step_as_argo_has_it(sandboxed: Cluster) -> None:
    """What to remove is read in the step's own process, from the journal; and so is what to put back."""
    with Session(kubeconfig=sandboxed.kubeconfig) as session:
        _step_by_step(sandboxed, session)


def _step_by_step(cluster: Cluster, session: Session) -> None:
    make(session, config(cluster, STAYS, *GOING))
    before, of, run = states(cluster, *GOING), config(cluster, config_map("stays", a="2")), new_run_id()
    for name in ("validate", "deploy", "prune"):
        done = session.step(of, name, Action.EXECUTE, run)
        assert done.exit_code == 0, done
    assert [live(cluster, obj) for obj in GOING] == [None] * len(GOING)
    for name in ("prune", "deploy"):
        assert session.step(of, name, Action.ROLLBACK, run).exit_code == 0
    assert states(cluster, *GOING) == before
    assert (live(cluster, STAYS) or {})["data"] == {"a": "1"}


@pytest.mark.cluster
def test_without_the_right_to_remove_it_is_refused_before_anything_changes(real: Cluster, tmp_path: Path) -> None:
    with Session(kubeconfig=real.kubeconfig) as admin:
        make(admin, config(real, STAYS, service()))
    every = ["get", "list", "watch", "create", "update", "patch", "delete"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": every},
        {"apiGroups": [""], "resources": ["pods", "events", "pods/log"], "verbs": every},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": every},
        {"apiGroups": [""], "resources": ["services"], "verbs": [verb for verb in every if verb != "delete"]},
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]},
    ]
    who = {"kind": "ServiceAccount", "name": "runner", "namespace": real.namespace}
    named: dict[str, Any] = {"metadata": {"name": "runner", "namespace": real.namespace}}
    granted: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", **named},
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", **named, "rules": rules},
        {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", **named, "subjects": [who],
         "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "runner"}},
    ]  # fmt: skip
    for obj in granted:
        real.client.create(obj, manager="test")
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"/api/v1/namespaces/{real.namespace}/serviceaccounts/runner/token"
    token = real.client.raw("POST", path, body=asked)["status"]["token"]
    access = yaml.safe_load(Path(real.kubeconfig).read_text())
    access["users"] = [{"name": access["users"][0]["name"], "user": {"token": token}}]
    mine = tmp_path / "kubeconfig"
    mine.write_text(yaml.safe_dump(access))
    with Session(kubeconfig=mine) as session:
        refused = session.run(config(real, config_map("stays", a="2")))
        assert refused.status is Status.REFUSED, refused
        assert "to remove what is no longer named: delete services in" in str(refused.error)
        assert session.run(config(real, config_map("stays", a="2"), prune=False)).exit_code == 0
    assert live(real, service()) is not None


def test_on_a_terminal_it_is_asked_and_elsewhere_the_flag_says_it(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    kubeconfig = sternway_sandbox.kubeconfig
    file = tmp_path / "sternway.yaml"
    objects = {name: json.dumps(config_map(name, a="1")) for name in ("stays", "m")}
    for name, text in objects.items():
        (tmp_path / f"{name}.json").write_text(text)

    def write(*names: str) -> None:
        listed = ", ".join(f"{name}.json" for name in names)
        file.write_text(f"name: t\nnamespace: default\nmanifests: [{listed}]\nsteps: [validate, deploy]\n")

    def asked(answer: bytes, *flags: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        arguments = command("run", "-c", str(file), "--prune", *flags)
        with subprocess.Popen(
            arguments, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "KUBECONFIG": kubeconfig}
        ) as process:
            os.close(theirs)
            os.write(ours, answer)
            out = process.communicate(timeout=60)[0].decode()
            os.close(ours)
            return process.returncode, out

    write("stays", "m")
    assert sternway("run", "-c", str(file), kubeconfig=kubeconfig).returncode == Exit.DONE
    write("stays")
    code, out = asked(b"n\n")
    assert (code, "remove configmap/m in default: no longer named" in out) == (Exit.REFUSED, True), out
    planned = sternway("plan", "-c", str(file), "--prune", "--exit-code", kubeconfig=kubeconfig)
    assert planned.stdout.endswith("remove configmap/m in default: no longer named\n1 unchanged, 1 to remove\n")
    assert planned.returncode == 1, "nothing was removed by the answer no"
    off = sternway("plan", "-c", str(file), "--exit-code", "--output", "json", kubeconfig=kubeconfig)
    assert [json.loads(line)["result"] for line in off.stdout.splitlines()] == ["unchanged", "stay"]
    assert off.returncode == 0, "nothing would change"
    shown = sternway("plan", "-c", str(file), "--prune", "--output", "markdown", kubeconfig=kubeconfig).stdout
    assert "- <b>remove</b> configmap/m in default: no longer named" in shown
    code, out = asked(b"y\n")
    assert (code, "deleted configmap/m in default" in out, "1 object removed" in out) == (Exit.DONE, True, True), out
    write("stays", "m")
    assert sternway("run", "-c", str(file), kubeconfig=kubeconfig).returncode == Exit.DONE
    write("stays")
    code, out = asked(b"", "--yes")
    assert (code, "1 object removed" in out) == (Exit.DONE, True), out
    story = sternway("show", run_of(out), "--namespace", "default", kubeconfig=kubeconfig).stdout
    assert "deleted configmap/m in default: no longer named" in story
