"""Custom resources of no known kind: what their status says, and what becomes of it with time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sternway_steps.config.schema import Grace
from sternway_steps.rollout.diagnose import Related, Verdict, diagnose
from sternway_steps.rollout.diagnose.freshness import reasons_since
from sternway_steps.rollout.diagnose.view import Observation

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
AGES = 1000.0


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shop(
    *conditions: dict[str, Any], changed: float = AGES, written: float | None = 0, spec: Any = None, **status: Any
) -> dict[str, Any]:
    """A custom resource of generation 2; `changed` by us and its status `written` that many seconds ago."""
    entries: list[dict[str, Any]] = [
        {"manager": "sternway-t", "operation": "Apply", "time": ago(changed), "fieldsV1": {}}
    ]
    if written is not None:
        entries.append({"manager": "o", "time": ago(written), "subresource": "status", "fieldsV1": {"f:status": {}}})
    meta = {"name": "s", "uid": "u", "generation": 2, "creationTimestamp": ago(2 * AGES), "managedFields": entries}
    made = {"apiVersion": "example.com/v1", "kind": "Shop", "metadata": meta, "spec": spec or {}}
    if conditions:
        status["conditions"] = list(conditions)
    return {**made, "status": status} if status else made


def is_(
    kind: str, status: str, reason: str = "R", message: str = "m", since: float | None = 5, **more: Any
) -> dict[str, Any]:
    found = {"type": kind, "status": status, "reason": reason, "message": message, **more}
    return {**found, "lastTransitionTime": ago(since)} if since is not None else found


def judged(obj: dict[str, Any], **observation: Any) -> Verdict:
    return diagnose(obj, Related(), now=NOW, observation=Observation(**{"has_status": True, **observation}))


READY = is_("Ready", "True")
STATUS = dict[str, Any]
WAITS, FAILS, IS_READY = "progressing", "failed", "ready"
TABLE: dict[str, tuple[dict[str, Any], str, str]] = {
    # Has the controller seen the change?
    "generation lags as a number": (shop(READY, observedGeneration=1), WAITS, "NotObserved"),
    "generation lags as digits": (shop(READY, observedGeneration="1"), WAITS, "NotObserved"),
    "generation seen as digits": (shop(READY, observedGeneration="2"), IS_READY, "Ready"),
    "generation that is a hash": (shop(READY, observedGeneration="7f9c4d"), IS_READY, "Ready"),
    "a condition's generation lags": (shop(is_("Ready", "True", observedGeneration=1)), WAITS, "NotObserved"),
    "a fault of an older generation": (shop(is_("Degraded", "True", since=99, observedGeneration=1), READY), IS_READY, "Ready"),
    "no status yet": (shop(changed=9), WAITS, "NoStatus"),
    "no status for ten seconds": (shop(changed=10), IS_READY, "Exists"),
    "no condition yet": (shop(changed=9, conditions=[]), WAITS, "NoStatus"),
    "nothing that tells, yet": (shop(is_("Weird", "False"), changed=9), WAITS, "NoStatus"),
    "nothing that tells, of this generation": (shop(is_("Weird", "False"), changed=9, observedGeneration=2), IS_READY, "Exists"),
    "status from before the change": (shop(READY, changed=5, written=8), WAITS, "OldStatus"),
    "status of the same second as the change": (shop(READY, changed=5, written=5), WAITS, "OldStatus"),
    "status from after the change": (shop(READY, changed=5, written=4), IS_READY, "Ready"),
    "status from before the change, with its generation": (shop(READY, changed=5, written=8, observedGeneration=2), IS_READY, "Ready"),
    "status from before the change, ten seconds later": (shop(READY, changed=10, written=12), IS_READY, "Ready"),
    # Final words.
    "Stalled": (shop(is_("Stalled", "True"), READY), FAILS, "R"),
    "not Stalled": (shop(is_("Stalled", "False"), READY), IS_READY, "Ready"),
    "Failed": (shop(is_("Failed", "True")), FAILS, "R"),
    "gave up": (shop(is_("Progressing", "False", "ProgressDeadlineExceeded")), FAILS, "ProgressDeadlineExceeded"),
    "aborted": (shop(is_("Progressing", "False", "RolloutAborted"), READY), FAILS, "RolloutAborted"),
    "done progressing": (shop(is_("Progressing", "False", "Complete"), READY), IS_READY, "Ready"),
    # Faults hold for their grace, then fail.
    **{f"{kind}, new": (shop(is_(kind, "True", since=29), READY), WAITS, "R") for kind in ("Degraded", "Error", "InvalidSpec", "SyncFailed", "BuildFailure", "SpecError", "ErrorOccurred")},
    **{f"{kind} has held": (shop(is_(kind, "True", since=30), READY), FAILS, "R") for kind in ("Degraded", "Error", "InvalidSpec", "SyncFailed", "BuildFailure", "SpecError", "ErrorOccurred")},
    "Degraded is False": (shop(is_("Degraded", "False", "NoError"), READY), IS_READY, "Ready"),
    "Degraded is Unknown": (shop(is_("Degraded", "Unknown"), READY), IS_READY, "Ready"),
    "Degraded since before our change": (shop(is_("Degraded", "True", since=500), changed=20, observedGeneration=2), WAITS, "R"),
    "Degraded without a time": (shop(is_("Degraded", "True", since=None), changed=31), FAILS, "R"),
    "NotReady while it is made": (shop(is_("NotReady", "True", "Creating", since=500)), WAITS, "Creating"),
    "NotReady for a fault": (shop(is_("NotReady", "True", "InvalidResourceException", since=30)), FAILS, "InvalidResourceException"),
    "Ready is False for a fault, new": (shop(is_("Ready", "False", "ReconcileError", since=29)), WAITS, "ReconcileError"),
    "Ready is False for a fault that has held": (shop(is_("Ready", "False", "ReconcileError", since=30)), FAILS, "ReconcileError"),
    "Ready is Unknown for a fault": (shop(is_("Ready", "Unknown", "ReconcileError", since=500)), WAITS, "ReconcileError"),
    "Ready is False while it is made, for long": (shop(is_("Ready", "False", "Creating", since=500)), WAITS, "Creating"),
    "Ready is False and its message tells a fault": (shop(is_("Ready", "False", "", "Failed to reach it", since=30)), FAILS, "Ready"),
    "a fault comes before a retry": (shop(is_("Reconciling", "True"), is_("Ready", "False", "FetchError", since=30)), FAILS, "FetchError"),
    # All that is well must be there.
    **{f"{kind} is True": (shop(is_(kind, "True")), IS_READY, kind) for kind in ("Ready", "Available", "Healthy", "Succeeded", "Complete", "Completed", "Established", "Accepted", "Programmed", "ResolvedRefs", "Synced", "Valid", "Reconciled", "Deployed", "Promoted", "Compliant")},
    **{f"{kind} is not True beside Ready": (shop(READY, is_(kind, "False")), WAITS, "R") for kind in ("Available", "Healthy", "Succeeded", "Accepted", "ResolvedRefs", "Synced", "Compliant")},
    "Ready is a word of its own": (shop(is_("Ready", "Partly")), WAITS, "R"),
    "a part is not ready": (shop(is_("WebhookReady", "True"), is_("StoreReady", "False")), WAITS, "R"),
    "a part with a domain is not available": (shop(is_("example.org/app-available", "False")), WAITS, "R"),
    "a part is not ready, the whole is": (shop(READY, is_("StoreReady", "False")), IS_READY, "Ready"),
    "NotAvailable is no part": (shop(is_("NotAvailable", "False")), IS_READY, "Exists"),
    "an unknown condition is False": (shop(is_("Initialized", "False", "BadError", since=500)), IS_READY, "Exists"),
    "Reconciling": (shop(is_("Reconciling", "True"), READY), WAITS, "R"),
    # Parts with conditions of their own.
    **{f"{key}: not accepted": (shop(**{key: [{"name": "a", "conditions": [is_("Accepted", "False", "Pending")]}]}), WAITS, "Pending") for key in ("parents", "ancestors", "listeners")},
    **{f"{key}: refused": (shop(READY, **{key: [{"conditions": [is_("Accepted", "True")]}, {"conditions": [is_("ResolvedRefs", "False", "InvalidKind", since=30)]}]}), FAILS, "InvalidKind") for key in ("parents", "ancestors", "listeners")},
    "a parent has not seen it": (shop(parents=[{"conditions": [is_("Accepted", "True", observedGeneration=1)]}]), WAITS, "NotObserved"),
    "all parents accepted it": (shop(parents=[{"conditions": [is_("Accepted", "True")]}]), IS_READY, "Accepted"),
    "a parent says nothing yet": (shop(changed=9, parents=[{"conditions": [is_("Accepted", "True")]}, {"conditions": []}]), WAITS, "NoStatus"),
    # One word for all.
    **{f"{key} {word}": (shop(**{key: word}), WAITS, word) for key, word in (("phase", "Pending"), ("phase", "Progressing"), ("state", "Degraded"), ("state", "FAILED"), ("health", "yellow"), ("phase", "ScalingUp"), ("currentState", "Waiting for pods"), ("status", "not ready"), ("state", "DEPLOYED_NOT_READY"), ("health", "NonCompliant"))},
    **{f"{key} {word} is no wait": (shop(**{key: word}), IS_READY, reason) for key, word, reason in (("phase", "Running", "Running"), ("state", "Frobnicated", "Exists"), ("desiredState", "Failed", "Exists"), ("lastPhase", "Failed", "Exists"), ("health", "green", "green"), ("syncStatus", "Not configured", "Exists"), ("state", "NoError", "NoError"))},
    "a word within": (shop(application={"state": "Failed"}), WAITS, "Failed"),
    "a word of an earlier time": (shop(lastOperation={"state": "Failed"}), IS_READY, "Exists"),
    "Ready over a word": (shop(READY, phase="Degraded"), IS_READY, "Ready"),
    "another condition does not rule a word out": (shop(is_("Synced", "True"), phase="Degraded"), WAITS, "Degraded"),
    "ready: false": (shop(ready=False), WAITS, "false"),
    "a word comes with its reason": (shop(phase="Failed", message="no money"), WAITS, "Failed"),
    "a word that is well is enough": (shop(phase="Running", changed=1), IS_READY, "Running"),
    # On purpose.
    "suspended": (shop(is_("Ready", "False", "Error", since=500), spec={"suspend": True}, observedGeneration=1), IS_READY, "Paused"),
    "paused": (shop(spec={"paused": True}, changed=1), IS_READY, "Paused"),
    "not paused": (shop(READY, spec={"paused": False}), IS_READY, "Ready"),
    "paused by its controller's word": (shop(is_("Synced", "False", "ReconcilePaused")), IS_READY, "Paused"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_verdict(case: str) -> None:
    obj, state, reason = TABLE[case]
    verdict = judged(obj)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_wait_says_when_it_is_over_and_why() -> None:
    told = [
        judged(shop(changed=4)),
        judged(shop(READY, changed=4, written=5)),
        judged(shop(is_("Degraded", "True", since=10))),
    ]
    assert [verdict.decide_at for verdict in told] == [NOW + timedelta(seconds=left) for left in (6, 6, 20)]
    word = judged(shop(phase="Failed", message="no money")).cause
    assert word is not None
    assert word.message == "no money"
    part = judged(
        shop(
            listeners=[{"name": "web", "conditions": [is_("Programmed", "False", "Invalid", "no such port", since=30)]}]
        )
    )
    assert part.message == "listeners[web]: no such port"


def test_a_kind_whose_status_nobody_writes_is_ready_when_it_exists() -> None:
    assert judged(shop(changed=0), has_status=False).reason == "Exists"


def test_a_change_that_managed_fields_do_not_tell_counts_too() -> None:
    """An undo gives managedFields back as they were."""
    undone = shop(READY, changed=AGES, written=20)
    assert judged(undone).state == "ready"
    assert judged(undone, written=NOW - timedelta(seconds=5)).reason == "OldStatus"
    degraded = shop(is_("Degraded", "True", since=500), observedGeneration=2)
    assert judged(degraded, written=NOW - timedelta(seconds=5)).decide_at == NOW + timedelta(seconds=25)


def test_the_first_version_of_an_object_has_no_older_status() -> None:
    made = shop(READY, changed=5, written=5)
    made["metadata"]["generation"] = 1
    assert judged(made).reason == "Ready"


def test_a_reason_that_came_later_is_counted_from_then() -> None:
    """Ready stays False, so that its lastTransitionTime stays, while Creating becomes an error."""
    creating = shop(is_("Ready", "False", "Creating", since=500), written=500)
    wrong = shop(is_("Ready", "False", "FetchError", since=500), written=12)
    since = reasons_since(creating, {})
    assert since == {("", "Ready", "Creating"): NOW - timedelta(seconds=500)}
    since = reasons_since(wrong, since)
    assert judged(wrong).state == "failed"  # without a watch nothing else is known
    assert judged(wrong, since=since).decide_at == NOW + timedelta(seconds=18)
    again = shop(is_("Ready", "False", "FetchError", since=500), retries=3, written=1)
    assert reasons_since(again, since) == since  # a status that is written again for another field changes nothing
    assert ("", "Ready", "FetchError") not in reasons_since(creating, since)


def test_the_grace_of_a_condition_is_configured() -> None:
    bad = shop(is_("Degraded", "True", since=5))
    observation = Observation(has_status=True)
    assert diagnose(bad, Related(), now=NOW, grace=Grace(condition=5), observation=observation).state == "failed"
    assert diagnose(bad, Related(), now=NOW, grace=Grace(condition=6), observation=observation).state == "progressing"


WORDS = st.sampled_from(
    [
        "conditions",
        "parents",
        "listeners",
        "type",
        "status",
        "reason",
        "message",
        "phase",
        "Ready",
        "True",
        "False",
        "Degraded",
        "Error",
        "observedGeneration",
        "lastTransitionTime",
        "parentRef",
        "name",
        "2026-01-01",
        "2026-01-01 10:00:00",
        "soon",
    ]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=5),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(status=ANY, found=st.lists(st.dictionaries(WORDS, ANY, max_size=5), max_size=3))
def test_whatever_an_operator_writes_gets_a_verdict(status: Any, found: list[Any]) -> None:
    for written in (status, {"conditions": found}, {"parents": found}, {"listeners": [{"conditions": found}]}):
        for kind in ("Shop", "Workflow"):
            made = {**shop(), "kind": kind, "status": written}
            assert judged({**made, "apiVersion": "argoproj.io/v1"}, since=reasons_since(made, {})).state in (
                WAITS,
                FAILS,
                IS_READY,
            )
