"""Looks at a folder, or at files that somebody named: what could be deployed from here?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..config.manifest import Manifest, twice
from ..errors import Refused
from ..existing import exists
from .files import Listing, listed, patterns, relative, walk
from .rendered import CHART, KUSTOMIZATIONS, chart, charts, kustomization, kustomizations
from .start import SCHEMA, Dockerfile, Manifests, Rendered, Start

_EXPOSE = re.compile(r"^\s*EXPOSE\s+(\d{1,5})\b", re.IGNORECASE | re.MULTILINE)
_DOCKERFILES = ("Dockerfile", "Containerfile")
_NAMES = "name manifests, a folder with some, a chart, a kustomization or a Dockerfile"
_SHOWN = 3
Choose = Callable[[Sequence[str]], int]
"""Asks a person for one of several, and returns its number (0 first)."""


def look(named: Sequence[Path], home: Path, choose: Choose | None) -> Start:
    """Return what is there in the folder `home` of the configuration, or in what somebody named.

    `choose` asks where there are several; None: nobody can answer.
    Raises: Refused when there are several, when what was named is nothing to deploy, when one object stands twice;
    ConfigErrors when a chart's or a kustomization's description can't be read.
    """
    for path in named:
        if not exists(path):
            raise Refused(f"{path} does not exist", remedy=_NAMES)
    if len(named) == 1 and named[0].name in (CHART, *KUSTOMIZATIONS):
        named = [named[0].parent]
    if not named or (len(named) == 1 and named[0].is_dir()):
        start = _of_folder(named[0] if named else home, home, choose)
        if named and start.deploys is None and start.builds is None:
            raise Refused(f"there is nothing to deploy in {named[0]}", remedy=_NAMES)
        return start
    if len(named) == 1 and _is_dockerfile(named[0]):
        return Start(None, _dockerfile(named[0], home), named[0].resolve().parent.name)
    return _of_files(named, home)


def _of_folder(folder: Path, home: Path, choose: Choose | None) -> Start:
    files = list(walk(folder))
    found_charts = charts(files)
    kustomized = kustomizations(files, found_charts)
    rendered = {each.resolve() for each in found_charts} | kustomized.parts
    others = (path for path in files if path != home / SCHEMA)
    found = listed(path for path in others if not rendered & {path.resolve(), *path.resolve().parents})
    ways: dict[str, Callable[[], Manifests | Rendered]] = {
        f"the Helm chart {relative(each, home)}": partial(chart, each, home) for each in found_charts
    }
    for each in kustomized.tops:
        ways[f"the kustomization {relative(each, home)}"] = partial(kustomization, each, home)
    if found.manifests:
        names = patterns(folder, found.manifests, home)
        more = ", …" if len(names) > _SHOWN else ""
        ways[f"the manifests {', '.join(names[:_SHOWN])}{more}"] = lambda: Manifests(tuple(names), _once(found))
    builds = next((_dockerfile(folder / name, home) for name in _DOCKERFILES if (folder / name).is_file()), None)
    deploys = list(ways.values())[_one_of(list(ways), choose)]() if ways else None
    return Start(deploys, builds, folder.resolve().name, _left_out(found, home))


def _one_of(names: Sequence[str], choose: Choose | None) -> int:
    if len(names) == 1:
        return 0
    if choose is None:
        remedy = "say which: sternway init FOLDER, or sternway init FILE…"
        raise Refused(f"there are several things to deploy: {'; '.join(names)}", remedy=remedy)
    return choose(names)


def _of_files(named: Sequence[Path], home: Path) -> Start:
    """Take what was named as it is: each file has to be a manifest, each folder to hold some."""
    found = Listing()
    names: list[str] = []
    for path in named:
        one = listed(walk(path) if path.is_dir() else [path])
        if why := one.left_out.get(path):
            raise Refused(f"{path} can't be deployed: {why}", remedy=_NAMES)
        if not one.manifests:
            raise Refused(f"{path} holds no Kubernetes object", remedy=_NAMES)
        found.manifests |= one.manifests
        found.left_out |= one.left_out
        names += patterns(path, one.manifests, home) if path.is_dir() else [relative(path, home)]
    return Start(Manifests(tuple(names), _once(found)), None, home.resolve().name, _left_out(found, home))


def _left_out(found: Listing, home: Path) -> tuple[tuple[str, str], ...]:
    return tuple((relative(path, home), why) for path, why in found.left_out.items())


def _once(found: Listing) -> tuple[Manifest, ...]:
    """Return all objects; raise Refused when one stands twice, as in a folder for each environment."""
    objects = tuple(one for each in found.manifests.values() for one in each)
    again = [f"{manifest.source}: {message}" for manifest, message in twice(objects)]
    if again:
        more = f", and {len(again) - 1} more do" if len(again) > 1 else ""
        remedy = "name the folder or the files that are meant: sternway init FOLDER"
        raise Refused(f"{again[0]}{more}", remedy=remedy)
    return objects


def _is_dockerfile(path: Path) -> bool:
    return path.name.startswith(_DOCKERFILES) or path.suffix == ".Dockerfile"


def _dockerfile(path: Path, home: Path) -> Dockerfile:
    exposed = _EXPOSE.search(path.read_text(errors="replace"))
    port = int(exposed[1]) if exposed and 0 < int(exposed[1]) < 2**16 else None
    return Dockerfile(relative(path.parent, home), path.name, port)
