"""Generated objects as YAML text, quoted so that no YAML parser takes a string for something else."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

_WIDTH = 80


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every string that some parser of YAML 1.1 or 1.2 could take for something else."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


# Words and digits: 1e3 (a git revision), 0o10, 1_000, 12:30:45, n, yes, on, null, ~, .inf, 2026-11-24.
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "nan", ".nan", "inf", ".inf"])


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    ambiguous = not text or text.lower() in _WORDS or text[0] in "0123456789+-.~<=!" or text != text.strip()
    style = (
        "|" if "\n" in text and "\t" not in text and not text.startswith((" ", "\n")) else '"' if ambiguous else None
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(objects: Iterable[Mapping[str, Any]], note: Callable[[Mapping[str, Any]], str] | None = None) -> str:
    """Return objects as one stream of documents; keys keep their order, so equal input gives equal text.

    `note` returns what a comment at an object's head says, "" for none.
    """
    return "".join(f"---\n{comment(note(obj)) if note else ''}{_body(obj)}" for obj in objects)


def comment(text: str) -> str:
    """Return a text as lines of a comment."""
    return "".join(
        f"# {line}\n" for line in textwrap.wrap(text, _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    )


def _body(obj: Mapping[str, Any]) -> str:
    return str(yaml.dump(obj, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000))
