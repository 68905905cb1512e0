"""The invocation: one command of one attempt, wherever it runs."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import Refused
from ...process.marked import CHILD
from ...spec import Action, RunEnd
from ...step import Context

UNDO = "STERNWAY_UNDO"
"""A line `STERNWAY_UNDO=…` that execute prints is kept in the journal at once; rollback has it in this variable."""
LABEL = "sternway.dev/child"
"""The label of a container or Job that says which command it is, as CHILD does for a process."""
_WIDE = 80
_LONGEST = 63
"""The name of a Job is a label of its pods (Kubernetes, "Jobs")."""
_LONGEST_CAUSE = 4096
"""Characters; the system starts no program with a variable of over 128 KiB (execve(2), MAX_ARG_STRLEN)."""
_DIGEST = re.compile(r"[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]{32,}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True)
class Invocation:
    """A command with all that a runner needs. `name` is its container's or Job's: one for each attempt.

    `told` are the variables that Sternway sets for every command, one of which no other command has; `plain` those that
    the config gives as text, and that tell how the run has ended; `references` those from a Secret ({secret, key}) or a
    ConfigMap ({config, key}).
    """

    name: str
    argv: tuple[str, ...]
    told: Mapping[str, str]
    image: str = ""
    plain: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The command in one short line."""
        line = " ".join(" ".join(self.argv).split())
        return line if len(line) <= _WIDE else f"{line[: _WIDE - 1]}…"

    @property
    def folder(self) -> str | None:
        """The folder of this machine that it works in."""
        folder = self.options.get("folder")
        return str(folder) if folder is not None else None


def invocation(context: Context, action: Action, images: Mapping[str, str], printed: Sequence[str] = ()) -> Invocation:
    """Return the command of an attempt; its options are those of config.command.

    `images` holds the digests that earlier steps of the run hand on, by reference (see step.Outcome); `printed` is what
    the execution printed for its undo.
    """
    env: Mapping[str, Any] = context.options.get("env") or {}
    image = str(context.options.get("image") or "")
    told_by_execute = {UNDO: "\n".join(printed)} if action is Action.ROLLBACK else {}
    return Invocation(
        name=name_of(context.run, context.step, action, context.attempt),
        argv=tuple(context.options.get(action.value) or ()),
        told={
            "STERNWAY_RUN": context.run,
            "STERNWAY_STEP": context.step,
            "STERNWAY_ACTION": action.value,
            "STERNWAY_ATTEMPT": str(context.attempt),
            "STERNWAY_TARGET": context.target,
            CHILD: os.urandom(16).hex(),
        },
        image=f"{image}@{_digest(context, images[image])}" if image in images else image,
        plain={name: value for name, value in env.items() if isinstance(value, str)}
        | told_by_execute
        | _told_of(context.end),
        references={name: value for name, value in env.items() if not isinstance(value, str)},
        options=context.options,
    )


def _digest(context: Context, text: Any) -> str:
    """Return a digest that an earlier step handed on; raise Refused for anything else that a journal may hold."""
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise Refused(f"step {context.step}: what the journal hands on for its image is no digest: {text!r}")
    return text


def _told_of(end: RunEnd | None) -> dict[str, str]:
    """Return the variables that tell a command how the run has ended."""
    if end is None:
        return {}
    return {
        "STERNWAY_STATUS": end.status,
        "STERNWAY_EXIT_CODE": str(end.exit_code),
        "STERNWAY_CAUSE": end.cause.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST_CAUSE],
        "STERNWAY_RUN_NAME": end.name,
        "STERNWAY_REMEDY": end.remedy,
    }


def name_of(run: str, step: str, action: Action, attempt: int) -> str:
    """Return the name of an attempt's container or Job; what is too long, or no DNS label, ends with a hash instead."""
    name = f"sternway-{run}-{step}-{action.value}-{attempt}"
    if len(name) <= _LONGEST and _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    readable = re.sub(r"[^a-z0-9]+", "-", f"sternway-{step[:20]}-{action.value}-{attempt}").strip("-")
    return f"{readable}-{digest}"
