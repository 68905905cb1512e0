"""The ConfigMaps that bring the configuration and the manifests into the pods."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sternway_steps.config import Config, Manifest
from sternway_steps.config.declared import to_yaml_data
from sternway_steps.config.object_sources import KEYS as RENDERED
from sternway_steps.config.simple_keys import SIMPLE
from sternway_steps.yamltree.document import Node

from ..yaml_text import within

# A ConfigMap may hold 1 MiB (Kubernetes, "ConfigMaps"); the rest is room for names and metadata.
FULL = 900_000
CONFIG = "sternway.yaml"
_INDENT = 4
"""Spaces before each line of a file in a ConfigMap."""


def files(config: Config, document: Node) -> dict[str, str]:
    """Return the files of the folder /config by name: the configuration, and its manifests as they were read.

    What programs render is among these, for no pod has Helm, and all pods of a run have to read the same.
    """
    keys = {k: v for k, v in document.data().items() if k not in ("argo", "schedule", "manifests", *RENDERED)}
    if config.declared:
        keys["declared"] = {name: to_yaml_data(spec) for name, spec in config.declared.items()}
    made_by_form = 0 if "image" not in keys else 2 if "port" in keys else 1
    rest = config.manifests[made_by_form:] if any(k in keys for k in SIMPLE) else config.manifests
    parts = _parts((*rest, *config.hooks, *config.left_out))
    if parts:
        keys["manifests"] = list(parts)
    return {CONFIG: within(keys, _INDENT), **parts}


def config_maps(name: str, namespace: str | None, labels: Mapping[str, str], texts: Mapping[str, str]) -> list[Any]:
    """Pack files into ConfigMaps under 1 MiB; a hash of the content in their names lets a running saga keep its own."""
    digest = hashlib.sha256("".join(f"{k}\0{v}\0" for k, v in texts.items()).encode()).hexdigest()[:10]
    packs: list[dict[str, str]] = [{}]
    for file, text in texts.items():
        if packs[-1] and sum(len(t.encode()) for t in packs[-1].values()) + len(text.encode()) > FULL:
            packs.append({})
        packs[-1][file] = text
    maps = []
    for number, pack in enumerate(packs):
        own = f"{name}-{digest}" + (f"-{number}" if number else "")
        metadata: dict[str, Any] = {"name": own, "labels": dict(labels)}
        if namespace:
            metadata["namespace"] = namespace
        maps.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, "data": pack})
    return maps


def _parts(manifests: tuple[Manifest, ...]) -> dict[str, str]:
    parts: list[str] = []
    for manifest in manifests:
        text = within(manifest.obj, _INDENT)
        if parts and len((parts[-1] + text).encode()) <= FULL:
            parts[-1] += text
        else:
            parts.append(text)
    return {f"manifests-{number:03d}.yaml": text for number, text in enumerate(parts, 1)}
