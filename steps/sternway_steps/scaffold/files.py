"""Which files of a folder hold Kubernetes objects, which are for other tools, and by which names to list them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config.manifest import Manifest, objects_in
from ..errors import Refused
from ..yamltree.errors import ConfigError, ConfigErrors
from ..yamltree.parser import decode
from ..yamltree.stream import documents

ENDINGS = (".yaml", ".yml", ".json")
_MOST_BYTES = 8 * 2**20
_MOST_FILES = 20_000
_PASSED_OVER = {"node_modules", "vendor", "venv", "dist", "target", "test", "tests", "testdata", "fixtures"}
_TOOLS = (
    "kustomize.config.k8s.io", "config.kubernetes.io", "kpt.dev", "kind.x-k8s.io", "kubeadm.k8s.io",
    "kubelet.config.k8s.io", "kubeproxy.config.k8s.io", "kubescheduler.config.k8s.io", "client.authentication.k8s.io",
    "audit.k8s.io", "apiserver.config.k8s.io", "skaffold", "k3d.io", "ctlptl.dev", "backstage.io",
)  # fmt: skip
"""API groups of files that no cluster serves: tools read them."""


@dataclass
class Listing:
    """The files of a folder: those of objects, and those that name an API version and are left out, each with why."""

    manifests: dict[Path, list[Manifest]] = field(default_factory=dict)
    left_out: dict[Path, str] = field(default_factory=dict)


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in order, without hidden folders, and those of packages and tests.

    Raises: Refused when there are too many.
    """
    seen = 0
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not (name.startswith(".") or name in _PASSED_OVER))
        for name in sorted(files):
            seen += 1
            if seen > _MOST_FILES:
                remedy = "say where to look: sternway init FOLDER"
                raise Refused(f"there are over {_MOST_FILES} files in {folder}", remedy=remedy)
            yield here / name


def listed(files: Iterable[Path]) -> Listing:
    """Read the files that may hold objects."""
    found = Listing()
    for path in files:
        if path.suffix in ENDINGS and (text := _text(path)) is not None and "apiVersion" in text:
            objects, why = objects_of(text, str(path))
            if why:
                found.left_out[path] = why
            elif objects:
                found.manifests[path] = objects
    return found


def objects_of(text: str, source: str) -> tuple[list[Manifest], str]:
    """Return the objects of a file, and why not all of it is to be deployed ("" when it is)."""
    errors: list[ConfigError] = []
    values = [document for document in documents(text, source, errors) if document.value is not None]
    if any(isinstance(each.value, dict) and _of_a_tool(each.value) for each in values):
        return [], "it is a file of another tool"
    found = [m for each in values for m in objects_in(each.value, each.location, each.location_of, errors)]
    if errors:
        first = errors[0]
        return [], f"line {first.location.line}: {first.what}" if first.location.line else first.what
    return found, ""


def patterns(folder: Path, files: Mapping[Path, Any], home: Path) -> list[str]:
    """Return the shortest names for files below a folder, relative to `home`: a folder that holds nothing else.

    The folder of the configuration itself is never one of them: it holds that.
    """
    if not any(path.is_relative_to(folder) for path in files):
        return []
    if folder.resolve() != home.resolve() and all(path in files for path in _read_with(folder)):
        return [relative(folder, home) + "/"]
    own = [relative(path, home) for path in files if path.parent == folder]
    below = sorted({folder / path.relative_to(folder).parts[0] for path in files if path.is_relative_to(folder)})
    return own + [name for each in below if each.is_dir() for name in patterns(each, files, home)]


def relative(path: Path, home: Path) -> str:
    """Return a path as the configuration in the folder `home` names it."""
    return os.path.relpath(path, home)


def _read_with(folder: Path) -> Iterator[Path]:
    """Yield what a configuration reads that names a folder."""
    return (path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file())


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return decode(path.read_bytes(), str(path))
    except (OSError, ConfigErrors):
        return None


def _of_a_tool(value: Mapping[str, Any]) -> bool:
    group, kind = str(value.get("apiVersion")).partition("/")[0], value.get("kind")
    return group in _TOOLS or (group, kind) == ("v1", "Config")
