"""JSON documents of manifests, one after another, as Go's decoder reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from .bounds import LimitExceeded, Limits
from .errors import ConfigError, ConfigErrors, SourceLocation
from .from_yaml import Document
from .resolve import as_json

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]:\n]')
_BLANK = " \t\r\n\ufeff"
_HALF = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """The text is not JSON: `line` counts from 0; `documents` of it were read before that."""

    def __init__(self, message: str, line: int, documents: int) -> None:
        super().__init__(message)
        self.line, self.documents = line, documents


class _DuplicateKey(Exception):
    """Some key occurs twice."""


def from_json(text: str, source: str, first_line: int) -> Iterator[Document]:
    """Yield one document after another; half a surrogate pair becomes U+FFFD.

    Raises NotJson; and ConfigErrors for JSON that can't be accepted: a duplicate key, too deep, too large.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_mapping, parse_constant=_no_number)
    at, count = _next(text, 0), 0
    while at < len(text):
        line = first_line + text.count("\n", 0, at)
        try:
            value, end = decoder.raw_decode(text, at)
            value = _checked(value, Limits(), 0)
        except _DuplicateKey:
            raise ConfigErrors([_duplicate_key_error(text, at, source, line)]) from None
        except json.JSONDecodeError as error:
            raise NotJson(error.msg, text.count("\n", 0, error.pos), count) from error
        except RecursionError as error:
            raise ConfigErrors(
                [ConfigError(SourceLocation(source, line, 1), "", "the document is nested too deep")]
            ) from error
        except LimitExceeded as bad:
            raise ConfigErrors([ConfigError(SourceLocation(source, line, 1), "", str(bad), hint=bad.hint)]) from bad
        except ValueError as error:
            raise ConfigErrors(
                [ConfigError(SourceLocation(source, line, 1), "", f"this can't be read: {error}")]
            ) from error
        column = at - text.rfind("\n", 0, at)
        yield Document(value, SourceLocation(source, line, column))
        at, count = _next(text, end), count + 1


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _DuplicateKey
    return mapping


def _no_number(word: str) -> NoReturn:
    raise json.JSONDecodeError(f"{word} is no JSON", "", 0)


def _checked(value: Any, limits: Limits, depth: int) -> Any:
    """Return a value with the numbers and texts that Go makes of it; raise ValueError."""
    limits.add(value, depth)
    if isinstance(value, dict):
        return {_whole(key): _checked(below, limits, depth + 1) for key, below in value.items()}
    if isinstance(value, list):
        return [_checked(item, limits, depth + 1) for item in value]
    return _whole(value) if isinstance(value, str) else as_json(value)


def _whole(text: str) -> str:
    return _HALF.sub("\ufffd", text)


def _duplicate_key_error(text: str, at: int, source: str, line: int) -> ConfigError:
    """Return the error for the first duplicate key in the document at `at`, which is known to have one."""
    seen: list[dict[str, int]] = []
    last = ""
    for part in (match[0] for match in _TOKEN.finditer(text, at)):
        if part == "\n":
            line += 1
            continue
        if part in "{[":
            seen.append({})
        elif part in "}]":
            seen.pop()
        elif part == ":" and seen:
            key = json.loads(last)
            if key in seen[-1]:
                message = f"key {key!r} stands twice, first in line {seen[-1][key]}"
                return ConfigError(SourceLocation(source, line, 1), key, message, hint="remove one of the two")
            seen[-1][key] = line
        last = part
    raise AssertionError("no key stands twice")
