"""Workflow commands: lines that GitHub Actions reads from a log ("Workflow commands for GitHub Actions")."""

from __future__ import annotations

import re

_BEGINS_COMMAND = re.compile(r"^([ \t]*)(?=::|##\[)", re.MULTILINE)


def command(name: str, message: str = "", **properties: str | int) -> str:
    """Return the line of a command; properties that are "" or 0 are left out.

    Escaped as GitHub's own toolkit does it (actions/toolkit, packages/core/src/command.ts): in the message the percent
    sign and line ends, in properties the colon and the comma too.
    """
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def escaped(text: str) -> str:
    """Return text in which no line is a command: a log, an event or a server's answer may hold what looks like one."""
    return _BEGINS_COMMAND.sub(r"\1| ", text.replace("\r\n", "\n").replace("\r", "\n"))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
