"""What a reader of a single value is: a function, and beside it as data what it reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..plain_text import short
from .document import Node

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
MOST = 2**31 - 1
_STRING = {"type": "string"}


class InvalidValue(Exception):
    """A value that is not accepted: what it is, what was expected, what helps."""

    def __init__(self, message: str, expected: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.expected, self.hint = message, expected, hint


@dataclass(frozen=True, eq=False)
class Scalar(Generic[T_co]):
    """A reader of one value: it returns the value, or raises InvalidValue.

    `expected` says in words what it reads, `schema` as JSON Schema (draft-07); what no schema can say of a value, the
    words say. A pattern is one that Python and ECMAScript read alike.
    """

    read: Callable[[Node], T_co]
    expected: str
    schema: Mapping[str, Any]

    def __call__(self, node: Node) -> T_co:
        """Read the value of a node."""
        return self.read(node)


def reads(expected: str, schema: Mapping[str, Any]) -> Callable[[Callable[[Node], T]], Scalar[T]]:
    """Return a decorator that makes a Scalar of a function."""
    return lambda read: Scalar(read, expected, schema)


def whole_text(pattern: str, most: int | None = None) -> dict[str, Any]:
    """Return the schema of a string that matches a pattern from its begin to its end, and has so many characters."""
    # Without the last part Python's $ would let a line's end pass behind it.
    schema = {**_STRING, "pattern": f"^(?:{pattern})$(?!\\n)"}
    return schema if most is None else {**schema, "maxLength": most}


@reads("a string", _STRING)
def string(node: Node) -> str:
    """Read a string. A value that YAML reads as another type is an error, for its text may not come back as it was."""
    if isinstance(node.value, str):
        return node.value
    if not node.location.line and node.text:
        return node.text  # from a flag or a variable: there the text is what was meant
    if isinstance(node.value, dict | list) or node.value is None:
        raise InvalidValue(f"this is {kind_of(node)}", "a string")
    raise InvalidValue(f"YAML reads {node.text} as {kind_of(node)}", "a string", f'put it in quotes: "{node.text}"')


def whole(least: int = 0, most: int = MOST) -> Scalar[int]:
    """Return a reader of a whole number within bounds."""
    expected = f"a whole number from {least} to {most}" if most != MOST else f"a whole number, {least} or more"

    @reads(expected, {"type": "integer", "minimum": least, "maximum": most})
    def read(node: Node) -> int:
        if isinstance(node.value, bool) or not isinstance(node.value, int):
            quoted = isinstance(node.value, str) and node.value.isdecimal() and node.location.line
            raise InvalidValue(f"this is {kind_of(node)}", expected, "remove the quotes" if quoted else "")
        if not least <= node.value <= most:
            raise InvalidValue(f"{short(node.text)} is out of range", expected)
        return node.value

    return read


def matching(pattern: re.Pattern[str], expected: str, most: int = 253) -> Scalar[str]:
    """Return a reader of a string that matches a pattern."""

    @reads(expected, whole_text(pattern.pattern, most))
    def read(node: Node) -> str:
        text = string(node)
        if len(text) > most or not pattern.fullmatch(text):
            raise InvalidValue(f"{short(text)!r} is not valid", expected)
        return text

    return read


def one_of(*words: str) -> Scalar[str]:
    """Return a reader of one of some words."""
    expected = " or ".join(words)

    @reads(expected, {**_STRING, "enum": list(words)})
    def read(node: Node) -> str:
        # What YAML reads as another type needs quotes; but first it has to be one of the words.
        text = node.text if isinstance(node.value, bool | int | float) and node.text not in words else string(node)
        if text not in words:
            raise InvalidValue(f"{short(text)!r} is not known", expected)
        return text

    return read


def kind_of(node: Node) -> str:
    """Say in words of which type a value is."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "a mapping",
        list: "a list",
        str: "a string",
    }
    return "empty" if node.value is None else names.get(type(node.value), f"a {type(node.value).__name__}")
