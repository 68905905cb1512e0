"""What a rule says of an object in one line: `status.phase=Succeeded`, `conditions[Ready].reason~Error`.

    alternatives  one "||" other
    all of        one "&&" other
    comparison    PATH = VALUE[|VALUE…]    the text there is one of these; no VALUE: there is nothing
                  PATH != VALUE[|VALUE…]   it is none of these; no VALUE: there is something
                  PATH ~ REGEX             it matches somewhere
                  PATH = PATH, PATH != PATH  both are there, and equal or not
    PATH          begins with metadata, spec, status or conditions (of the status); .NAME is a key, [*] every item or
                  value, [N] the Nth item, [WORD] the item whose type or name is WORD, or the key WORD

A condition's own text is its status. A value in double quotes is text, whatever it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ROOTS = ("metadata", "spec", "status", "conditions")
_COMPARISON = re.compile(
    r'\s*(?P<path>[^\s=!~"\[\]]+(?:\[[^\]]*\][^\s=!~"\[\]]*)*)\s*(?P<op>!=|=|~)\s*(?P<value>.*?)\s*'
)
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[([^\]]+)\]")
_PATH = re.compile(r"(?:metadata|spec|status|conditions)(?:[.\[].*)")


class BadExpression(ValueError):
    """A text that is no expression; `hint` says what helps."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Step:
    """One part of a path: a key, or what stands in brackets."""

    name: str
    bracket: bool = False


Path = tuple[Step, ...]


@dataclass(frozen=True)
class Comparison:
    """A path, `=`, `!=` or `~`, and what it is compared with: texts, a regular expression, or another path."""

    path: Path
    operator: str
    values: tuple[str, ...] = ()
    other: Path | None = None
    text: str = ""


AnyOf = tuple[tuple[Comparison, ...], ...]
"""Alternatives, of each of which all must hold."""


def parse(text: str) -> AnyOf:
    """Return an expression as data; raise BadExpression."""
    return tuple(tuple(_comparison(one) for one in _split(part, "&&")) for part in _split(text, "||"))


def written(path: Path) -> str:
    """Return a path as it is written in an expression."""
    return "".join(f"[{step.name}]" if step.bracket else f".{step.name}" for step in path)[1:]


def _split(text: str, word: str) -> Iterator[str]:
    yield from (part.strip() for part in text.split(word))


def _comparison(text: str) -> Comparison:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise BadExpression(f"{text!r} compares nothing", "write PATH=VALUE, PATH!=VALUE or PATH~REGEX")
    path, operator, value = _path(match["path"]), match["op"], match["value"]
    if value.startswith("=") or (operator == "=" and value.startswith("~")):
        raise BadExpression(f"{text!r} has an operator that there is not", "the operators are =, != and ~")
    if operator == "~":
        try:
            re.compile(_bare(value))
        except re.error as error:
            raise BadExpression(
                f"{value!r} is no regular expression: {error}", "escape what stands for itself"
            ) from None
        return Comparison(path, operator, (_bare(value),), text=text)
    if _PATH.fullmatch(value):
        return Comparison(path, operator, other=_path(value), text=text)
    values = (_bare(value),) if value.startswith('"') else tuple(one.strip() for one in value.split("|"))
    return Comparison(path, operator, values, text=text)


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _path(text: str) -> Path:
    steps, place = [], 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None or (text[place] in ".[") is (place == 0):
            raise BadExpression(f"{text!r} is no path", "write status.NAME, with [WORD] for an item of a list")
        steps.append(Step(match[1]) if match[1] else Step(match[2], bracket=True))
        place = match.end()
    if steps[0].name not in _ROOTS:
        raise BadExpression(f"{text!r} begins with {steps[0].name!r}", f"a path begins with {', '.join(_ROOTS)}")
    return (Step("status"), *steps) if steps[0].name == "conditions" else tuple(steps)
