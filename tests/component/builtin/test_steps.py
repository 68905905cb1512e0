"""Each step by itself, on the sandbox: execute, rollback, and the object is gone or as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.builtin.deploy.step import Deploy
from sternway_steps.builtin.validate.step import Validate
from sternway_steps.builtin.verify.step import Verify
from sternway_steps.config import Config, HttpCheck, VerifyConfig
from sternway_steps.errors import Failed, Refused, Transient
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import cut
from sternway_steps.step import Action, Context, Step

from tests.helpers import config_map, config_of, deployment, state_of

PIPELINE = tuple(step.spec for step in builtin_steps().values())


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "shops.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"kind": "Shop", "plural": "shops"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    },
}  # fmt: skip
SHOP = {"apiVersion": "example.com/v1", "kind": "Shop", "metadata": {"name": "s"}, "spec": {}}


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield client
    client.close()


class Bench:
    """Runs a step's actions as a runner would, one journal a run."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self._folder = client, folder

    def context(self, step: Step, action: Action, config: Config, run: str = "r1") -> Context:
        record = RunJournal(FileStore(self._folder), run, "t").begin(step.spec.name, action)
        return Context(run, step.spec.name, record.key.attempt, config, {}, record, lambda: self.client, PIPELINE)

    def do(self, step: Step, action: Action, config: Config, run: str = "r1") -> Any:
        context = self.context(step, action, config, run)
        return step.execute(context) if action is Action.EXECUTE else step.rollback(context)

    def state(self, name: str = "m") -> Any:
        return state_of(self.client.get(Ref("v1", "ConfigMap", "default", name)))


@pytest.fixture
def bench(client: Client, tmp_path: Path) -> Bench:
    return Bench(client, tmp_path)


def test_deploy_and_back_to_nothing(bench: Bench) -> None:
    config = config_of("default", config_map("m", a="1"))
    bench.do(Deploy(), Action.EXECUTE, config)
    assert bench.state() is not None
    assert "1 deleted" in bench.do(Deploy(), Action.ROLLBACK, config).summary
    assert bench.state() is None


def test_deploy_and_back_to_what_was(bench: Bench) -> None:
    bench.do(Deploy(), Action.EXECUTE, config_of("default", config_map("m", a="1", b="1")), "r0")
    before = bench.state()
    config = config_of("default", config_map("m", a="2", c="3"))
    bench.do(Deploy(), Action.EXECUTE, config)
    assert bench.state() != before
    bench.do(Deploy(), Action.ROLLBACK, config)
    assert bench.state() == before
    again = bench.do(Deploy(), Action.ROLLBACK, config)
    assert "unchanged" in again.summary
    assert bench.state() == before


def test_a_rollback_of_what_never_ran_does_nothing(bench: Bench) -> None:
    assert bench.do(Deploy(), Action.ROLLBACK, config_of("default", config_map("m"))).summary == "nothing to undo"


def test_an_attempt_that_was_tried_again_goes_back_to_before_the_first(bench: Bench, sternway_sandbox: Sandbox) -> None:
    bench.do(Deploy(), Action.EXECUTE, config_of("default", config_map("m", a="1"), config_map("n", a="1")), "r0")
    before = bench.state("m"), bench.state("n")
    config = config_of("default", config_map("m", a="2"), config_map("n", a="2"))
    sternway_sandbox.faults.when(lambda r: r.method == "PATCH" and r.path.endswith("/n"), cut(), times=20)
    context = bench.context(Deploy(), Action.EXECUTE, config)
    bench.client.transport._patience = 0.3
    with pytest.raises(Transient):
        Deploy().execute(context)
    sternway_sandbox.faults.reset()
    bench.do(Deploy(), Action.EXECUTE, config)
    assert (bench.state("m"), bench.state("n")) != before
    bench.do(Deploy(), Action.ROLLBACK, config)
    assert (bench.state("m"), bench.state("n")) == before


def test_an_object_that_changes_between_snapshot_and_apply_is_not_overwritten(
    bench: Bench, sternway_sandbox: Sandbox
) -> None:
    from sternway_steps.sandbox.faults import call

    bench.do(Deploy(), Action.EXECUTE, config_of("default", config_map("m", a="1")), "r0")
    other = Client.connect(sternway_sandbox.kubeconfig)

    def meddle() -> None:
        other.patch(Ref("v1", "ConfigMap", "default", "m"), {"data": {"z": "theirs"}}, manager="somebody")

    sternway_sandbox.faults.when(lambda r: "fieldManager=sternway&" in r.query, call(before=meddle))
    with pytest.raises(Transient, match="changed by somebody else after its snapshot"):
        bench.do(Deploy(), Action.EXECUTE, config_of("default", config_map("m", a="2")))
    other.close()
    live = bench.client.get(Ref("v1", "ConfigMap", "default", "m"))
    assert live is not None
    assert live["data"] == {"a": "1", "z": "theirs"}


def test_deploy_writes_its_journal_a_fixed_number_of_times(client: Client, sternway_sandbox: Sandbox) -> None:
    from sternway_steps.journal.backends.secrets import SecretStore

    counts = []
    for number, size in enumerate((2, 60)):
        config = config_of("default", *(config_map(f"m{number}-{n}", a="1") for n in range(size)))
        record = RunJournal(SecretStore(client, "default"), f"r{number}", "t").begin("deploy", Action.EXECUTE)
        sternway_sandbox.faults.reset()
        Deploy().execute(Context(f"r{number}", "deploy", 1, config, {}, record, lambda: client, PIPELINE))
        counts.append(sum("secrets" in request.path for request in sternway_sandbox.requests))
        objects = [request for request in sternway_sandbox.requests if "configmaps" in request.path]
        assert len(objects) <= 2 * size
    assert counts[0] == counts[1] == 2


def test_definitions_come_before_their_objects_and_go_after_them(bench: Bench) -> None:
    config = config_of("default", SHOP, CRD)
    bench.do(Deploy(), Action.EXECUTE, config)
    assert bench.client.get(Ref("example.com/v1", "Shop", "default", "s")) is not None
    bench.do(Deploy(), Action.ROLLBACK, config)
    assert (
        bench.client.get(Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, "shops.example.com")) is None
    )


def test_a_namespace_with_other_content_is_kept_and_said(bench: Bench) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    mine = config_map("m", a="1")
    mine["metadata"]["namespace"] = "shop"
    config = config_of("default", namespace, mine)
    bench.do(Deploy(), Action.EXECUTE, config)
    other = config_map("other")
    other["metadata"]["namespace"] = "shop"
    bench.client.create(other, manager="somebody")
    done = bench.do(Deploy(), Action.ROLLBACK, config)
    kept = next(item for item in done.items if item.result == "kept")
    assert "configmap/other" in kept.why
    assert bench.client.get(Ref("v1", "ConfigMap", "shop", "m")) is None
    bench.client.delete(Ref("v1", "ConfigMap", "shop", "other"), uid=None, propagation="Background")
    bench.do(Deploy(), Action.ROLLBACK, config)
    assert bench.client.get(Ref("v1", "Namespace", None, "shop")) is None


def test_validate_takes_what_is_good_and_changes_nothing(bench: Bench) -> None:
    done = bench.do(Validate(), Action.EXECUTE, config_of("default", config_map("m"), deployment("d")))
    assert "2 objects are valid" in done.summary
    assert bench.state() is None


@pytest.mark.parametrize(
    ("verb", "resource"),
    [("patch", "configmaps"), ("delete", "configmaps"), ("update", "configmaps"), ("create", "secrets")],
)
def test_validate_asks_for_the_rights_of_the_run_and_its_undo(
    bench: Bench, sternway_sandbox: Sandbox, verb: str, resource: str
) -> None:
    sternway_sandbox.access.deny(verb, resource)
    with pytest.raises(Refused, match=f"not allowed: {verb} {resource} in default"):
        bench.do(Validate(), Action.EXECUTE, config_of("default", config_map("m")))


def test_validate_finds_everything_at_once(bench: Bench) -> None:
    bad = deployment("d")
    bad["spec"]["replica"] = 3
    worse = config_map("Not_Good")
    with pytest.raises(Refused) as raised:
        bench.do(Validate(), Action.EXECUTE, config_of("default", bad, worse))
    assert "spec.replica" in str(raised.value)
    assert "metadata.name" in str(raised.value)
    with pytest.raises(Refused, match="namespace nowhere does not exist"):
        bench.do(Validate(), Action.EXECUTE, config_of("nowhere", config_map("m")))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"status": 404}, "status 200 instead of 404"),
        ({"contains": "welcome"}, "does not contain 'welcome'"),
        ({"port": "81", "path": "/ready", "status": 503}, "status 200 instead of 503"),
    ],
)
def test_http_checks_say_what_came(bench: Bench, wanted: dict[str, Any], words: str) -> None:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "d"},
        "spec": {"selector": {"app": "d"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }  # fmt: skip
    check = HttpCheck(**{"service": "d", "port": "80", "retries": 1, "interval": 0.01, **wanted})
    config = config_of("default", service, deployment("d"), verify=VerifyConfig(deadline=20, http=(check,)))
    bench.do(Deploy(), Action.EXECUTE, config)
    with pytest.raises(Failed, match=words) as raised:
        bench.do(Verify(), Action.EXECUTE, config)
    assert "app 1 on d-" in str(raised.value.details) or "ready" in str(raised.value.details)


def test_a_stateful_set_names_the_claims_it_leaves(bench: Bench) -> None:
    stateful = {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {
            "replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "db:1"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
        },
    }  # fmt: skip
    config = config_of("default", stateful)
    bench.do(Deploy(), Action.EXECUTE, config)
    assert "ready" in bench.do(Verify(), Action.EXECUTE, config).summary
    done = bench.do(Deploy(), Action.ROLLBACK, config)
    assert "kept its claims: data-db-0, data-db-1" in done.items[0].why
    assert len(bench.client.list("v1", "PersistentVolumeClaim", "default").items) == 2


def test_a_kind_that_is_gone_is_no_obstacle_to_an_undo(bench: Bench) -> None:
    config = config_of("default", SHOP, CRD)
    bench.do(Deploy(), Action.EXECUTE, config)
    definition = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, "shops.example.com")
    bench.client.delete(definition, uid=None, propagation="Background")
    bench.client.forget_discovery()
    done = bench.do(Deploy(), Action.ROLLBACK, config)
    assert {item.result for item in done.items} == {"absent"}


def test_a_kind_that_nobody_serves_is_refused(bench: Bench) -> None:
    strange = {"apiVersion": "apps/v1", "kind": "Deploymnet", "metadata": {"name": "s"}}
    with pytest.raises(Refused, match="did you mean Deployment"):
        bench.do(Deploy(), Action.EXECUTE, config_of("default", strange))


def test_a_session_gives_a_step_what_its_spec_declares(sternway_sandbox: Sandbox) -> None:
    from dataclasses import replace

    from sternway_steps.config import StepConfig
    from sternway_steps.session import Session
    from sternway_steps.step import Effects, Outcome, StepSpec

    class Odd:
        def __init__(self, **spec: Any) -> None:
            self.spec = StepSpec("odd", Effects.NONE, **spec)

        def execute(self, context: Context) -> Outcome:
            return Outcome(context.client.server)

        def rollback(self, context: Context) -> Outcome:
            return Outcome("")

    config = replace(config_of("default"), steps=(StepConfig("odd", "odd"),))
    for step, words in (
        (Odd(needs_cluster=False), "it needs no cluster"),
        (Odd(programs=("no-such-program",)), "not on PATH"),
    ):
        with Session(kubeconfig=sternway_sandbox.kubeconfig, steps={"odd": step}) as session:
            try:
                error: object = session.run(config).error
            except Refused as refused:
                error = refused
            assert words in str(error)
