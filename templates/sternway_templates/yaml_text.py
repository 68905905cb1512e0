"""Generated objects as YAML text, quoted so that no YAML parser takes a string for something else.

It is as yamllint's default configuration wants it: items of a list are indented, and lines end at 80 characters.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml
from sternway_steps.plain_text import is_seen

WIDTH = 80


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every string that some parser of YAML 1.1 or 1.2 could take for something else."""


# Words and digits: 1e3 (a git revision), 0o10, 1_000, 12:30:45, n, yes, on, null, ~, .inf, 2026-11-24.
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "nan", ".nan", "inf", ".inf"])
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
"""What needs no quotes, if it is none of these words; of all else the dumper decides."""
_SHOWN = r"\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_LITERAL = re.compile(rf"(?![ \n])[{_SHOWN}\n]*\n[{_SHOWN}\n]*")
_FOLDED = re.compile(rf"[{_SHOWN}]+")
_Lines = Iterator[str]


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    ambiguous = not text or text.lower() in _WORDS or text[0] in "0123456789+-.~<=!" or text != text.strip()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if ambiguous or "\n" in text else None)


_Dumper.add_representer(str, _text)


def to_yaml(objects: Iterable[Mapping[str, Any]], note: Callable[[Mapping[str, Any]], str] | None = None) -> str:
    """Return objects as one stream of documents; keys keep their order, so equal input gives equal text.

    `note` returns what a comment at an object's head says, "" for none. Before a document with longer lines than
    yamllint takes, such as those of a file in a ConfigMap, a comment tells it so.
    """
    found = []
    for obj in objects:
        lines = list(_block(obj, 0, WIDTH))
        head = (comment(note(obj)) if note else "") + _exceptions(lines)
        found.append(f"---\n{head}" + "".join(f"{line}\n" for line in lines))
    return "".join(found)


def within(obj: Mapping[str, Any], indent: int) -> str:
    """Return an object as a document that stands in another one, indented by as many spaces."""
    return "---\n" + "".join(f"{line}\n" for line in _block(obj, 0, WIDTH - indent))


def comment(text: str) -> str:
    """Return a text as lines of a comment."""
    lines = textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _exceptions(lines: list[str]) -> str:
    rules = ["line-length"] if any(len(line) > WIDTH and " " in re.sub("^ *(- )?", "", line) for line in lines) else []
    rules += ["empty-lines"] if "\n\n\n\n" in "\n".join(lines) or lines[-1:] == [""] else []
    return "# yamllint disable " + " ".join(f"rule:{rule}" for rule in rules) + "\n" if rules else ""


def _block(value: Any, indent: int, width: int) -> _Lines:
    """Yield the lines of a mapping or list that is not empty."""
    space = " " * indent
    for key, item in value.items() if isinstance(value, Mapping) else ((None, item) for item in value):
        head = f"{space}-" if key is None and not isinstance(value, Mapping) else f"{space}{_flow(key)}:"
        if not isinstance(item, Mapping | list) or not item:
            yield from _leaf(head, item, indent + 2, width)
        elif isinstance(value, Mapping):
            yield head
            yield from _block(item, indent + 2, width)
        else:
            first, *rest = _block(item, indent + 2, width)
            yield f"{head} {first[indent + 2 :]}"
            yield from rest


def _leaf(head: str, value: Any, indent: int, width: int) -> _Lines:
    """Yield the lines of a value that is one, below its key or in a list."""
    space = " " * indent
    if isinstance(value, str) and _is_literal(value):
        lines = value.removesuffix("\n").split("\n")
        yield f"{head} |" + ("-" if not value.endswith("\n") else "+" if lines[-1] == "" else "")
        yield from (f"{space}{line}" if line else "" for line in lines)
        return
    flow = _flow(value)
    if isinstance(value, str) and len(head) + 1 + len(flow) > width and _is_foldable(value, head):
        yield f"{head} >-"
        yield from _wrapped(value, space, width)
    else:
        yield f"{head} {flow}"


def _is_literal(text: str) -> bool:
    return bool(_LITERAL.fullmatch(text)) and is_seen(text) and " \n" not in text and not text.endswith(" ")


def _is_foldable(text: str, head: str) -> bool:
    """Tell whether a text can stand in lines of words; a word alone is long wherever it stands in a list."""
    words = text.split(" ")
    return bool(_FOLDED.fullmatch(text)) and is_seen(text) and all(words) and (len(words) > 1 or not head.endswith("-"))


def _wrapped(text: str, space: str, width: int) -> _Lines:
    line = ""
    for word in text.split(" "):
        if line and len(space) + len(line) + 1 + len(word) > width:
            yield space + line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield space + line


@functools.lru_cache(4096, typed=True)
def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    seen = not isinstance(value, str) or is_seen(value)
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=seen, width=1_000_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _flow(value: Any) -> str:
    """Return a value in one line."""
    return "{}" if isinstance(value, Mapping) else "[]" if isinstance(value, list) else _scalar(value)
