"""Readers of a single value: each returns the value, or raises InvalidValue with what was expected."""

from __future__ import annotations

import re

from ..plain_text import short
from .document import Node
from .scalar import MOST, InvalidValue, Scalar, kind_of, matching, one_of, reads, string, whole, whole_text

__all__ = [
    "A_LABEL", "MOST", "InvalidValue", "Scalar", "boolean", "dns_label", "dns_name", "duration", "env_name", "image",
    "is_label", "matching", "one_of", "path", "port", "port_or_name", "quantity", "reads", "seconds_in", "string",
    "url_path", "whole", "whole_text",
]  # fmt: skip

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUANTITY = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_DURATION = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m(?!s))?(?:([0-9]+(?:\.[0-9]+)?)s)?(?:([0-9]+)ms)?")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
# The grammar of github.com/distribution/reference: [HOST[:PORT]/]PATH[:TAG][@DIGEST].
_IMAGE = re.compile(
    r"(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9+.-]*:[0-9a-fA-F]{32,})?"
)
_A_TIME = "a time like 90s, 5m or 1h30m, more than 0"
_A_QUANTITY = "a quantity such as 500m, 2 or 128Mi"


@reads("a path", string.schema)
def path(node: Node) -> str:
    """Read the path of a file or folder, relative to the file that names it; `extends` looks for this reader."""
    return string(node)


@reads("true or false", {"type": "boolean"})
def boolean(node: Node) -> bool:
    """Read true or false."""
    if isinstance(node.value, bool):
        return node.value
    raise InvalidValue(f"this is {kind_of(node)}", "true or false")


port = whole(1, 65535)
_PORT_NAME = matching(_LABEL, "a port's number or its name", 15)


@reads(_PORT_NAME.expected, {"anyOf": [port.schema, _PORT_NAME.schema]})
def port_or_name(node: Node) -> str:
    """Read a port's number or its name."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(port(node))
    return _PORT_NAME(node)


@reads(
    _A_TIME,
    {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": MOST},
            whole_text(rf"(?=.*[1-9]){_DURATION.pattern}"),
        ]
    },
)
def duration(node: Node) -> float:
    """Read a time span such as `90`, `90s`, `1m30s`, `2h` or `500ms`; returns seconds."""
    seconds: float
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        seconds = float(max(-1, min(node.value, MOST + 1)))
    else:
        text = node.text if not isinstance(node.value, str | dict | list) and node.text else node.value
        found = seconds_in(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidValue(
                f"{short(node.text)!r} is no time span" if node.text else f"this is {kind_of(node)}", _A_TIME
            )
        seconds = found
    if not 0 < seconds <= MOST:
        raise InvalidValue(f"{short(node.text)} is out of range", _A_TIME)
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


A_LABEL = "a DNS label: lower-case letters, digits and '-', at most 63, such as web-1"
dns_label = matching(_LABEL, A_LABEL, 63)
secret_key = matching(re.compile(r"[-._a-zA-Z0-9]+"), "a key of a Secret: letters, digits, '-', '_' and '.'")
dns_name = matching(_SUBDOMAIN, "a DNS name: lower-case letters, digits, '-' and '.', at most 253")
env_name = matching(_ENV, "a variable's name: letters, digits, '_', '-' and '.', no digit first")
image = matching(_IMAGE, "an image reference such as registry.example/team/web:1.4.2", 4096)
url_path = matching(re.compile(r"/[^\s#]*"), "a path that begins with /", 4096)
_QUANTITY_TEXT = matching(_QUANTITY, _A_QUANTITY)


@reads(_A_QUANTITY, {"anyOf": [{"type": "number", "minimum": 0}, _QUANTITY_TEXT.schema]})
def quantity(node: Node) -> str:
    """Read a Kubernetes quantity; returns its text."""
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return _QUANTITY_TEXT(Node(node.text, node.location, node.text))
    return _QUANTITY_TEXT(node)
