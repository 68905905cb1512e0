"""Readers of a single value: each returns the value, or raises Bad with what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .document import Node

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUANTITY = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
# The grammar of github.com/distribution/reference: [HOST[:PORT]/]PATH[:TAG][@DIGEST].
_IMAGE = re.compile(
    r"(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9+.-]*:[0-9a-fA-F]{32,})?"
)
MOST = 2**31 - 1


class InvalidValue(Exception):
    """A value that is not accepted: what it is, what was expected, what helps."""

    def __init__(self, message: str, expected: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.expected, self.hint = message, expected, hint


Read = Callable[[Node], Any]
Text = Callable[[Node], str]


def string(node: Node) -> str:
    """Read a string. A value that YAML reads as another type is an error, for its text may not come back as it was."""
    if isinstance(node.value, str):
        return node.value
    if not node.location.line and node.text:
        return node.text  # from a flag or a variable: there the text is what was meant
    if isinstance(node.value, dict | list) or node.value is None:
        raise InvalidValue(f"this is {_kind(node)}", "a string")
    raise InvalidValue(f"YAML reads {node.text} as {_kind(node)}", "a string", f'put it in quotes: "{node.text}"')


def path(node: Node) -> str:
    """Read the path of a file or folder, relative to the file that names it; `extends` looks for this reader."""
    return string(node)


def boolean(node: Node) -> bool:
    """Read true or false."""
    if isinstance(node.value, bool):
        return node.value
    raise InvalidValue(f"this is {_kind(node)}", "true or false")


def whole(least: int = 0, most: int = MOST) -> Read:
    """Return a reader of a whole number within bounds."""
    expected = f"a whole number from {least} to {most}" if most != MOST else f"a whole number, {least} or more"

    def read(node: Node) -> int:
        if isinstance(node.value, bool) or not isinstance(node.value, int):
            raise InvalidValue(f"this is {_kind(node)}", expected)
        if not least <= node.value <= most:
            raise InvalidValue(f"{_short(node.text)} is out of range", expected)
        return node.value

    return read


port = whole(1, 65535)


def port_or_name(node: Node) -> str:
    """Read a port's number or its name."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(port(node))
    return matching(_LABEL, "a port's number or its name", 15)(node)


def duration(node: Node) -> float:
    """Read a time span such as `90`, `90s`, `1m30s`, `2h` or `500ms`; returns seconds."""
    expected = "a time like 90s, 5m or 1h30m, more than 0"
    seconds: float
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        seconds = float(max(-1, min(node.value, MOST + 1)))
    else:
        text = node.text if not isinstance(node.value, str | dict | list) and node.text else node.value
        found = seconds_in(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidValue(
                f"{_short(node.text)!r} is no time span" if node.text else f"this is {_kind(node)}", expected
            )
        seconds = found
    if not 0 < seconds <= MOST:
        raise InvalidValue(f"{_short(node.text)} is out of range", expected)
    return seconds


def seconds_in(text: str) -> float | None:
    """Return the seconds of a time span such as `1m30s`, None when it is none, inf when it is too long."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    hours, minutes, rest, milli = match.groups()
    return float(hours or 0) * 3600 + float(minutes or 0) * 60 + float(rest or 0) + float(milli or 0) / 1000


def is_label(text: object) -> bool:
    """Return whether a value is a DNS label."""
    return isinstance(text, str) and bool(_LABEL.fullmatch(text))


def matching(pattern: re.Pattern[str], expected: str, most: int = 253) -> Text:
    """Return a reader of a string that matches a pattern."""

    def read(node: Node) -> str:
        text = string(node)
        if len(text) > most or not pattern.fullmatch(text):
            raise InvalidValue(f"{_short(text)!r} is not valid", expected)
        return text

    return read


A_LABEL = "a DNS label: lower-case letters, digits and '-', at most 63, such as web-1"
dns_label = matching(_LABEL, A_LABEL, 63)
dns_name = matching(_SUBDOMAIN, "a DNS name: lower-case letters, digits, '-' and '.', at most 253")
env_name = matching(_ENV, "a variable's name: letters, digits, '_', '-' and '.', no digit first")
image = matching(_IMAGE, "an image reference such as registry.example/team/web:1.4.2", 4096)
url_path = matching(re.compile(r"/[^\s#]*"), "a path that begins with /", 4096)


def quantity(node: Node) -> str:
    """Read a Kubernetes quantity; returns its text."""
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.text
    return matching(_QUANTITY, "a quantity such as 500m, 2 or 128Mi")(node)


def one_of(*words: str) -> Text:
    """Return a reader of one of some words."""

    def read(node: Node) -> str:
        text = string(node)
        if text not in words:
            raise InvalidValue(f"{_short(text)!r} is not known", " or ".join(words))
        return text

    return read


def _kind(node: Node) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "a mapping",
        list: "a list",
        str: "a string",
    }
    return "empty" if node.value is None else names.get(type(node.value), f"a {type(node.value).__name__}")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
