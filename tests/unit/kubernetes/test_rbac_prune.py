"""The generated Role has the right to remove what is no longer named where the configuration says so, and only there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.registry.load import load_with_source

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline

REMOVES = {"get", "list", "watch", "create", "update", "delete"}


def verbs(folder: Path, deploy: dict[str, Any]) -> dict[str, set[str]]:
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({"name": "web", "namespace": "shop", "image": "web:1", "deploy": deploy}))
    (role,) = (obj for obj in pipeline(*load_with_source(path)).values() if obj["kind"] == "Role")
    found: dict[str, set[str]] = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault(f"{resource}.{group}", set()).update(rule["verbs"])
    return found


def test_the_usual_kinds_and_those_that_are_asked_for(tmp_path: Path) -> None:
    without, usual = verbs(tmp_path, {}), verbs(tmp_path, {"prune": True})
    for resource in ("configmaps.", "services.", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io"):
        assert resource not in without
        assert usual[resource] >= REMOVES
    assert "certificates.cert-manager.io" not in usual
    assert "*.*" not in without
    assert usual["*.*"] == {"list"}, "what goes along with an object may be of any kind"
    asked = verbs(tmp_path, {"prune": {"kinds": ["Job", "Certificate.cert-manager.io"]}})
    assert asked["jobs.batch"] >= REMOVES
    assert asked["certificates.cert-manager.io"] >= REMOVES
    assert "persistentvolumeclaims." not in asked
