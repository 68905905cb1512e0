"""Charts and kustomizations: their names and folders. Nothing is rendered here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..yamltree.parser import decode, parse
from .files import relative
from .start import Rendered

CHART = "Chart.yaml"
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_BELOW = ("resources", "bases", "components")
_MAKING = (*_BELOW, "generators", "configMapGenerator", "secretGenerator", "helmCharts")
"""The keys of a kustomization of which at least one makes an object; without any it is left over."""
_HOOK = re.compile(r"helm\.sh/hook[\"']?:\s*[\"']?[\w, -]*(pre|post)-(install|upgrade)")


@dataclass(frozen=True)
class Kustomizations:
    """The folders of those that no other one takes in, and all that belongs to any: folders and files."""

    tops: tuple[Path, ...]
    parts: frozenset[Path]


def charts(files: Iterable[Path]) -> list[Path]:
    """Return the folders of charts that are part of no other chart."""
    found = [path.parent for path in files if path.name == CHART]
    return [each for each in found if not any(other in each.parents for other in found)]


def chart(folder: Path, home: Path) -> Rendered:
    """Return what is known of a chart; raises ConfigErrors when its description can't be read."""
    described = _mapping(folder / CHART)
    name = str(described.get("name") or folder.resolve().name)
    where = relative(folder, home)
    lacking = described.get("dependencies") and not any((folder / "charts").glob("*"))
    templates = [path for path in (folder / "templates").rglob("*") if path.is_file()]
    return Rendered(
        f"the Helm chart {where}",
        name,
        where,
        before=f"helm dependency build {_operand(where)}" if lacking else "",
        hooks=any(_HOOK.search(path.read_text(errors="replace")) for path in templates),
        is_chart=True,
    )


def kustomization(folder: Path, home: Path) -> Rendered:
    """Return what is known of a kustomization."""
    where = relative(folder, home)
    return Rendered(f"the kustomization {where}", folder.resolve().name, where)


def kustomizations(files: Iterable[Path], charts: Sequence[Path]) -> Kustomizations:
    """Find the kustomizations outside of charts; one that makes nothing is none."""
    found: dict[Path, list[str]] = {}
    for path in files:
        if path.name in KUSTOMIZATIONS and not any(path.is_relative_to(each) for each in charts):
            described = _mapping(path)
            if any(described.get(key) for key in _MAKING):
                below = (described.get(key) for key in _BELOW)
                found[path.parent] = [str(one) for each in below if isinstance(each, list) for one in each]
    taken = {(folder / one).resolve() for folder, below in found.items() for one in below}
    tops = tuple(folder for folder in found if folder.resolve() not in taken)
    return Kustomizations(tops, frozenset(taken | {folder.resolve() for folder in found}))


def _operand(where: str) -> str:
    """Return a folder as an argument: Helm takes a bare name for that of a chart in a repository."""
    return shlex.quote(where if where.startswith((".", "/")) else f"./{where}")


def _mapping(path: Path) -> dict[str, Any]:
    root = parse(decode(path.read_bytes(), str(path)), str(path))
    found = root.data() if root is not None else None
    return found if isinstance(found, dict) else {}
