"""Tells a file of another tool from a configuration: one sentence instead of a finding for each of its keys."""

from __future__ import annotations

from pathlib import Path

from ..yamltree.document import Node
from ..yamltree.errors import ConfigError
from ..yamltree.parser import parse_all

_KUSTOMIZE = "kustomize.config.k8s.io/"


def foreign(text: str, source: str) -> ConfigError | None:
    """Return what a file is that is no configuration, and what to do with it; None for what may be one."""
    documents = parse_all(text, source, [])
    first = documents[0] if documents else None
    if first is None or not isinstance(first.value, dict):
        return None
    api_version, kind = _word(first, "apiVersion"), _word(first, "kind")
    whole = f"`sternway init {Path(source).parent}` writes a configuration for it"
    if api_version.startswith(_KUSTOMIZE) or kind == "Kustomization":
        message, hint = "this is a kustomization, and no configuration", whole
    elif api_version and kind and first.value.keys() & {"metadata", "items"}:
        message = f"this is a manifest ({kind}), and no configuration"
        hint = f"list it under manifests: of one; `sternway init {source}` writes that"
    elif api_version and not kind and {"name", "version"} <= first.value.keys():
        message, hint = "this is the description of a Helm chart, and no configuration", whole
    else:
        return None
    return ConfigError(first.location, "", message, hint=hint)


def _word(node: Node, key: str) -> str:
    entry = node.value.get(key)
    return entry.node.value if entry is not None and isinstance(entry.node.value, str) else ""
