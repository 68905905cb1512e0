"""A plan as Markdown, for the comment on a pull request: objects fold, and secrets are hidden as in text."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..plain_text import plain
from ..release.preview import Preview
from .plan_lines import heading, lines_of, total
from .terminal import echo
from .text import TextOutput

MOST = 65_536
"""Characters of a comment; GitHub refuses a longer one ("body is too long (maximum is 65536 characters)")."""
_ROOM = 200
"""Characters for the sentence that says what was cut."""


class MarkdownOutput(TextOutput):
    """Collects a plan and writes it when the command ends; all else is as in text."""

    def __init__(self) -> None:
        super().__init__()
        self._head: list[str] = []
        self._told: list[str] = []
        self._objects: list[str] = []
        self._unchanged = 0

    def plan(self, previews: Sequence[Preview], *, whole: bool = False) -> None:
        """Collect what would change."""
        self._head.append(f"### Plan: {total(previews)}")
        shown = [found for found in previews if found.result != "unchanged"]
        self._unchanged = len(previews) - len(shown)
        self._objects += [_folded(found, whole) for found in shown]

    def stays(self, steps: Sequence[str]) -> None:
        """Collect which steps no undo reverts."""
        self._told += [f"⚠️ {_inline(name)} is irreversible: what it does stays" for name in steps]

    def error(self, error: Exception) -> None:
        """Collect why a run would be refused; it is said on standard error too, for the log."""
        super().error(error)
        remedy = getattr(error, "remedy", None)
        lines = [line for line in f"{error}\n{remedy or ''}".splitlines() if line.strip()]
        self._told += [f"❌ {_inline(line)}" for line in lines]

    def note(self, text: str) -> None:
        """Collect a remark; it is said on standard error too."""
        super().note(text)
        self._told.append(f"⚠️ {_inline(text)}")

    def result(self, kind: str, data: Mapping[str, Any], lines: Sequence[str]) -> None:  # noqa: ARG002  for programs
        """Collect the lines."""
        self._told += [_inline(line) for line in lines]

    def done(self) -> None:
        """Write all of it, as much as a comment holds."""
        echo(self.markdown().removesuffix("\n"))

    def markdown(self) -> str:
        """Return the comment: of what does not fit, objects at the end are left out, and that is said."""
        head = "\n\n".join([*self._head, *(f"- {line}" for line in self._told)])
        text, left = cut(head, MOST // 2), MOST - MOST // 2 - _ROOM
        parts, out = [text], 0
        left += MOST // 2 - len(text)
        for number, part in enumerate(self._objects):
            if len(part) + 2 > left:
                out = len(self._objects) - number
                break
            parts.append(part)
            left -= len(part) + 2
        if out:
            parts.append(f"_Cut: {out} of {len(self._objects)} objects are not shown; `sternway plan` shows all._")
        return "\n\n".join(parts) + "\n"


def cut(text: str, most: int) -> str:
    """Return a text of at most so many characters, which says when it was cut."""
    said = "\n\n_Cut here; `sternway plan` shows all._"
    return text if len(text) <= most else text[: most - len(said)].rpartition("\n")[0] + said


def _folded(found: Preview, whole: bool) -> str:
    """Return one object: a line, and below it, folded, its fields as a diff."""
    lines = lines_of(found, whole=whole)
    title = f"<b>{_words(found.result)}</b> {_words(heading(found))}"
    told = [f"- ⚠️ {_inline(line.text)}" for line in lines if line.sign == "!"]
    body = [_in_diff(line.text, line.sign) for line in lines if line.sign != "!"]
    if not lines:
        return f"- {title}"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(body))), default=0))
    block = [f"{fence}diff", *body, fence] if body else []
    inside = cut("\n".join([*told, *([""] if told and block else []), *block]), MOST // 2)
    if block and not inside.endswith(fence):  # what was cut closes its block
        said = inside.rpartition("\n\n")
        inside = f"{said[0]}\n{fence}\n\n{said[2]}"
    return f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>"


def _in_diff(text: str, sign: str) -> str:
    """Return a line of a diff: its sign comes first, whatever it is indented by."""
    text = plain(text).replace("\n", " ")
    bare = text.lstrip()
    if sign in "-+" and bare.startswith(sign):
        return f"{sign} {bare[1:].lstrip()}" if not text.startswith("  ") else f"{sign}   {bare[1:]}"
    return f"  {text}"


def _words(text: str) -> str:
    """Return foreign text in one line for HTML; a space without width keeps GitHub from notifying whom an `@` names."""
    return html.escape(plain(text).replace("\n", " "), quote=False).replace("@", "@&#8203;")


_SPECIAL = re.compile(r"([\\`*_\[\]#|~])")


def _inline(text: str) -> str:
    """Return foreign text as text, without markup."""
    return _SPECIAL.sub(r"\\\1", _words(text))
