"""What is played: files, the commands that read them, and what must hold of their ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECRET = "c2VjcmV0LTQ4MTUxNjIz"
"""Stands in inputs wherever a credential may stand, and in no output."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, after so many seconds by the clock and of a processor; `opened` are the files that it opened to write, `asked` the requests that it sent."""

    argv: Sequence[str]
    code: int
    out: str
    err: str
    seconds: float
    busy: float
    megabytes: float
    opened: Sequence[str] = ()
    programs: Sequence[str] = ()
    asked: Sequence[str] = ()

    @property
    def changing(self) -> list[str]:
        """Give the requests that are no reads, dry runs or questions for rights."""
        reads = ("GET ", "POST /apis/authorization.k8s.io/")
        return [line for line in self.asked if not line.startswith(reads) and "dryRun=All" not in line]


@dataclass(frozen=True)
class Command:
    """A command of ours. In its words {folder} stands for the case's folder, {kubeconfig} for the sandbox's."""

    words: Sequence[str]
    stdin: bytes = b""
    environ: Mapping[str, str] = field(default_factory=dict)
    undoes: bool = False
    """It may change what it was given: only a refusal must have touched nothing."""


Oracle = Callable[[Ended], str]
"""Says what is wrong with an end by what another reader makes of the input; "" when nothing is."""


@dataclass(frozen=True)
class Case:
    """Files that are wrong (or not), and the commands that read them.

    Attributes:
        kind: which reader is meant. what: what was done to the files.
        files: paths in the case's folder and their content; a str is where a symbolic link leads.
        commands: played in order; those after the first only when the first one ended with code 2.
        names: words of which one stands in each message: files, options, variables, fields.
        state: the sandbox's state at the beginning; None is a shared, empty one.

    """

    kind: str
    what: str
    files: Mapping[str, bytes | str]
    commands: Sequence[Command]
    names: Sequence[str]
    oracle: Oracle = lambda _: ""
    state: bytes | None = None

    def write(self, folder: Path) -> None:
        """Write the files."""
        folder.mkdir()
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                path.symlink_to(content)
            else:
                path.write_bytes(content)
