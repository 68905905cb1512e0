"""Which containers still run with values that were put back: by what they read, how, and when they started."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sternway_steps.objects.ref import Ref
from sternway_steps.rollout.stale_settings import ChangedSetting, changed_setting, find_readers

SINCE = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
CONFIG = ChangedSetting(Ref("v1", "ConfigMap", "n", "s"), frozenset({"a"}), SINCE)
SECRET = ChangedSetting(Ref("v1", "Secret", "n", "s"), frozenset({"a"}), SINCE)
AFTER, BEFORE = "2026-01-01T12:00:05Z", "2026-01-01T11:59:00Z"


def env(key: str, reference: str = "configMapKeyRef", name: str = "s") -> dict[str, Any]:
    return {"env": [{"name": "V", "valueFrom": {reference: {"name": name, "key": key}}}]}


def mounted(volume: dict[str, Any], **mount: str) -> dict[str, Any]:
    return {"volumes": [{"name": "v", **volume}], "volumeMounts": [{"name": "v", "mountPath": "/etc/v", **mount}]}


def pod(started: str = AFTER, state: str = "running", where: str = "containers", **reads: Any) -> dict[str, Any]:
    volumes = reads.pop("volumes", [])
    status = {"name": "c", "containerID": "x://1", "state": {state: {"startedAt": started}}}
    key = "containerStatuses" if where == "containers" else "initContainerStatuses"
    containers = {"containers": [{"name": "main"}], where: [{"name": "c", **reads}]}
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {"volumes": volumes, **containers},
        "status": {"phase": "Running", key: [status]},
    }


ITEMS = {"configMap": {"name": "s", "items": [{"key": "a", "path": "sub/file"}, {"key": "b", "path": "other"}]}}
PROJECTED = {"projected": {"sources": [{"secret": {"name": "t"}}, {"secret": {"name": "s"}}]}}
CASES: dict[str, tuple[dict[str, Any], ChangedSetting, str]] = {
    "env": (pod(**env("a")), CONFIG, "ConfigMap s (env V)"),
    "env of a Secret": (pod(**env("a", "secretKeyRef")), SECRET, "Secret s (env V)"),
    "env of a key that did not change": (pod(**env("b")), CONFIG, ""),
    "env of another ConfigMap": (pod(**env("a", name="t")), CONFIG, ""),
    "env of a Secret of that name": (pod(**env("a", "secretKeyRef")), CONFIG, ""),
    "envFrom": (pod(envFrom=[{"configMapRef": {"name": "s"}}]), CONFIG, "ConfigMap s (envFrom)"),
    "a volume follows": (pod(**mounted({"configMap": {"name": "s"}})), CONFIG, ""),
    "subPath": (pod(**mounted({"configMap": {"name": "s"}}, subPath="a")), CONFIG, "ConfigMap s (subPath /etc/v)"),
    "subPath of another key": (pod(**mounted({"configMap": {"name": "s"}}, subPath="b")), CONFIG, ""),
    "subPath of an item": (pod(**mounted(ITEMS, subPath="sub/file")), CONFIG, "ConfigMap s (subPath /etc/v)"),
    "subPath of an item's folder": (pod(**mounted(ITEMS, subPath="sub")), CONFIG, "ConfigMap s (subPath /etc/v)"),
    "subPath of another item": (pod(**mounted(ITEMS, subPath="other")), CONFIG, ""),
    "subPathExpr": (pod(**mounted({"configMap": {"name": "s"}}, subPathExpr="$(V)")), CONFIG, "ConfigMap s (subPath /etc/v)"),
    "projected": (pod(**mounted(PROJECTED, subPath="a")), SECRET, "Secret s (subPath /etc/v)"),
    "started before": (pod(BEFORE, **env("a")), CONFIG, ""),
    "it has crashed, and starts again": (pod(state="terminated", **env("a")), CONFIG, ""),
    "what an init container read stays": (pod(state="terminated", where="initContainers", **env("a")), CONFIG, "ConfigMap s (env V)"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_container_reads_at_its_start(case: str) -> None:
    obj, one, expected = CASES[case]
    assert [reader.reads for reader in find_readers([obj], [one])] == ([expected] if expected else [])


def test_only_values_that_changed_count() -> None:
    old = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "data": {"a": "1", "b": "1", "c": "1"}}
    new = {**old, "data": {"a": "1", "b": "2"}, "binaryData": {"d": "eA=="}}
    found = changed_setting(old, new, SINCE)
    assert found is not None
    assert found.keys == {"b", "c", "d"}
    assert changed_setting(old, {**old, "metadata": {"name": "s", "labels": {"a": "b"}}}, SINCE) is None
