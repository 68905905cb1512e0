"""Rules: expressions, which rule judges, and ours for well-known operators."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.config.rules import KindRule
from sternway_steps.config.schema import VerifyConfig
from sternway_steps.objects.expressions import parse
from sternway_steps.registry.load import load
from sternway_steps.rollout.diagnose import Related, Verdict, diagnose
from sternway_steps.rollout.diagnose.operator_rules import OPERATOR_RULES
from sternway_steps.rollout.diagnose.rules import rule_of
from sternway_steps.rollout.diagnose.view import Observation

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_(kind: str, status: str | None = "True", reason: str = "R", since: float = 60, **more: Any) -> dict[str, Any]:
    made = {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": f"{kind} says so",
        "lastTransitionTime": ago(since),
    }
    return {key: value for key, value in {**made, **more}.items() if value is not None}


def one(
    kind: str, *conditions: dict[str, Any], spec: Any = None, annotations: Any = None, **status: Any
) -> dict[str, Any]:
    """An object of KIND.GROUP, long made, whose status has a word and conditions."""
    name, _, group = kind.partition(".")
    meta = {"name": "x", "uid": "u", "generation": 3, "creationTimestamp": ago(1000), "annotations": annotations or {}}
    made = {"apiVersion": f"{group}/v1", "kind": name, "metadata": meta, "spec": spec or {}}
    return {**made, "status": {**({"conditions": list(conditions)} if conditions else {}), **status}}


def judged(obj: dict[str, Any], *rules: KindRule) -> Verdict:
    return diagnose(obj, Related(), now=NOW, observation=Observation(has_status=True), rules=rules)


SHOP = one(
    "Shop.example.org", is_("Open"), is_("Clean", "False", "TooBusy"), spec={"size": 3, "floors": ["a", "b"]},
    annotations={"example.org/owner": "anna"},
    phase="Up", size=3, ready=True, error="", doors=[{"name": "front", "open": True}, {"name": "back", "open": True}],
    floors=[{"conditions": [is_("Lit")]}, {"conditions": [is_("Lit", "False")]}], counts={"a": 1, "b": 1}, nothing=[],
)  # fmt: skip
EXPRESSIONS = {
    "status.phase=Up": True,
    "status.phase = Up": True,
    "status.phase=Down|Up": True,
    "status.phase=Down": False,
    "status.phase=up": False,
    "status.phase!=Down": True,
    "status.phase!=Down|Up": False,
    "status.phase~^U": True,
    "status.phase~p$|x": True,
    "status.phase~^p": False,
    'status.phase="Up"': True,
    "status.size=3": True,
    "status.ready=true": True,
    "status.size=spec.size": True,
    "status.size!=spec.size": False,
    'status.size="spec.size"': False,
    "status.lost=spec.lost": False,
    "status.lost!=spec.lost": False,
    "status.lost=": True,
    "status.error=": True,
    "status.nothing=": True,
    "status.lost!=": False,
    "status.phase!=": True,
    "status.lost!=Up": True,
    "status.lost~x": False,
    "conditions[Open]=True": True,
    "status.conditions[Open]=True": True,
    "conditions[Open].reason=R": True,
    "conditions[Clean].reason~Busy$": True,
    "conditions[Lost]=True": False,
    "conditions[Lost]=": True,
    "conditions[Lost]!=": False,
    "conditions[Open]!=": True,
    "metadata.annotations[example.org/owner]=anna": True,
    "status.doors[*].open=true": True,
    "status.doors[front].open=true": True,
    "status.doors[0].name=front": True,
    "status.doors[2].name=": True,
    "status.floors[*].conditions[Lit]=True": False,
    "status.floors[0].conditions[Lit]=True": True,
    "status.counts[*]=1": True,
    "status.counts[b]=1": True,
    "status.nothing[*]=1": False,
    "status.phase=Up && status.size=3": True,
    "status.phase=Up && status.size=4": False,
    "status.phase=Down || status.size=3": True,
    "status.phase=Down && status.size=3 || status.ready=true": True,
}  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_what_an_expression_says(text: str) -> None:
    verdict = judged(SHOP, KindRule("Shop.example.org", (text,), ()))
    assert verdict.state == ("ready" if EXPRESSIONS[text] else "progressing")


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("status.phase=Up", True),
        ("status.floors[*].conditions[Lit]=False", True),  # of a failure any is enough
        ("status.nothing[*]=1", False),
        ("conditions[Open]=False", False),
    ],
)
def test_what_makes_a_failure(text: str, failed: bool) -> None:
    assert (judged(SHOP, KindRule("Shop.example.org", (), (text,))).state == "failed") is failed


def test_a_failure_by_a_condition_holds_for_its_grace_and_one_by_a_word_does_not() -> None:
    rule = KindRule("Shop.example.org", ("status.phase=Up",), ("conditions[Burning]=True", "status.phase=Ash"))
    burning = judged(one("Shop.example.org", is_("Burning", since=20), phase="Up"), rule)
    assert (burning.state, burning.decide_at) == ("progressing", NOW + timedelta(seconds=10))
    assert judged(one("Shop.example.org", is_("Burning", since=30), phase="Up"), rule).message == "Burning says so"
    ash = judged(one("Shop.example.org", phase="Ash", message="all gone"), rule)
    assert (ash.state, ash.reason, ash.message) == ("failed", "Ash", "all gone")
    assert judged(one("Shop.example.org", is_("Burning", observedGeneration=2), phase="Up"), rule).state == "ready"
    stalled = KindRule("Shop.example.org", (), ("conditions[Stalled]=True",))
    assert judged(one("Shop.example.org", is_("Stalled", since=1)), stalled).state == "failed"


def test_a_wait_says_what_is_and_what_would_be_ready() -> None:
    verdict = judged(SHOP, KindRule("Shop.example.org", ("status.phase=Up", "status.floors[*].conditions[Lit]=True")))
    assert verdict.message == (
        "status.floors[*].conditions[Lit] is False, True; ready when status.floors[*].conditions[Lit]=True"
    )


def test_what_a_rule_leaves_out_is_judged_as_without_it() -> None:
    broken = one("Shop.example.org", is_("Ready", "False", "SyncError"), phase="Up")
    up, down = ("status.phase=Up",), ("status.phase=Down",)
    assert judged(broken).state == "failed"
    assert judged(broken, KindRule("Shop.example.org", down)).state == "failed"
    assert judged(broken, KindRule("Shop.example.org", down, ())).state == "progressing"
    assert judged(broken, KindRule("Shop.example.org", None, ())).state == "progressing"
    assert judged(broken, KindRule("Shop.example.org", None, up)).state == "failed"
    assert judged(broken, KindRule("Shop.example.org", up)).state == "ready"
    well = one("Shop.example.org", is_("Ready"), phase="Up")
    assert judged(well, KindRule("Shop.example.org", None, down)).state == "ready"


def test_a_rule_waits_for_the_status_of_the_object_as_it_is_and_leaves_a_pause_alone() -> None:
    rule = KindRule("Shop.example.org", ("status.phase=Up",), ("status.phase=Down",))
    assert judged(one("Shop.example.org", phase="Down", observedGeneration=2), rule).reason == "NotObserved"
    assert judged(one("Shop.example.org", phase="Up", observedGeneration="2"), rule).reason == "NotObserved"
    assert judged(one("Shop.example.org", spec={"suspend": True}, phase="Down"), rule).reason == "Paused"


def test_the_users_rule_goes_before_ours_and_ours_before_the_judgement_of_any_object() -> None:
    running = one("Workflow.argoproj.io", phase="Running")
    assert judged(running).reason == "RuleWaits"
    assert judged(running, KindRule("Workflow.argoproj.io", ("status.phase=Running",))).state == "ready"
    assert judged(running, KindRule("Workflow.example.org", ("status.phase=Running",))).state == "progressing"
    first, second = KindRule("*.argoproj.io", ()), KindRule("Workflow|Rollout.argoproj.io", ("status.phase=X",))
    assert rule_of("argoproj.io", "Workflow", (first, second)) is first
    assert rule_of("argoproj.io", "Rollout", (second,)) is second
    assert rule_of("example.org", "Workflow", (first, second)) is None
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "status": {"phase": "Bound"},
    }
    ingress = {**claim, "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "status": {}}
    address = KindRule("Ingress.networking.k8s.io", ("status.loadBalancer.ingress!=",))
    assert judged(ingress).state == "ready"
    assert judged(ingress, address).state == "progressing"
    assert judged({**ingress, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}}, address).state == "ready"


CONFIG = """name: web
image: web:1
verify:
  rules:
    - {kind: Shop.example.org, ready: [status.phase=Up], failed: []}
    - kind: Bank|Vault.example.org
      failed: ["status.phase=Broke|Robbed", "conditions[Open].reason~Error$"]
"""


def test_rules_are_read_and_kept_in_the_journal(tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text(CONFIG)
    config = load(tmp_path / "sternway.yaml")
    assert config.verify.rules == (
        KindRule("Shop.example.org", ("status.phase=Up",), ()),
        KindRule("Bank|Vault.example.org", None, ("status.phase=Broke|Robbed", "conditions[Open].reason~Error$")),
    )
    written = json.loads(json.dumps(config.to_dict()))
    assert Config.from_dict(written).verify.rules == config.verify.rules
    written["verify"]["rules"][0]["ready"] = ["status.size >= 3"]  # as a newer version may write it
    assert Config.from_dict(written).verify.rules == config.verify.rules[1:]
    del written["verify"]["rules"], written["verify"]["grace"]["condition"]  # as an older version wrote it
    assert Config.from_dict(written).verify == VerifyConfig()


def says(**status: Any) -> dict[str, Any]:
    return status


def listeners(**conditions: str) -> list[dict[str, Any]]:
    return [{"name": "web", "conditions": [is_(kind, status) for kind, status in conditions.items()]}]


def parents(*conditions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"parentRef": {"name": "gw"}, "conditions": list(conditions)}]


READY = is_("Ready")
WAITS = is_("Ready", "Unknown", "Progressing")
GOOD_LISTENER = listeners(Accepted="True", ResolvedRefs="True", Programmed="True", Conflicted="False")
OURS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "Workflow.argoproj.io": (says(phase="Succeeded"), says(phase="Running"), says(phase="Error", message="exit 1")),
    "Rollout.argoproj.io": (
        says(phase="Healthy", observedGeneration="3"), says(phase="Progressing"), says(phase="Degraded", message="aborted"),
    ),
    "AnalysisRun.argoproj.io": (says(phase="Successful"), says(phase="Running"), says(phase="Inconclusive")),
    "Application.argoproj.io": (
        says(sync={"status": "Synced"}, health={"status": "Healthy"}),
        says(sync={"status": "OutOfSync"}, health={"status": "Healthy"}),
        says(sync={"status": "Unknown"}, conditions=[is_("ComparisonError", None, message="no such path")]),
    ),
    "OCIRepository.source.toolkit.fluxcd.io": (
        says(conditions=[READY]), says(conditions=[WAITS]), says(conditions=[is_("Ready", "False", "OCIArtifactPullFailed")]),
    ),
    "Kustomization.kustomize.toolkit.fluxcd.io": (
        says(conditions=[READY]), says(conditions=[is_("Ready", "False", "DependencyNotReady")]),
        says(conditions=[is_("Ready", "False", "BuildFailed")]),
    ),
    "HelmRelease.helm.toolkit.fluxcd.io": (
        says(conditions=[READY, is_("Released")]), says(conditions=[WAITS, is_("Released")]),
        says(conditions=[is_("Ready", "False", "RollbackSucceeded"), is_("Remediated", "True", "RollbackSucceeded")]),
    ),
    "Certificate.cert-manager.io": (
        says(conditions=[READY]), says(conditions=[is_("Ready", "False", "DoesNotExist"), is_("Issuing")]),
        says(conditions=[is_("Ready", "False", "DoesNotExist"), is_("Issuing", "False", "Failed")]),
    ),
    "CertificateRequest.cert-manager.io": (
        says(conditions=[READY]), says(conditions=[is_("Ready", "False", "Pending")]),
        says(conditions=[is_("Ready", "False", "Denied"), is_("Denied")]),
    ),
    "ClusterIssuer.cert-manager.io": (
        says(conditions=[READY]), says(conditions=[is_("Ready", "Unknown")]),
        says(conditions=[is_("Ready", "False", "ErrRegisterACMEAccount")]),
    ),
    "GatewayClass.gateway.networking.k8s.io": (
        says(conditions=[is_("Accepted")]), says(conditions=[is_("Accepted", "Unknown", "Pending")]),
        says(conditions=[is_("Accepted", "False", "InvalidParameters")]),
    ),
    "Gateway.gateway.networking.k8s.io": (
        says(conditions=[is_("Accepted"), is_("Programmed")], listeners=GOOD_LISTENER),
        says(conditions=[is_("Accepted"), is_("Programmed", "False", "AddressNotAssigned")], listeners=GOOD_LISTENER),
        says(conditions=[is_("Accepted"), is_("Programmed")], listeners=listeners(Accepted="True", ResolvedRefs="False")),
    ),
    "HTTPRoute.gateway.networking.k8s.io": (
        says(parents=parents(is_("Accepted"), is_("ResolvedRefs"))), says(parents=[]),
        says(parents=parents(is_("Accepted", "False", "NotAllowedByListeners"), is_("ResolvedRefs"))),
    ),
    "Provider.pkg.crossplane.io": (
        says(conditions=[is_("Installed"), is_("Healthy")]),
        says(conditions=[is_("Installed"), is_("Healthy", "False", "UnhealthyPackageRevision")]),
        says(conditions=[is_("Installed", "False", "UnpackingPackage", message="cannot unpack package"), is_("Healthy", "Unknown")]),
    ),
    "CompositeResourceDefinition.apiextensions.crossplane.io": (
        says(conditions=[is_("Established")]), says(conditions=[is_("Established", "False", "WatchingComposite")]),
        says(conditions=[is_("Established", "False", "ReconcileError")]),
    ),
    "Kafka.kafka.strimzi.io": (
        says(conditions=[READY], observedGeneration=3), says(conditions=[is_("NotReady", "True", "Creating")]),
        says(conditions=[is_("NotReady", "True", "TimeoutException")]),
    ),
    "Elasticsearch.elasticsearch.k8s.elastic.co": (
        says(phase="Ready", health="yellow"), says(phase="ApplyingChanges", health="yellow"), says(phase="Invalid", health="unknown"),
    ),
    "Kibana.kibana.k8s.elastic.co": (
        says(health="green"), says(health="red"), says(health="red", conditions=[is_("ReconciliationFailed")]),
    ),
    "ScaledObject.keda.sh": (
        says(conditions=[READY, is_("Active", "False")]), says(conditions=[is_("Ready", "Unknown"), is_("Active", "Unknown")]),
        says(conditions=[is_("Ready", "False", "ScaledObjectCheckFailed")]),
    ),
    "ExternalSecret.external-secrets.io": (
        says(conditions=[READY]), says(conditions=[]), says(conditions=[is_("Ready", "False", "SecretSyncedError")]),
    ),
    "ClusterExternalSecret.external-secrets.io": (
        says(conditions=[READY]), says(provisionedNamespaces=["a"]), says(conditions=[is_("PartiallyReady")]),
    ),
    "SealedSecret.bitnami.com": (
        says(conditions=[is_("Synced")]), says(observedGeneration=3), says(conditions=[is_("Synced", "False", "")]),
    ),
    "Backup.velero.io": (says(phase="Completed"), says(phase="InProgress"), says(phase="PartiallyFailed")),
    "Schedule.velero.io": (says(phase="Enabled"), says(phase="New"), says(phase="FailedValidation")),
    "ClusterServiceVersion.operators.coreos.com": (
        says(phase="Succeeded"), says(phase="Failed", reason="ComponentUnhealthy"), says(phase="Failed", reason="InvalidInstallModes"),
    ),
    "Subscription.operators.coreos.com": (
        says(state="AtLatestKnown"), says(state="UpgradePending", installedCSV="x.v1"), says(conditions=[is_("ResolutionFailed")]),
    ),
    "InstallPlan.operators.coreos.com": (says(phase="Complete"), says(phase="RequiresApproval"), says(phase="Failed")),
    "IstioOperator.install.istio.io": (says(status="HEALTHY"), says(status="UPDATING"), says(status="ERROR")),
    "VirtualService.networking.istio.io": (
        says(validationMessages=[{"level": "INFO"}], observedGeneration=3), says(conditions=[is_("Reconciled", "False")]),
        says(validationMessages=[{"level": "INFO"}, {"level": "ERROR"}]),
    ),
    "Service.serving.knative.dev": (
        says(conditions=[READY], observedGeneration=3), says(conditions=[is_("Ready", "Unknown", "RevisionMissing")]),
        says(conditions=[is_("Ready", "False", "RevisionMissing")]),
    ),
    "KnativeServing.operator.knative.dev": (
        says(conditions=[READY]), says(conditions=[is_("Ready", "False"), is_("InstallSucceeded", "Unknown")]),
        says(conditions=[is_("Ready", "False"), is_("InstallSucceeded", "False")]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", OURS)
def test_one_that_is_ready_one_that_waits_and_one_that_failed(kind: str) -> None:
    states = ("ready", "progressing", "failed")
    assert [judged(one(kind, **status)).state for status in OURS[kind]] == list(states)
    late = diagnose(
        one(kind, **OURS[kind][1]), Related(), now=NOW + timedelta(hours=9), observation=Observation(has_status=True)
    )
    assert late.state == "progressing"  # what waits does not fail, nor get ready, with time


def test_each_of_our_rules_has_its_objects_and_can_be_read() -> None:
    tried = {rule_of(*reversed(kind.split(".", 1)), ()) for kind in OURS}
    assert tried == set(OPERATOR_RULES)
    assert len(OPERATOR_RULES) >= 25
    for rule in OPERATOR_RULES:
        for text in (*(rule.ready or ()), *(rule.failed or ())):
            assert parse(text)


def test_what_is_as_its_owner_wants_it_is_ready() -> None:
    manual = one(
        "Subscription.operators.coreos.com",
        spec={"installPlanApproval": "Manual"},
        state="UpgradePending",
        installedCSV="x.v1",
    )
    assert judged(manual).state == "ready"
    paused = judged(one("Rollout.argoproj.io", phase="Paused", message="CanaryPauseStep"))
    assert (paused.state, paused.reason) == ("ready", "Paused")
    note = {"rollout.argoproj.io/workload-generation": "7"}
    assert (
        judged(one("Rollout.argoproj.io", annotations=note, phase="Healthy", workloadObservedGeneration="6")).state
        == "progressing"
    )
    assert (
        judged(one("Rollout.argoproj.io", annotations=note, phase="Healthy", workloadObservedGeneration="7")).state
        == "ready"
    )


def test_what_ended_well_before_it_is_deleted_by_its_time_to_live_has_not_failed() -> None:
    def leaving(kind: str, **status: Any) -> Verdict:
        made = one(kind, **status)
        return judged({**made, "metadata": {**made["metadata"], "deletionTimestamp": ago(1)}})

    assert leaving("Workflow.argoproj.io", phase="Succeeded").state == "ready"
    assert leaving("Task.example.org", phase="Completed").state == "ready"
    assert leaving("Workflow.argoproj.io", phase="Error", message="exit 1").message == "exit 1"
    assert leaving("Workflow.argoproj.io", phase="Running").reason == "Terminating"
