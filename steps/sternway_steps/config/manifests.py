"""Reads Kubernetes objects from files, folders, globs and standard input, each with its location."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from ..existing import is_dir
from ..plain_text import short
from ..yamltree.document import Node
from ..yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from ..yamltree.parser import decode
from ..yamltree.stream import documents
from .manifest import Manifest, objects_in
from .object_sources import ObjectSources, Unavailable, is_url, objects_of

_ENDINGS = (".yaml", ".yml", ".json")
_KUSTOMIZATION = ("a kustomization, whose objects are built first", "kustomize: {}")
_RENDERED = {
    "kustomization.yaml": _KUSTOMIZATION,
    "kustomization.yml": _KUSTOMIZATION,
    "Chart.yaml": ("a Helm chart, whose templates are rendered first", "chart: {{path: {}}}"),
}
"""Files that are no objects, by their names: what their folder is, and the key for it."""
MOST_FILE = 64 * 2**20
"""Bytes: a larger file was named by mistake, and would be read for ever."""


def read_all(
    patterns: Iterable[Node],
    base: Path,
    stdin: TextIO | None,
    errors: list[ConfigError],
    sources: ObjectSources | None = None,
) -> list[Manifest]:
    """Return every object that the patterns name, relative to the folder `base`; findings are added to `errors`."""
    found: list[Manifest] = []
    for node in patterns:
        pattern, location = node.value, node.location
        if is_url(pattern) and sources is not None:
            try:
                found += objects_of(sources.url(pattern), errors)
            except Unavailable as why:
                errors.append(ConfigError(location, "manifests", why.message, hint=why.hint))
            continue
        if pattern == "-":
            try:
                text = _piped(stdin)
            except ConfigErrors as bad:
                errors += bad.errors
                continue
            if not text.strip():
                message = "there are no objects on standard input"
                hint = "pipe them in: kustomize build | sternway …"
                errors.append(ConfigError(location, "manifests", message, hint=hint))
            found += _objects(text, "stdin", errors)
            continue
        files = _files(pattern, base)
        if rendered := next((path for path in files if path.name in _RENDERED), None):
            what, key = _RENDERED[rendered.name]
            folder = _shown(rendered.parent, base)
            hint = f"its objects come from {key.format(folder)}, beside or instead of `manifests`"
            errors.append(ConfigError(location, "manifests", f"folder {folder} is {what}", hint=hint))
            continue
        if not files:
            errors.append(_no_file(node, base))
        for path in files:
            try:
                with path.open("rb") as file:
                    text = _read(file, _shown(path, base))
                found += _objects(text, _shown(path, base), errors)
            except ConfigErrors as bad:
                errors += bad.errors
            except OSError as error:
                errors.append(ConfigError(location, "manifests", f"{path} can't be read: {error.strerror}"))
    return found


def _piped(stdin: TextIO | None) -> str:
    if stdin is None:
        return ""
    # The bytes, whatever the locale makes of them.
    return _read(stdin.buffer, "stdin") if hasattr(stdin, "buffer") else stdin.read()


def _read(file: BinaryIO, source: str) -> str:
    content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        message = f"this holds over {MOST_FILE} bytes"
        raise ConfigErrors(
            [ConfigError(SourceLocation(source, 1, 1), "", message, hint="split it, if it is a manifest at all")]
        )
    return decode(content, source)


def _files(pattern: str, base: Path) -> list[Path]:
    path = base / pattern
    try:
        if path.is_dir():
            return sorted(file for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file())
        if path.is_file():
            return [path]
        if Path(pattern).is_absolute():
            base, pattern = Path(path.anchor), str(path.relative_to(path.anchor))
        return sorted(file for file in base.glob(pattern) if file.is_file())
    except (ValueError, OSError, NotImplementedError):
        return []


def _no_file(node: Node, base: Path) -> ConfigError:
    if is_dir(base / node.value):
        message, expected = f"folder {short(node.text)!r} holds no .yaml, .yml or .json file", "files with objects"
    else:
        message = f"{short(node.text)!r} names no file" + _instead(node, base)
        expected = "a file, a folder with .yaml files, or a glob"
    return ConfigError(node.location, "manifests", message, expected)


def _instead(node: Node, base: Path) -> str:
    import difflib

    folder = (base / node.value).parent
    try:
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    except (OSError, ValueError):  # a name that is too long, a folder of somebody else's
        return ""
    written = Path(node.text)
    near = difflib.get_close_matches(written.name, names, n=1)
    return f"; did you mean {str(written.parent / near[0])!r}?" if near else ""


def _shown(path: Path, base: Path) -> str:
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _objects(text: str, source: str, errors: list[ConfigError]) -> Iterator[Manifest]:
    for document in documents(text, source, errors):
        if document.value is not None:
            location = document.location_of(document.value, document.location)
            yield from objects_in(document.value, location, document.location_of, errors)
