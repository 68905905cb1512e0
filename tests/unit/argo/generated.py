"""Gives what is generated of a configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.registry.load import load_with_source

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline


def written(folder: Path, *overrides: str, **keys: Any) -> dict[str, dict[str, Any]]:
    base = {"name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "replicas": 2, **keys}
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({key: value for key, value in base.items() if value is not None}))
    objects = pipeline(*load_with_source(path, overrides=overrides))
    return {obj["kind"]: obj for obj in objects.values()}


def apart(folder: Path, *overrides: str, **keys: Any) -> dict[str, dict[str, Any]]:
    """Give what is generated where each step has a pod of its own; steps that share one are test_container_set's."""
    return written(folder, *overrides, **{**keys, "argo": {"pods": "each", **keys.get("argo", {})}})


def templates(objects: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {t["name"]: t for t in objects["WorkflowTemplate"]["spec"]["templates"]}
