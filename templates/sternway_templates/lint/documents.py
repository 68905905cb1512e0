"""Reads the files that are linted, and the objects in them."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from sternway_steps.yamltree.parser import decode, parse_all

from .nodes import fields, items, merged, word

STDIN = "stdin"
_ENDINGS = (".yaml", ".yml", ".json")
_MOST_BYTES = 64 * 2**20
"""A larger file, or a device, was named by mistake."""
_IGNORE = re.compile(r"#\s*sternway-lint:\s*ignore\s*=\s*([\w,\s-]+)")


@dataclass
class Documents:
    """Everything that was read: the objects, the lines of each source, and what could not be read."""

    objects: list[Node] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    broken: list[ConfigError] = field(default_factory=list)


def read(names: Iterable[str], stdin: bytes) -> Documents:
    """Read files, folders, and `-` for standard input; an error in one does not hide the others."""
    documents = Documents()
    for source, path in dict.fromkeys(_sources(names, documents.broken)):
        try:
            content = stdin if path is None else _content(path)
            _read(decode(content, source), source, documents)
        except ConfigErrors as bad:
            documents.broken += bad.errors
        except OSError as error:
            documents.broken.append(ConfigError(SourceLocation(source), "", f"this can't be read: {error.strerror}"))
    return documents


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has over {_MOST_BYTES} bytes")
    return content


def ignored_rules(location: SourceLocation, lines: list[str]) -> set[str]:
    """Return the rules that a comment on this line, or before the first key of its document, switches off."""
    number = location.line - 1
    wanted = lines[number : number + 1]
    while number >= 0 and not re.match(r"---(\s|$)", lines[number]):
        number -= 1
    if number >= 0:
        wanted.append(lines[number])
    for line in lines[number + 1 :]:
        if line.strip() and not line.lstrip().startswith("#"):
            wanted.append(line if line.lstrip().startswith(("apiVersion", "kind")) else "")
            break
        wanted.append(line)
    return {rule for line in wanted for listed in _IGNORE.findall(line) for rule in re.split(r"[,\s]+", listed) if rule}


def _sources(names: Iterable[str], broken: list[ConfigError]) -> Iterator[tuple[str, Path | None]]:
    for name in names:
        try:
            yield from [(STDIN, None)] if name == "-" else _files(Path(name), name)
        except OSError as error:
            broken.append(ConfigError(SourceLocation(name), "", error.strerror or str(error)))


def _files(path: Path, name: str) -> list[tuple[str, Path]]:
    """Return a file, or those of a folder; raise OSError where there is none."""
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file())
        if not inside:
            raise OSError(errno.ENOENT, f"the folder has no file that ends in {', '.join(_ENDINGS)}")
        return [(str(file), file) for file in inside]
    if not path.exists():
        raise OSError(errno.ENOENT, "there is no such file or folder")
    return [(name, path)]


def _read(content: str, source: str, documents: Documents) -> None:
    documents.lines[source] = content.splitlines()
    before = len(documents.broken)
    nodes = parse_all(content, source, documents.broken)
    if not nodes and len(documents.broken) == before:
        documents.broken.append(ConfigError(SourceLocation(source, 1, 1), "", "there is no YAML document in it"))
    for document in nodes:
        if isinstance(document.value, dict | list):
            documents.objects += _objects(merged(document))
        else:
            documents.broken.append(
                ConfigError(document.location, "", "this is no Kubernetes object", "a mapping with a kind")
            )


def _objects(document: Node) -> Iterator[Node]:
    if word(document, "kind").endswith("List") and "items" in fields(document):
        for item in items(fields(document)["items"].node):
            yield from _objects(item)
    elif fields(document):
        yield document
