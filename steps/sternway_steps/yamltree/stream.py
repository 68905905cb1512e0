"""The documents of a file with manifests, as kubectl tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .errors import ConfigError, ConfigErrors, Place
from .from_json import NotJson, from_json
from .from_yaml import Document, from_yaml

_SEPARATOR = re.compile(r"^\ufeff?---([^\n]*)\n?", re.MULTILINE)
_MARK = re.compile(r"^\ufeff", re.MULTILINE)


def documents(text: str, source: str, errors: list[ConfigError]) -> Iterator[Document]:
    """Read all documents; what is wrong is added to `errors`, and a document with a mistake does not hide the others.

    A line that begins with --- parts two documents (k8s.io/apimachinery, YAMLReader). What begins with a brace is JSON
    if it can be, one document after another, and else YAML. A byte order mark may begin a line: files are joined so.
    """
    for part, line in _parts(text.replace("\r\n", "\n").replace("\r", "\n"), source, errors):
        try:
            yield from _part(part, source, line)
        except ConfigErrors as bad:
            errors += bad.errors


def _parts(text: str, source: str, errors: list[ConfigError]) -> Iterator[tuple[str, int]]:
    at, line = 0, 1
    for found in _SEPARATOR.finditer(text):
        part = text[at : found.start()]
        yield part, line
        line += part.count("\n")
        after = found[1].strip()
        if after and not after.startswith("#"):
            message = f"nothing may follow --- in its line, as {after[:40]!r} does"
            errors.append(ConfigError(Place(source, line, 1), "", message, hint="write it into the next line"))
        at, line = found.end(), line + 1
    yield text[at:], line


def _part(text: str, source: str, line: int) -> Iterator[Document]:
    text = _MARK.sub("", text)
    begin = text.lstrip()[:1]
    if begin == "%":
        place = Place(source, line + text[: text.index("%")].count("\n"), 1)
        raise ConfigErrors(
            [ConfigError(place, "", "directives of YAML are not read", hint="remove it, as for kubectl")]
        )
    if begin == "{":
        try:
            yield from from_json(text, source, line)
        except NotJson as bad:
            if bad.documents:
                place = Place(source, bad.line + line, 1)
                raise ConfigErrors([ConfigError(place, "", f"this is no valid JSON: {bad}")]) from bad
        else:
            return
    if begin:
        yield from_yaml(text, source, line)
