"""Objects that stand in no file at hand: a program renders them, or a server has them. Who asks these is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ..yamltree.document import Entry, Node
from ..yamltree.errors import ConfigError, SourceLocation
from ..yamltree.stream import documents
from .chart import ChartConfig
from .manifest import Manifest, objects_in

KEYS = ("chart", "kustomize")
"""Keys of the configuration whose objects a program renders."""
_SOURCE = re.compile(r"^---\n# Source: (\S.*)$\n?", re.MULTILINE)


class Unavailable(Exception):
    """Why objects can't be had, and what helps. `within` is the key below the one that was asked for, "" for itself."""

    def __init__(self, message: str, hint: str = "", within: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.within = message, hint, within


@dataclass(frozen=True)
class Text:
    """A text with objects, and what it is called in messages."""

    text: str
    source: str


class ObjectSources(Protocol):
    """Asks programs and servers. Each call raises Unavailable; Transient when it may work later."""

    def chart(self, chart: ChartConfig, release: str, namespace: str, base: Path) -> Text:
        """Render a chart with the CRDs first; paths in it are relative to `base`."""

    def kustomization(self, folder: str, base: Path) -> Text:
        """Build a kustomization in a folder relative to `base`."""

    def url(self, url: str) -> Text:
        """Fetch what a URL with a digest names."""


def is_url(text: str) -> bool:
    """Return whether a manifest is named by a URL."""
    return text.lower().startswith(("http://", "https://"))


def from_programs(
    keys: Mapping[str, Any], root: Node, base: Path, sources: ObjectSources, errors: list[ConfigError]
) -> list[Manifest]:
    """Return the objects that programs render for a configuration that is right so far; what is wrong is added."""
    found: list[Manifest] = []
    for key in KEYS:
        if key not in keys:
            continue
        entry = root.value[key]
        try:
            if key == "chart":
                chart: ChartConfig = keys["chart"]
                text = sources.chart(chart, chart.release or keys["name"], keys["namespace"], base)
            else:
                text = sources.kustomization(keys["kustomize"], base)
        except Unavailable as why:
            location = _within(entry.node, why.within) or entry.location
            field = f"{key}.{why.within}" if why.within else key
            errors.append(ConfigError(location, field, why.message, hint=why.hint))
        else:
            found += list(objects_of(text, errors))
    return found


def objects_of(text: Text, errors: list[ConfigError]) -> Iterator[Manifest]:
    """Yield the objects of a text. Those that Helm rendered are named by the template, as its comments tell."""
    for source, part in _parts(text):
        for document in documents(part, source, errors):
            if document.value is None:
                continue
            location = document.location_of(document.value, document.location)
            for manifest in objects_in(document.value, location, document.location_of, errors):
                # A template's line is not that of what came out of it.
                yield manifest if source == text.source else replace(manifest, source=source)


def _parts(text: Text) -> Iterator[tuple[str, str]]:
    source, at = text.source, 0
    for found in _SOURCE.finditer(text.text):
        yield source, text.text[at : found.start()]
        source, at = f"{found[1]} (rendered)", found.end()
    yield source, text.text[at:]


def _within(node: Node, path: str) -> SourceLocation | None:
    """Return the location of a key such as values[1]."""
    key, _, number = path.removesuffix("]").partition("[")
    if not isinstance(node.value, dict) or key not in node.value:
        return None
    entry: Entry = node.value[key]
    location: SourceLocation = entry.node.value[int(number)].location if number else entry.location
    return location
