"""Reads a configuration file and the files that it extends as one document."""

from __future__ import annotations

import difflib
import errno
import functools
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from ..yamltree.parser import decode, parse
from ..yamltree.reader import Group, Many, Section, Short, Table
from .foreign import foreign
from .option_reader import PathOr, With
from .overlay import merge

KEY = "extends"
_FOREIGN = "apiVersion"
"""A word that no configuration has for a key, and files of Kubernetes' tools begin with."""
_MOST_BYTES = 16 * 2**20
_MOST_FILES = 100
"""The limit of files: people write fewer, and each that extends another stands on the stack."""


def read(path: str | Path, form: Section) -> Node:
    """Return a file laid over all that it extends; paths are relative to the file in which they stand.

    What each file extends lies below it, in the order in which it is named; a file that is named twice lies where it
    was named first. So a document is one fold of `merge` over files, each once.

    Raises: ConfigErrors, with every finding of all files.
    """
    reading = _Reading(Path(path).parent, form)
    layers = reading.layers(Path(path), None, ())
    if not layers or reading.errors:
        raise ConfigErrors(reading.errors)
    return functools.reduce(merge, layers)


class _Reading:
    def __init__(self, home: Path, form: Section) -> None:
        self.errors: list[ConfigError] = []
        self._home, self._form = home, form
        self._seen: set[str] = set()

    def layers(self, file: Path, named_by: Node | None, above: tuple[Path, ...]) -> list[Node]:
        """Return a file and what it lies over that was not seen before, the lowest first; what can't be used is found.

        `named_by` is where another file names it, `above` the files that lead to it.
        """
        root = self._parsed(file, named_by)
        if root is None:
            return []
        if not isinstance(root.value, dict):
            return [root]
        if named_by is not None:
            rebase(root, self._form, _way(self._home, file.parent))
        entry = root.value.pop(KEY, None)
        named = self._names(entry.node) if entry else []
        return [*(layer for one in named for layer in self._base(one, (*above, file))), root]

    def _parsed(self, file: Path, named_by: Node | None) -> Node | None:
        source = str(file)
        try:
            text = decode(_content(file, named_by), source)
            if _FOREIGN in text and (finding := foreign(text, source)):
                self.errors.append(finding)
                return None
            root = parse(text, source)
        except OSError as error:
            self.errors.append(_unreadable(file, named_by, error))
            return None
        except ConfigErrors as bad:
            self.errors += bad.errors
            return None
        expected = "at least name and image" if named_by is None else f"a mapping: {named_by.location} extends it"
        if root is None:
            self.errors.append(ConfigError(SourceLocation(source, 1, 1), "", "the file is empty", expected))
        elif named_by is not None and not isinstance(root.value, dict):
            what = "empty" if root.value is None else "no mapping"
            self.errors.append(ConfigError(root.location, "", f"this is {what}", expected))
        return root

    def _names(self, node: Node) -> list[Node]:
        """Return what `extends` names: one path, or a list of them."""
        found = []
        for item in node.value if isinstance(node.value, list) and node.value else [node]:
            message, hint = _wrong(item)
            if message:
                self.errors.append(ConfigError(item.location, KEY, message, "a path, or a list of paths", hint))
            else:
                found.append(item)
        return found

    def _base(self, named: Node, above: tuple[Path, ...]) -> list[Node]:
        file = above[-1].parent / named.value
        # Behind a link, `..` leads elsewhere than it looks; else the short name is the better one to show.
        if os.path.realpath(os.path.normpath(file)) == os.path.realpath(file):
            file = Path(os.path.normpath(file))
        real = os.path.realpath(file)
        if real in map(os.path.realpath, above):
            ring = " extends ".join(str(each) for each in (*above, file))
            finding = ConfigError(
                named.location, KEY, f"this leads in a ring: {ring}", hint="remove one `extends` of it"
            )
        elif real in self._seen:
            return []
        elif len(self._seen) >= _MOST_FILES:
            finding = ConfigError(named.location, KEY, f"over {_MOST_FILES} files are extended", hint="extend fewer")
        else:
            self._seen.add(real)
            return self.layers(file, named, above)
        self.errors.append(finding)
        return []


def _content(file: Path, named_by: Node | None) -> bytes:
    """Return what a file holds. One that another file extends must be a plain one; a pipe may be named by people."""
    if named_by is not None and file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    with file.open("rb") as opened:
        content = opened.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has over {_MOST_BYTES} bytes")
    return content


def _wrong(item: Node) -> tuple[str, str]:
    """Return why this can't be the path of a base, and what helps; "" when it can be."""
    try:
        text = s.string(item)
    except s.InvalidValue as bad:
        return bad.message, bad.hint
    if "://" in text or "\0" in text:
        return f"{text!r} is no path of a file", "fetch it first, and name the file"
    return ("", "") if text else ("this names no file", "")


def _unreadable(file: Path, named_by: Node | None, error: OSError) -> ConfigError:
    if named_by is None:
        message = f"the file can't be read: {error.strerror}"
        hint = "name it with --config FILE, or write one with `sternway init`"
        return ConfigError(SourceLocation(str(file)), "", message, hint=hint)
    names: list[str] = []
    with suppress(OSError):
        names = [each.name for each in file.parent.iterdir() if each.is_file()]
    near = difflib.get_close_matches(file.name, names, n=1)
    hint = f"did you mean {str(Path(named_by.value).parent / near[0])!r}?" if near else ""
    expected = f"a file, named from the folder of {named_by.location.source}"
    return ConfigError(named_by.location, KEY, f"{named_by.value!r} can't be read: {error.strerror}", expected, hint)


def _way(home: Path, folder: Path) -> str:
    """Return a folder relative to another one, "" when it is the same; absolute across links or from afar."""
    way = os.path.relpath(folder, home)
    if folder.is_absolute() != home.is_absolute() or os.path.realpath(home / way) != os.path.realpath(folder):
        return str(folder.absolute())
    return "" if way == "." else way


def rebase(node: Node, kind: Any, way: str) -> None:
    """Make each path of a base relative to the folder of the file that extends it; `text` stays what was written."""
    if isinstance(kind, Group):
        kind = Many(kind.of) if isinstance(node.value, list) else kind.of
    if isinstance(kind, Short):
        kind = kind.long if isinstance(node.value, dict) else kind.short
    if isinstance(kind, Section | Table) and isinstance(node.value, dict):
        for key, entry in node.value.items():
            rebase(entry.node, _below(node, kind, key), way)
    elif isinstance(kind, Many) and isinstance(node.value, list):
        for item in node.value:
            rebase(item, kind.of, way)
    elif (kind is s.path or isinstance(kind, PathOr)) and isinstance(node.value, str) and node.value not in ("", "-"):
        if node.value.startswith("~") or (isinstance(kind, PathOr) and kind.other(node.value)):
            return
        node.value = os.path.join(way, node.value)  # noqa: PTH118  pathlib would drop a final /


def _below(node: Node, kind: Section | Table, key: str) -> Any:
    if isinstance(kind, Table):
        return kind.of
    below = kind.kind(key) if key in kind.keys else None
    uses = node.value.get("uses", node.value.get("name")) if isinstance(below, With) else None
    return below.of_step.get(uses.node.value, below) if isinstance(below, With) and uses is not None else below
