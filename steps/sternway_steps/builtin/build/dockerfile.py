"""A Dockerfile's instructions, and which of them a builder failed at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from ...objects.image_name import HUB, split

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?(?:STEP|Step) \d+/\d+ ?: (?P<text>.+)$")
_POINTED = re.compile(r"^\s*(?P<line>\d+) \| >>> ?(?P<text>.*)$")
_PARSED = re.compile(r"(?:parse error(?: on)? |Syntax error - .*?|[Ee]rror: )line (?P<line>\d+):? *(?P<text>.*)$")


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile: its first line, 1 first, and its text without line breaks."""

    line: int
    text: str


def instructions(dockerfile: str) -> list[Instruction]:
    """Read where the instructions of a Dockerfile begin; a here-document belongs to the one before it."""
    found: list[Instruction] = []
    first, text, ends = 0, "", list[str]()
    for number, line in enumerate(dockerfile.splitlines(), 1):
        if ends:
            if line.strip() == ends[0]:
                ends.pop(0)
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first, text = (first, text + line.strip()) if text else (number, line.strip())
        if text.endswith("\\"):
            text = text[:-1] + " "
            continue
        ends = re.findall(r"<<-?[\"']?(\w+)[\"']?", text)
        found.append(Instruction(first, text))
        text = ""
    return found


def place(tail: Sequence[str], dockerfile: str, name: str) -> str:
    """Find the failing line: BuildKit points at it, the others say which instruction they were at."""
    for number, line in reversed([*enumerate(tail)]):
        if _POINTED.match(line):
            return _pointed(tail[: number + 1], dockerfile, name)
        if match := _PARSED.search(line):
            return f"{name}:{match['line']}"
    at = next((match["text"] for match in map(_STEP.match, reversed(tail)) if match), "")
    if not at:
        return ""
    same = [i for i in instructions(dockerfile) if _normalised(i.text) == _normalised(at)]
    return f"{name}:{same[0].line}: {at}" if len(same) == 1 else f"{name}: {at}"


def _pointed(tail: Sequence[str], dockerfile: str, name: str) -> str:
    """Return the first of the lines that BuildKit points at, the last of which ends `tail`: all of one instruction."""
    block = [*takewhile(bool, map(_POINTED.match, reversed(tail)))][-1]
    assert block is not None  # noqa: S101  takewhile
    line = int(block["line"])
    text = next((each.text for each in instructions(dockerfile) if each.line == line), block["text"].strip())
    return f"{name}:{line}: {text}" if text else f"{name}:{line}"


def source_host(reason: str, dockerfile: str) -> str:
    """Return the registry of that FROM which the builder could not reach; "" when the failure names none of them."""
    for one in instructions(dockerfile):
        words = [word for word in one.text.split() if not word.startswith("--")]
        if words[0].upper() == "FROM" and len(words) > 1:
            host = split(words[1])[0]
            if host in reason or (host == HUB and f"registry-1.{HUB}" in reason):
                return host
    return ""


def _normalised(text: str) -> str:
    return " ".join(text.split()).casefold()
