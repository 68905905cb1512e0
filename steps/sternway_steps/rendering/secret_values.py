"""What is not told of a program's errors: Helm quotes values that a schema refuses, Kustomize a patch as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ..config.object_sources import Unavailable
from ..yamltree.document import Node
from ..yamltree.errors import ConfigError, ConfigErrors
from ..yamltree.parser import decode, parse_all

_SECRET = re.compile(
    r"pass|pwd|^pw$|secret|token|key|cred|auth|private|cert|salt|dsn|^stringData$|^literals$", re.IGNORECASE
)
_LONG = 8
"""Characters: so long a value of a chart is not told, whatever its key; a shorter one only where it is quoted."""
_MOST_BYTES, _MOST_FILES = 2**20, 500
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_AFTER_KEY, _WORD = (
    re.compile(r"^.*?[:=-][ \t]+(\S.*)$", re.MULTILINE),
    re.compile(r"[^\s,{}\[\]\"'`]+(?=[\s,{}\[\]\"'`]|$)"),
)
_ENDINGS = (".yaml", ".yml", ".json", ".env", "")


def in_values(files: Iterable[Path], laid_over: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of a chart as they must not be told: any may be secret, and short ones are in all words."""
    found = [*_of_data(laid_over, secret=False)]
    found += [each for path in files for each in _in_text(_text(path))]
    for text, secret in found:
        if secret or len(text) >= _LONG:
            yield text
        elif text:
            yield from (f"{quote}{text}{quote}" for quote in "'\"`")


def in_kustomization(folder: Path) -> Iterator[str]:
    """Yield what Secrets and those who make them hold, in all folders that a kustomization takes in."""
    for each in _folders(folder.resolve(), set()):
        for path in islice((one for one in each.rglob("*") if one.suffix in _ENDINGS), _MOST_FILES):
            yield from (text for text, secret in _in_text(_text(path)) if secret)
            if path.suffix in (".env", ""):
                yield from (line.partition("=")[2] for line in _text(path).splitlines())


def of_file(path: Path, *, within: str) -> None:
    """Raise Unavailable for a file that can't be read; `within` is the key that names it."""
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise Unavailable(f"{path} can't be read: {error.strerror}", "name a file with values", within) from error


def _folders(folder: Path, seen: set[Path]) -> Iterator[Path]:
    if folder in seen or not folder.is_dir():
        return
    seen.add(folder)
    yield folder
    for name in _KUSTOMIZATIONS:
        for root in parse_all(_text(folder / name), "", []):
            for key in ("resources", "bases", "components"):
                named = root.data().get(key) if isinstance(root.value, dict) else None
                for one in named if isinstance(named, list) else ():
                    yield from _folders((folder / str(one)).resolve(), seen)


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes(), "") if path.is_file() and path.stat().st_size <= _MOST_BYTES else ""
    except (OSError, ConfigErrors):
        return ""


def _in_text(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a file's documents; of one that is broken all but its keys, and each is taken for secret."""
    errors: list[ConfigError] = []
    for root in parse_all(text, "", errors):
        yield from _texts(root)
    if errors:
        yield from ((found, True) for found in _AFTER_KEY.findall(text))
        yield from ((word, True) for word in _WORD.findall(text) if not word.endswith(":"))


def _texts(node: Node, *, secret: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each text of a document, and whether its place says that it is secret."""
    if isinstance(node.value, dict):
        kind = node.value.get("kind")
        for key, entry in node.value.items():
            of_secret = key == "data" and kind is not None and kind.node.value == "Secret"
            named = key != "secretGenerator" and _SECRET.search(key) is not None
            yield from _texts(entry.node, secret=secret or of_secret or named)
    elif isinstance(node.value, list):
        for item in node.value:
            yield from _texts(item, secret=secret)
    elif node.text:
        yield node.text, secret
        yield node.text.partition("=")[2], secret
        if "\n" in node.text.strip():  # it may be YAML itself, such as a patch
            yield from _in_text(node.text)


def _of_data(data: Any, *, secret: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _of_data(value, secret=secret or _SECRET.search(str(key)) is not None)
    elif isinstance(data, list):
        for value in data:
            yield from _of_data(value, secret=secret)
    else:
        yield str(data), secret
