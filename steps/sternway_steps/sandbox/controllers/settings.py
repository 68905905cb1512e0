"""Secrets and ConfigMaps that a pod needs, and the kubelet's messages when they do not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .world import Obj, World


def unset(world: World, pod: Obj, container: Mapping[str, Any]) -> str:
    """Return why a container can't be created for want of a variable, or ""."""
    namespace = pod["metadata"]["namespace"]
    for kind, source in _sources(container):
        if source.get("optional"):
            continue
        found = world.find("v1", kind, namespace, source["name"])
        if found is None:
            return f'{kind.lower()} "{source["name"]}" not found'
        if "key" in source and source["key"] not in (found.get("data") or {}):
            return f"couldn't find key {source['key']} in {kind} {namespace}/{source['name']}"
    return ""


def unmounted(world: World, pod: Obj) -> str:
    """Return why a volume can't be mounted, or ""."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or []:
        for field, key, kind in (("secret", "secretName", "Secret"), ("configMap", "name", "ConfigMap")):
            source = volume.get(field)
            if not source or source.get("optional"):
                continue
            text = f'MountVolume.SetUp failed for volume "{volume["name"]}" : '
            found = world.find("v1", kind, namespace, source[key])
            if found is None:
                return f'{text}{kind.lower()} "{source[key]}" not found'
            for item in source.get("items") or []:
                if item["key"] not in (found.get("data") or {}):
                    what = "secret" if kind == "Secret" else "config"
                    return f"{text}references non-existent {what} key: {item['key']}"
    return ""


def _sources(container: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if field in source:
                yield kind, source[field]
    for whole in container.get("envFrom") or []:
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in whole:
                yield kind, whole[field]
