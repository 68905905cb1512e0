"""Splits a file of manifests into documents, as kubectl does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .errors import ConfigError, ConfigErrors, SourceLocation
from .from_json import NotJson, from_json
from .from_yaml import Document, from_yaml

_SEPARATOR = re.compile(r"^\ufeff?---([^\n]*)\n?", re.MULTILINE)
_MARK = re.compile(r"^\ufeff", re.MULTILINE)


def documents(text: str, source: str, errors: list[ConfigError]) -> Iterator[Document]:
    """Yield all documents; what is wrong is added to `errors`, and one bad document does not hide the others.

    A line that begins with --- separates two documents (k8s.io/apimachinery, YAMLReader). What begins with a brace is
    read as JSON if it is that, one document after another, and else as YAML. A byte order mark may begin any line, as
    in joined files.
    """
    for part, line in _parts(text.replace("\r\n", "\n").replace("\r", "\n"), source, errors):
        try:
            yield from _part(part, source, line)
        except ConfigErrors as bad:
            errors += bad.errors


def _parts(text: str, source: str, errors: list[ConfigError]) -> Iterator[tuple[str, int]]:
    at, line = 0, 1
    for separator in _SEPARATOR.finditer(text):
        part = text[at : separator.start()]
        yield part, line
        line += part.count("\n")
        after = separator[1].strip()
        if after and not after.startswith("#"):
            message = f"nothing may follow --- in its line, as {after[:40]!r} does"
            errors.append(ConfigError(SourceLocation(source, line, 1), "", message, hint="write it into the next line"))
        at, line = separator.end(), line + 1
    yield text[at:], line


def _part(text: str, source: str, line: int) -> Iterator[Document]:
    text = _MARK.sub("", text)
    begin = text.lstrip()[:1]
    if begin == "%":
        location = SourceLocation(source, line + text[: text.index("%")].count("\n"), 1)
        raise ConfigErrors(
            [ConfigError(location, "", "directives of YAML are not read", hint="remove it, as for kubectl")]
        )
    if begin == "{":
        try:
            yield from from_json(text, source, line)
        except NotJson as bad:
            if bad.documents:
                location = SourceLocation(source, bad.line + line, 1)
                raise ConfigErrors([ConfigError(location, "", f"this is no valid JSON: {bad}")]) from bad
        else:
            return
    if begin:
        yield from_yaml(text, source, line)
