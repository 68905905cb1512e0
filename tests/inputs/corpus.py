"""Inputs that are right: the examples of this repository and what is made of them; each is broken from there."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

EXAMPLES = ROOT / "templates/examples"


@functools.cache
def configurations() -> tuple[tuple[str, dict[str, bytes]], ...]:
    """Give each example's configurations: the path of one, and the files of its folder."""
    found = [(f"{path.parent.name}/{path.name}", path.parent) for path in sorted(EXAMPLES.glob("*/sternway.yaml"))]
    found += [(f"environments/config/{path.name}", path.parent.parent) for path in sorted(EXAMPLES.glob("environments/config/*.yaml"))]  # fmt: skip
    return tuple((name, folder_of(folder)) for name, folder in found)


def folder_of(folder: Path) -> dict[str, bytes]:
    """Give a folder's YAML files but the generated ones, by the path from the examples' folder."""
    files = [path for path in sorted(folder.rglob("*.yaml")) if not {"argo", "github.yaml", "gitlab.yaml"} & {path.name, path.parent.name}]  # fmt: skip
    return {
        str(path.relative_to(EXAMPLES)): path.read_bytes()
        for path in files
        if path.name not in ("argo.yaml", "cronjob.yaml")
    }


@functools.cache
def manifests() -> tuple[bytes, ...]:
    """Give files of manifests: the examples' own, the generated ones, and those that kubectl's reading was held to."""
    files = [
        path
        for path in sorted(EXAMPLES.rglob("*.yaml"))
        if path.name not in ("sternway.yaml", "github.yaml", "gitlab.yaml")
    ]
    own = [path.read_bytes() for path in files if "config" not in path.parts and path.stat().st_size < 20_000]
    told = json.loads((ROOT / "tests/manifests/documents.json").read_text())
    return (*own, *(each["text"].encode("utf-8", "surrogatepass") for each in told if "text" in each))


@functools.cache
def pipelines() -> tuple[bytes, ...]:
    """Give files for `sternway lint`."""
    return tuple(path.read_bytes() for path in sorted(EXAMPLES.rglob("argo*.yaml")) if path.stat().st_size < 60_000)


@functools.cache
def data_of(content: bytes) -> tuple[Any, ...]:
    """Give the documents of a text, to be copied before they are changed; none where it has no plain ones."""
    try:
        documents = tuple(yaml.load_all(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        json.dumps(documents, default=str)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):  # broken, or holding itself
        return ()
    return documents
