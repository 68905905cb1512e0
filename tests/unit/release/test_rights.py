"""The one expansion of rules into rights."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.config import Config, DeployConfig, JournalConfig, Manifest
from sternway_steps.release.rights import CLUSTER, Deployed, expand, rights_of
from sternway_steps.spec import Rule, StepSpec

WEB = Deployed("apps/v1", "Deployment", "deployments", "shop")
AWAY = Deployed("v1", "ConfigMap", "configmaps", "other")
WIDE = Deployed("v1", "Namespace", "namespaces", CLUSTER)
CASES: dict[str, tuple[Rule, list[tuple[str | None, str]]]] = {
    "by its name": (Rule("", ("pods", "pods/log"), ("get",)), [(where, name) for where in ("home", "shop", "other") for name in ("pods", "pods/log")]),
    "of all kinds": (Rule("*", ("*",), ("get",)), [("shop", "deployments.apps"), ("other", "configmaps"), (CLUSTER, "namespaces")]),
    "with a kind": (Rule("", ("pods",), ("get",), only_with=("Deployment",)), [("shop", "pods")]),
    "with a kind that has no namespace": (Rule("", ("pods",), ("get",), only_with=("Namespace",)), []),
    "with a kind that is not there": (Rule("", ("pods",), ("get",), only_with=("Job",)), []),
    "of kinds that come up": (Rule("*", ("*",), ("get",), with_state=True), [("shop", "deployments.apps"), (CLUSTER, "namespaces")]),
    "beside kinds that come up": (Rule("", ("events",), ("get",), with_state=True), [("shop", "events")]),
    "for what steps make": (Rule("batch", ("jobs",), ("get",), in_target=True), [("home", "jobs.batch")]),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "wanted"), CASES.values(), ids=CASES)
def test_where_a_rule_is_needed(rule: Rule, wanted: list[tuple[str | None, str]]) -> None:
    found = expand([rule, rule], [WEB, AWAY, WIDE, WEB], "home")
    assert [(r.where, f"{r.resource}.{r.group}" if r.group else r.resource) for r in found] == wanted
    assert {right.verb for right in found} <= {"get"}
    if rule.in_target:
        assert expand([rule], [WEB], "home", own=False) == []


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({}, {("home", "secrets"), ("home", "leases")}),
        ({"journal": JournalConfig(namespace="books")}, {("books", "secrets"), ("books", "leases")}),
        ({"journal": JournalConfig("file")}, set()),
        ({"journal": JournalConfig("file"), "deploy": DeployConfig(restart_stale=True)}, {("other", "pods/eviction")}),
    ],
    ids=["journal", "journal elsewhere", "journal in files", "restarts"],
)  # fmt: skip
def test_what_a_configuration_needs_beyond_its_steps(keys: dict[str, Any], wanted: set[tuple[str, str]]) -> None:
    found = rights_of(Config("web", **keys), [StepSpec("deploy")], [AWAY], "home")
    assert {(right.where, right.resource) for right in found} == wanted


def test_claims_that_would_go_with_their_set_are_kept() -> None:
    policy = {"whenDeleted": "Delete"}
    made = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"persistentVolumeClaimRetentionPolicy": policy}}  # fmt: skip
    config = Config("web", manifests=(Manifest(made, "m:1"),), journal=JournalConfig("file"))
    found = rights_of(config, [], [Deployed("apps/v1", "StatefulSet", "statefulsets", "shop")], "home")
    assert {(right.where, right.resource, right.verb) for right in found} == {
        ("shop", "persistentvolumeclaims", "list"), ("shop", "persistentvolumeclaims", "update"),
    }  # fmt: skip
