"""What becomes of a run, and of an undo, when the journal takes nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.config import StepConfig
from sternway_steps.errors import Failed, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.transport import Transport
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.events import Event, StepStarted
from sternway_steps.sandbox.faults import fail
from sternway_steps.session import Session
from sternway_steps.step import Action, Context, Effects, Outcome, StepSpec

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, state_of, sternway, until

DEPLOY = (StepConfig("deploy", "deploy"),)
FAILS = (*DEPLOY, StepConfig("smoke", "command", {"execute": ["false"]}, retries=0, effects="none"))
NO = "nobody may write this now"


@contextmanager
def rejected(cluster: Cluster, operations: tuple[str, ...], prefix: str) -> Iterator[None]:
    """Let nobody do that with Secrets whose names begin so."""
    if cluster.sandbox is not None:
        methods = {"CREATE": "POST", "UPDATE": "PATCH"}
        wanted = {methods[operation] for operation in operations}
        made = cluster.sandbox.faults

        def looks(request: Any) -> bool:
            named = request.method == "POST" or f"/{prefix}" in request.path
            return request.method in wanted and "/secrets" in request.path and named

        made.when(looks, fail(403, "Forbidden"), times=1_000_000)
        yield
        made.reset()
        return
    admission, name = "admissionregistration.k8s.io/v1", {"name": cluster.namespace}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": list(operations)}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": selector, "resourceRules": [rule]},
        "matchConditions": [{"name": "named", "expression": f"request.name.startsWith('{prefix}')"}],
        "validations": [{"expression": "false", "message": NO}],
    }
    bound = {"policyName": cluster.namespace, "validationActions": ["Deny"]}
    objects = [
        {"apiVersion": admission, "kind": kind, "metadata": name, "spec": each}
        for kind, each in (("ValidatingAdmissionPolicy", spec), ("ValidatingAdmissionPolicyBinding", bound))
    ]
    probe = Ref("v1", "Secret", cluster.namespace, f"{prefix}.probe")
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": probe.name, "namespace": probe.namespace}}
    made_probe = cluster.client.create(body, manager="test")
    for obj in objects:
        cluster.client.create(obj, manager="test")

    def works() -> bool:
        try:
            if "UPDATE" in operations:
                cluster.client.patch(probe, {"metadata": {"labels": {"a": "b"}}}, manager="test")
            else:
                cluster.client.create(
                    {**body, "metadata": {**body["metadata"], "name": f"{prefix}.other"}}, manager="test", dry_run=True
                )
        except ApiError as error:
            return NO in error.message
        return False

    def gone() -> bool:
        try:
            cluster.client.create(
                {**body, "metadata": {**body["metadata"], "name": f"{prefix}.other"}}, manager="test", dry_run=True
            )
            cluster.client.patch(probe, {"metadata": {"labels": {"a": "c"}}}, manager="test")
        except ApiError:
            return False
        return True

    until(works, 60, "the policy works")
    try:
        yield
    finally:
        for obj in objects:
            cluster.client.delete(Ref.of(obj), uid=None, propagation="Background")
        until(gone, 60, "the policy is gone")
        cluster.client.delete(probe, uid=made_probe["metadata"]["uid"], propagation="Background")


@contextmanager
def full(cluster: Cluster) -> Iterator[None]:
    """Let nobody create a further Secret: a quota on the real node, a right that is missing on the sandbox."""
    if cluster.sandbox is not None:
        cluster.sandbox.access.deny("create", "secrets")
        yield
        cluster.sandbox.access._denied.clear()
        return
    count = len(cluster.client.list("v1", "Secret", cluster.namespace).items)
    ref = Ref("v1", "ResourceQuota", cluster.namespace, "secrets")
    metadata = {"name": ref.name, "namespace": ref.namespace}
    spec = {"hard": {"count/secrets": str(count)}}
    cluster.client.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec}, manager="test"
    )
    until(lambda: ((cluster.client.get(ref) or {}).get("status") or {}).get("used"), 30, "the quota counts")
    yield
    cluster.client.delete(ref, uid=None, propagation="Background")
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "probe", "namespace": cluster.namespace}}

    def free() -> bool:
        try:
            cluster.client.create(body, manager="test", dry_run=True)
        except ApiError:
            return False
        return True

    until(free, 30, "the quota is gone")


def install(cluster: Cluster, *objects: dict[str, Any], **keys: Any) -> str:
    keys.setdefault("steps", DEPLOY)
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(config_of(cluster.namespace, *objects, **keys))
        assert result.exit_code == 0, result
        return result.run


def data_of(cluster: Cluster, name: str) -> Any:
    return (cluster.get("v1", "ConfigMap", name) or {}).get("data")


def test_a_success_that_can_not_be_recorded_is_said_and_completed_by_the_next_run(cluster: Cluster) -> None:
    install(cluster, config_map("m", v="1"))
    run, config = new_run_id(), config_of(cluster.namespace, config_map("m", v="2"), steps=DEPLOY)
    with Session(kubeconfig=cluster.kubeconfig) as session:
        with rejected(cluster, ("UPDATE",), f"sternway.{run}.run"):
            result = session.run(config, run=run)
        assert (result.status, result.exit_code) == (Status.SUCCEEDED, Exit.TRANSIENT), result
        assert "could not be recorded" in str(result.unrecorded)
        with pytest.raises(Transient, match="could not be recorded"):
            result.raise_for_status()
        assert session.story(run).status is Status.INTERRUPTED
        new = state_of(cluster.get("v1", "ConfigMap", "m"))
        failing = replace(config_of(cluster.namespace, config_map("m", v="3")), steps=FAILS)
        again = session.run(failing)
        assert again.status is Status.UNDONE
        assert session.story(run).status is Status.SUCCEEDED, "its version was told to be live, so it is not undone"
        assert state_of(cluster.get("v1", "ConfigMap", "m")) == new


def test_finishing_what_was_cut_off_completes_a_success_and_rollback_undoes_it(cluster: Cluster) -> None:
    install(cluster, config_map("m", v="1"))
    run, config = new_run_id(), config_of(cluster.namespace, config_map("m", v="2"), steps=DEPLOY)
    with Session(kubeconfig=cluster.kubeconfig) as session:
        with rejected(cluster, ("UPDATE",), f"sternway.{run}.run"):
            assert session.run(config, run=run).exit_code == Exit.TRANSIENT
        finished = session.finish(run)
        assert finished is not None
        assert (finished.status, finished.exit_code) == (Status.SUCCEEDED, Exit.DONE)
        assert data_of(cluster, "m") == {"v": "2"}
        assert session.rollback(run).status is Status.UNDONE
        assert data_of(cluster, "m") == {"v": "1"}


def test_an_undo_needs_no_journal_that_can_be_written(cluster: Cluster) -> None:
    install(cluster, config_map("m", v="1"), config_map("n", v="1"))
    old = [state_of(cluster.get("v1", "ConfigMap", name)) for name in "mn"]
    run = install(cluster, config_map("m", v="2"), config_map("n", v="2"))
    with rejected(cluster, ("CREATE", "UPDATE"), f"sternway.{run}"):
        done = sternway("rollback", run, "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.TRANSIENT, done.stdout + done.stderr
    assert "this can't be recorded now" in done.stdout
    assert "how the run ended (undone) could not be recorded" in done.stdout
    assert [state_of(cluster.get("v1", "ConfigMap", name)) for name in "mn"] == old
    with Session(kubeconfig=cluster.kubeconfig) as session:
        again = session.rollback(run)
        assert (again.status, again.exit_code) == (Status.UNDONE, Exit.DONE)
        assert session.story(run).status is Status.UNDONE
    assert [state_of(cluster.get("v1", "ConfigMap", name)) for name in "mn"] == old


def test_with_no_room_for_a_record_all_is_undone_but_what_has_to_be_made_anew(cluster: Cluster) -> None:
    install(cluster, config_map("m", v="1"), config_map("fixed", v="1"))
    old = [state_of(cluster.get("v1", "ConfigMap", name)) for name in ("m", "fixed")]
    uid = (cluster.get("v1", "ConfigMap", "fixed") or {})["metadata"]["uid"]
    run = install(cluster, config_map("m", v="2"), {**config_map("fixed", v="2"), "immutable": True})
    reserved = Ref("v1", "Secret", cluster.namespace, f"sternway.{run}.deploy.rollback.1")
    cluster.client.delete(reserved, uid=None, propagation="Background")  # as a run of an older version left it
    with Session(kubeconfig=cluster.kubeconfig) as session:
        with full(cluster):
            result = session.rollback(run)
        assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED), result
        assert "configmap/fixed" in str(result.rollback_errors[0])
        assert "the journal can't be written" in str(result.rollback_errors[0])
        assert state_of(cluster.get("v1", "ConfigMap", "m")) == old[0]
        assert (cluster.get("v1", "ConfigMap", "fixed") or {})["metadata"]["uid"] == uid, "it was not deleted"
        assert session.story(run).status is Status.ROLLBACK_FAILED, "the end has room in the record that is there"
        assert session.rollback(run).status is Status.UNDONE
        assert session.story(run).status is Status.UNDONE
    assert [state_of(cluster.get("v1", "ConfigMap", name)) for name in ("m", "fixed")] == old


def test_a_lock_that_another_process_took_is_no_success(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    import sternway_steps.journal.locks.lease as lease

    monkeypatch.setattr(lease, "DURATION", 4.0)
    install(cluster, config_map("m", v="1"))
    old = state_of(cluster.get("v1", "ConfigMap", "m"))
    ref = Ref("coordination.k8s.io/v1", "Lease", cluster.namespace, f"sternway-{cluster.namespace}.t")
    waits = StepConfig("smoke", "command", {"execute": ["sleep", "60"]}, retries=0, effects="none")

    def steal(event: Event) -> None:
        while isinstance(event, StepStarted) and event.step == "smoke":
            theirs = cluster.client.get(ref)
            assert theirs is not None
            try:
                cluster.client.replace(
                    {**theirs, "spec": {**theirs["spec"], "holderIdentity": "r elsewhere 1 x"}}, manager="test"
                )
            except ApiError:  # it was renewed in between
                continue
            return

    with Session(kubeconfig=cluster.kubeconfig) as session:
        config = config_of(cluster.namespace, config_map("m", v="2"), steps=(*DEPLOY, waits))
        result = session.run(config, steal)
        assert (result.status, result.exit_code) == (Status.INTERRUPTED, Exit.TRANSIENT), result
        assert "the target is not held any more" in str(result.error)
        assert data_of(cluster, "m") == {"v": "2"}, "nothing is undone either: whoever has the lock does that"
        theirs = cluster.client.get(ref)
        assert theirs is not None
        assert theirs["spec"]["holderIdentity"] == "r elsewhere 1 x"
        assert session.story(result.run).status is Status.INTERRUPTED
        cluster.client.delete(ref, uid=theirs["metadata"]["uid"], propagation="Background")
        again = session.run(config_of(cluster.namespace, config_map("m", v="3"), steps=FAILS))
        assert again.status is Status.UNDONE
        assert session.story(result.run).status is Status.UNDONE
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == old


class Losing:
    """A step whose rollback goes on until it is stopped, once somebody else has taken the lock; or one that fails."""

    def __init__(self, name: str, take: Callable[[], None] | None = None, *, fails: bool = False) -> None:
        self.spec = StepSpec(name, Effects.REVERSIBLE, needs_cluster=False)
        self._take, self._fails = take, fails
        self.undone = 0

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({})
        if self._fails:
            raise Failed("broken")
        return Outcome("done")

    def rollback(self, context: Context) -> Outcome:
        self.undone += 1
        if self._take is not None:
            self._take()
            assert context.stop.wait(30), "a lost lock stops what goes back too"
            context.check()
        return Outcome("undone")


@pytest.fixture
def taken(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let somebody else hold the lock of the target from now on."""
    import sternway_steps.journal.locks.lease as lease

    monkeypatch.setattr(lease, "DURATION", 4.0)
    ref = Ref("coordination.k8s.io/v1", "Lease", cluster.namespace, f"sternway-{cluster.namespace}.t")

    def take() -> None:
        def taken() -> bool:
            theirs = cluster.client.get(ref)
            assert theirs is not None
            spec = {**theirs["spec"], "holderIdentity": "r elsewhere 1 x"}
            try:
                cluster.client.replace({**theirs, "spec": spec}, manager="test")
            except ApiError:  # it was renewed in between
                return False
            return True

        until(taken)

    return take


def test_a_lock_that_another_process_took_stops_the_undo(cluster: Cluster, taken: Callable[[], None]) -> None:
    first, last = Losing("a"), Losing("b", taken, fails=True)
    config = config_of(cluster.namespace, steps=(StepConfig("a", "a"), StepConfig("b", "b", retries=0)))
    with Session(kubeconfig=cluster.kubeconfig, steps={"a": first, "b": last}) as session:
        result = session.run(config)
        assert (result.status, result.exit_code, str(result.error)) == (Status.INTERRUPTED, Exit.TRANSIENT, "broken")
        assert "lock" in str(result.rollback_errors[0])
        assert (last.undone, first.undone) == (1, 0), "the rest is undone by whoever has the lock"
        assert session.story(result.run).status is Status.INTERRUPTED


def test_a_lock_that_another_process_took_stops_the_rollback_of_a_step(
    cluster: Cluster, taken: Callable[[], None]
) -> None:
    only = Losing("a", taken)
    config = config_of(cluster.namespace, steps=(StepConfig("a", "a"),))
    with Session(kubeconfig=cluster.kubeconfig, steps={"a": only}) as session:
        session.step(config, "a", Action.EXECUTE, "r", lambda _: None)
        result = session.step(config, "a", Action.ROLLBACK, "r", lambda _: None)
        assert (result.exit_code, only.undone) == (Exit.TRANSIENT, 1)
        last = session.story("r").attempts[-1]
        assert (last.action, last.result) == (Action.ROLLBACK, ""), "who has lost the target seals nothing either"


@pytest.mark.cluster
def test_an_undo_removes_the_webhook_that_stands_before_the_journal(
    real: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport.__init__, "__kwdefaults__", {**Transport.__init__.__kwdefaults__, "patience": 1.0})
    service = {"name": "nobody", "namespace": real.namespace, "port": 443}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["CREATE", "UPDATE"]}
    hook = {
        "name": "nobody.sternway.dev", "clientConfig": {"service": service}, "rules": [rule], "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": real.namespace}},
        "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
    }  # fmt: skip
    webhook = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": real.namespace}, "webhooks": [hook],
    }  # fmt: skip
    ref = Ref.of(webhook)
    try:
        with Session(kubeconfig=real.kubeconfig) as session:
            steps = (StepConfig("deploy", "deploy", retries=0),)
            result = session.run(config_of(real.namespace, config_map("m", v="1"), webhook, steps=steps))
            assert (result.status, result.exit_code) == (Status.UNDONE, Exit.FAILED), result
            assert session.story(result.run).status is Status.UNDONE
            assert [a.result for a in session.story(result.run).attempts if a.action == "rollback"] == ["done"]
        assert real.client.get(ref) is None
        assert data_of(real, "m") is None
    finally:
        Client.connect(real.kubeconfig).delete(ref, uid=None, propagation="Background")
