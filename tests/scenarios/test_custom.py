"""Custom resources come up, lag behind, or fail by what their controller writes into the status."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sternway_steps.config import VerifyConfig
from sternway_steps.config.rules import KindRule
from sternway_steps.config.schema import Grace
from sternway_steps.journal.replay import Status
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.result import Result
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_of, until

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]
"""What a controller makes of an object: its status, or None for none yet."""


class Kind:
    """A custom kind with a /status, of the test's own group, and a controller for it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.group = cluster, f"{cluster.namespace}.example.com"
        self.ref = Ref(f"{self.group}/v1", "Shop", cluster.namespace, "s")

    def manifest(self, size: int) -> dict[str, Any]:
        return {"apiVersion": f"{self.group}/v1", "kind": "Shop", "metadata": {"name": "s"}, "spec": {"size": size}}

    def live(self) -> dict[str, Any] | None:
        return self.cluster.client.get(self.ref)

    def write(self, status: dict[str, Any]) -> None:
        path = f"/apis/{self.group}/v1/namespaces/{self.cluster.namespace}/shops/s/status"
        self.cluster.client.raw(
            "PATCH", path, query={"fieldManager": "operator"}, body={"status": status},
            content_type="application/merge-patch+json",
        )  # fmt: skip

    @contextmanager
    def controller(self, answer: Answer) -> Iterator[None]:
        """Write what `answer` says whenever the object's status is another one."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(0.05):
                with suppress(ApiError):  # it was deleted, or changed meanwhile: look again
                    live = self.live()
                    wanted = answer(live) if live is not None else None
                    if live is not None and wanted is not None and wanted != live.get("status"):
                        self.write({**dict.fromkeys(live.get("status") or {}), **wanted})  # null: what is no more

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.fixture
def kind(cluster: Cluster) -> Iterator[Kind]:
    made = Kind(cluster)
    crd = cluster.client.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"shops.{made.group}"},
            "spec": {"group": made.group, "scope": "Namespaced", "names": {"kind": "Shop", "plural": "shops"}, "versions": [{
                "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]},
        },
        manager="test",
    )  # fmt: skip
    wait_until_served(cluster.client, [Ref.of(crd)], lambda: None)
    yield made
    if cluster.real:
        cluster.client.delete(Ref.of(crd), uid=None, propagation="Background")


def condition(kind: str, status: str, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, **more}


def ready(live: dict[str, Any]) -> dict[str, Any]:
    seen = live["metadata"]["generation"]
    return {"observedGeneration": seen, "conditions": [condition("Ready", "True", "Up", "it is up")]}


def run(kind: Kind, size: int, told: list[str] | None = None, **keys: Any) -> Result:
    lines: list[str] = [] if told is None else told
    with Session(kubeconfig=kind.cluster.kubeconfig) as session:
        keys.setdefault("verify", VerifyConfig(deadline=40, grace=Grace(condition=1)))
        config = config_of(kind.cluster.namespace, kind.manifest(size), **keys)
        return session.run(config, lambda event: lines.append(str(event)))


def test_one_that_has_no_status_yet_is_waited_for_until_it_is_ready(kind: Kind) -> None:
    began: list[float] = []

    def slowly(live: dict[str, Any]) -> dict[str, Any] | None:
        began[:] = began or [time.monotonic()]
        if time.monotonic() - began[0] < 1:
            return None
        if time.monotonic() - began[0] < 2:
            return {"conditions": [condition("Ready", "False", "Creating", "it is being made")]}
        return ready(live)

    told: list[str] = []
    with kind.controller(slowly):
        result = run(kind, 1, told)
    assert result.status is Status.SUCCEEDED, result
    assert time.monotonic() - began[0] >= 2
    assert any("it has no status yet" in line for line in told)
    assert any("it is being made" in line for line in told)


def test_one_whose_controller_has_not_seen_the_change_is_not_ready_by_its_old_word(kind: Kind) -> None:
    with kind.controller(ready):
        assert run(kind, 1).status is Status.SUCCEEDED
    changed: list[float] = []

    def late(live: dict[str, Any]) -> dict[str, Any] | None:
        if live["spec"]["size"] == 1:
            return None
        changed[:] = changed or [time.monotonic()]
        return ready(live) if time.monotonic() - changed[0] > 1.5 else None

    told: list[str] = []
    with kind.controller(late):
        result = run(kind, 2, told)
    assert result.status is Status.SUCCEEDED, result
    assert time.monotonic() - changed[0] > 1.5
    assert any("its controller has not seen the change yet" in line for line in told)


def test_an_old_word_without_a_generation_counts_only_when_it_is_said_again(kind: Kind) -> None:
    def up(live: dict[str, Any]) -> dict[str, Any]:
        return {"size": live["spec"]["size"], "conditions": [condition("Ready", "True", "Up", "it is up")]}

    with kind.controller(up):
        assert run(kind, 1).status is Status.SUCCEEDED
    changed: list[float] = []

    def late(live: dict[str, Any]) -> dict[str, Any] | None:
        if live["spec"]["size"] == 1:
            return None
        changed[:] = changed or [time.monotonic()]
        return up(live) if time.monotonic() - changed[0] > 2.5 else None  # managedFields count whole seconds

    told: list[str] = []
    with kind.controller(late):
        result = run(kind, 2, told)
    assert result.status is Status.SUCCEEDED, result
    assert 2.5 < time.monotonic() - changed[0] < 9
    assert any("its status is from before the change" in line for line in told)


def test_one_that_stays_degraded_fails_with_its_message_and_is_undone_until_it_is_healthy(kind: Kind) -> None:
    since: list[str] = []

    def operator(live: dict[str, Any]) -> dict[str, Any]:
        if live["spec"]["size"] == 1:
            return ready(live)
        since[:] = since or [datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")]
        bad = condition("Degraded", "True", "QuotaReached", "2 shops are too many", lastTransitionTime=since[0])
        return {"observedGeneration": live["metadata"]["generation"], "conditions": [bad]}

    with kind.controller(operator):
        assert run(kind, 1).status is Status.SUCCEEDED
        result = run(kind, 2)
    assert (result.status, result.exit_code) == (Status.UNDONE, 4), result
    assert "QuotaReached: 2 shops are too many" in str(result.error)
    live = kind.live()
    assert live is not None
    assert live["spec"] == {"size": 1}
    assert live["status"] == ready(live)


def test_an_error_that_came_late_is_counted_from_when_it_came(kind: Kind) -> None:
    """Ready stays False all the time, so that its lastTransitionTime does not tell when Creating became an error."""
    began: list[float] = []

    def operator(live: dict[str, Any]) -> dict[str, Any]:
        began[:] = began or [time.monotonic()]
        since, old = time.monotonic() - began[0], "2020-01-01T00:00:00Z"
        if since > 3.5:
            return ready(live)
        reason = "Creating" if since < 2 else "FetchError"
        return {"conditions": [condition("Ready", "False", reason, f"{reason} it", lastTransitionTime=old)]}

    told: list[str] = []
    with kind.controller(operator):
        result = run(kind, 1, told, verify=VerifyConfig(deadline=40, grace=Grace(condition=3)))
    assert result.status is Status.SUCCEEDED, result
    assert any("FetchError it" in line for line in told)


def test_a_rule_of_the_user_decides_forward_and_after_the_undo(kind: Kind) -> None:
    """Of its conditions nothing is known, so without the rule it would be ready at once, whatever it says."""
    rule = KindRule(
        f"Shop.{kind.group}", ("status.size=spec.size", "conditions[Open]=True"), ("status.mood~^(sad|broke)",)
    )
    verify = VerifyConfig(deadline=40, rules=(rule,))
    began: dict[int, float] = {}

    def operator(live: dict[str, Any]) -> dict[str, Any] | None:
        size, now = live["spec"]["size"], time.monotonic()
        if size == 2:
            return {
                "observedGeneration": live["metadata"]["generation"],
                "size": 1,
                "mood": "broke since noon",
                "message": "no money",
            }
        began.setdefault(live["metadata"]["generation"], now)
        late = now - began[live["metadata"]["generation"]] > 1
        opened = [condition("Open", "True" if late else "False", "Key")]
        return {"observedGeneration": live["metadata"]["generation"], "size": size, "conditions": opened}

    told: list[str] = []
    with kind.controller(operator):
        made = run(kind, 1, told, verify=verify)
        assert made.status is Status.SUCCEEDED, made
        assert any("status.conditions[Open] is False; ready when conditions[Open]=True" in line for line in told)
        failed = run(kind, 2, verify=verify)
        over = time.monotonic()
    assert (failed.status, failed.exit_code) == (Status.UNDONE, 4), failed
    assert "no money" in str(failed.error)
    live = kind.live()
    assert live is not None
    assert live["spec"] == {"size": 1}
    assert over - began[live["metadata"]["generation"]] > 1  # the undo waited for it to open again


def test_the_time_of_a_manager_is_that_of_its_last_write_that_changed_a_value(kind: Kind) -> None:
    """What tells an old status from a new one; so the sandbox must keep it as a real server does."""

    def times() -> dict[str, str]:
        live = kind.live()
        assert live is not None
        return {entry["manager"]: entry["time"] for entry in live["metadata"]["managedFields"]}

    placed = {**kind.manifest(1), "metadata": {"name": "s", "namespace": kind.cluster.namespace}}
    kind.cluster.client.apply(placed, manager="one")
    kind.write({"word": "a"})
    first = times()
    until(lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") > max(first.values()), what="the next second")
    kind.cluster.client.apply(placed, manager="one")
    kind.write({"word": "a"})
    assert times() == first
    kind.write({"word": "b"})
    second = times()
    assert second["operator"] > first["operator"]
    assert second["one"] == first["one"]
    kind.cluster.client.apply({**placed, "spec": {"size": 2}}, manager="one")
    third = times()
    assert third["one"] > first["one"]
    assert third["operator"] == second["operator"]
