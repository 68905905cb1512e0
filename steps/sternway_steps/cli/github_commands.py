"""Workflow commands: lines that GitHub Actions reads from a log ("Workflow commands for GitHub Actions")."""

from __future__ import annotations

import re

from ..plain_text import plain

# The runner takes a line for a command that begins with ::, behind any white space of Unicode (and signs without width
# that .NET takes for such), or holds ##[ anywhere (actions/runner, ActionCommand.cs: TryParseV2, TryParse).
_BEGINS_COMMAND = re.compile(r"^([\s\u180e\u200b\u2060\ufeff]*)(?=::)", re.MULTILINE)
_IN_A_LINE = re.compile(r"##(?=\[)")


def command(name: str, message: str = "", **properties: str | int) -> str:
    """Return the line of a command; properties that are "" or 0 are left out.

    Escaped as GitHub's own toolkit does it (actions/toolkit, packages/core/src/command.ts): in the message the percent
    sign and line ends, in properties the colon and the comma too.
    """
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def escaped(text: str) -> str:
    """Return text in which no line is a command: a log, an event or a server's answer may hold what looks like one.

    GitLab's own (sections, by escapes of terminals) are gone where the text is plain.
    """
    lines = plain(text.replace("\r\n", "\n").replace("\r", "\n"))
    return _IN_A_LINE.sub("## ", _BEGINS_COMMAND.sub(r"\1| ", lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
