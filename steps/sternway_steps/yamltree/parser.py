"""Parses YAML text into nodes with locations; what is wrong becomes a finding with its line and a hint."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator
from typing import Any

from ..unfolded import unfolded
from .bounded_loader import MAX_VALUES, REMEDY, TOO_MANY, TooManyValues, bounded_loader
from .document import Entry, Node
from .errors import ConfigError, ConfigErrors, SourceLocation

TEMPLATE = "{{ }} is a template's: render it first (helm template, for one), and name what comes out"


def decode(content: bytes, source: str) -> str:
    """Return a file's text, from UTF-8 or from UTF-16 with a byte order mark; raise ConfigErrors for others."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = "UTF-16" if wide else "UTF-8"
        finding = ConfigError(
            SourceLocation(source, line, 1), "", f"this is no {what} text", hint="save the file as UTF-8"
        )
        raise ConfigErrors([finding]) from error


def parse(text: str, source: str) -> Node | None:
    """Return the one document of a text, None when it is empty; raise ConfigErrors for broken YAML."""
    import yaml

    try:
        root = yaml.compose(text, Loader=bounded_loader())
        return _built(root, source) if root is not None else None
    except TooManyValues as error:
        raise ConfigErrors([_too_many(SourceLocation(source, 1, 1))]) from error
    except yaml.YAMLError as error:
        raise ConfigErrors([yaml_error(error, source, text)]) from error
    except RecursionError as error:
        raise ConfigErrors(
            [ConfigError(SourceLocation(source, 1, 1), "", "the document is nested too deep")]
        ) from error


def parse_all(text: str, source: str, errors: list[ConfigError]) -> list[Node]:
    """Return the documents of a stream without the empty ones; what is wrong is added to `errors`.

    A document with a mistake of its own (a duplicate key) does not hide the others. After broken YAML nobody can tell
    where the next document begins, so the stream ends there.
    """
    import yaml

    documents: list[Node] = []
    line = 1
    try:
        loader = bounded_loader()(text)
        while loader.check_node():
            root = loader.get_node()
            line = root.end_mark.line + 1
            try:
                documents.append(_built(root, source))
            except ConfigErrors as bad:
                errors += bad.errors
    except yaml.YAMLError as error:
        errors.append(yaml_error(error, source, text))
    except TooManyValues:
        errors.append(_too_many(SourceLocation(source, line, 1)))
    except RecursionError:
        errors.append(ConfigError(SourceLocation(source, 1, 1), "", "the document is nested too deep"))
    return [node for node in documents if node.value is not None]


def _built(root: Any, source: str) -> Node:
    """Return a composed document as nodes; raise ConfigErrors. What is much too large is not unfolded first."""
    if MAX_VALUES < unfolded(root) < math.inf:
        raise ConfigErrors([_too_many(SourceLocation(source, root.start_mark.line + 1, root.start_mark.column + 1))])
    return _Builder(source).build(root)


def _too_many(location: SourceLocation) -> ConfigError:
    return ConfigError(location, "", TOO_MANY, hint=REMEDY)


def yaml_error(error: Exception, source: str, text: str, first_line: int = 1) -> ConfigError:
    """Return what is wrong with broken YAML; the text begins at line `first_line` of its file."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    location = (
        SourceLocation(source, mark.line + first_line, mark.column + 1)
        if mark
        else SourceLocation(source, first_line, 1)
    )
    lines = text.splitlines()
    near = lines[max(mark.line - 1, 0) : mark.line + 1] if mark else []  # some mistakes are met a line later
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    return ConfigError(location, "", f"this is no valid YAML: {problem}", hint=_hint(str(problem), near))


def _hint(problem: str, near: list[str]) -> str:
    """Guess the mistake by the parser's message, and by the line that it names with the one above."""
    if any("{{" in line for line in near):
        return TEMPLATE
    tab = any(line.lstrip(" ").startswith("\t") for line in near)
    if "'\\t'" in problem or "tab" in problem or ("cannot start any token" in problem and tab):
        return "indent with spaces, not with tabs"
    askew = ("expected key", "expected ':'", "expected '-'", "not allowed in this context")
    if any(words in problem for words in askew):
        return "see whether this line and those above it are indented as they belong together"
    return ""


class _Builder:
    def __init__(self, source: str) -> None:
        import yaml

        self._source = source
        self._constructor = yaml.constructor.SafeConstructor()
        self._left = MAX_VALUES
        self._errors: list[ConfigError] = []

    def build(self, root: Any) -> Node:
        node = self._node(root, frozenset(), "")
        if self._errors:
            raise ConfigErrors(self._errors)
        return node

    def _place(self, node: Any) -> SourceLocation:
        return SourceLocation(self._source, node.start_mark.line + 1, node.start_mark.column + 1)

    def _node(self, node: Any, above: frozenset[int], field: str) -> Node:
        location = self._place(node)
        if id(node) in above:
            raise ConfigErrors(
                [ConfigError(location, field, "this holds itself, by an alias", hint="write it without aliases")]
            )
        self._left -= 1
        if self._left < 0:
            raise ConfigErrors([_too_many(location)])
        within = above | {id(node)}
        if node.id == "mapping":
            return Node(dict(self._entries(node, within, field)), location)
        if node.id == "sequence":
            return Node([self._node(item, within, f"{field}[{n}]") for n, item in enumerate(node.value)], location)
        return Node(self._scalar(node, location), location, node.value, node.style is None)

    def _entries(self, mapping: Any, above: frozenset[int], field: str) -> Iterator[tuple[str, Entry]]:
        seen: dict[str, SourceLocation] = {}
        for key, value in mapping.value:
            location = self._place(key)
            if key.id != "scalar":
                self._errors.append(ConfigError(location, "", "a key must be a word", "a string"))
                continue
            if key.value in seen:
                message = f"key {key.value!r} stands twice, first in line {seen[key.value].line}"
                self._errors.append(ConfigError(location, key.value, message, hint="remove one of the two"))
                continue
            seen[key.value] = location
            path = f"{field}.{key.value}" if field else key.value
            yield key.value, Entry(location, self._node(value, above, path))

    def _scalar(self, node: Any, location: SourceLocation) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value  # what most are, without a detour
        try:
            value = self._constructor.construct_object(node)
        except Exception as error:  # noqa: BLE001  a tag of a program, a date that does not exist, an endless number
            reason = str(getattr(error, "problem", None) or error)
            self._errors.append(
                ConfigError(location, "", f"{node.value!r} can't be read: {reason}", hint="put it in quotes")
            )
            return node.value
        return value
