"""What a process does in a container of Argo's containerSet: it ends its container itself, and after its siblings."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CONTAINERS = Path("/var/run/argo/ctr")
"""Where Argo's executor and the containers of a pod tell each other how they ended (emissary.go, 4.1.2)."""
_MAIN = "main"
_ENDED = "sternway-ended"
_LOOK = 0.2
"""Seconds between two looks for a sibling's end."""


@dataclass(frozen=True)
class SetContainer:
    """A container of a set, by its folder: other than `main`, whose outputs are saved after its process ended."""

    folder: Path

    @staticmethod
    def of(environ: Mapping[str, str], containers: Path = _CONTAINERS) -> SetContainer | None:
        """Return the container that this process is in; None outside of a set, and under another executor."""
        name = environ.get("ARGO_CONTAINER_NAME", "")
        folder = containers / name
        return SetContainer(folder) if name not in ("", _MAIN) and folder.is_dir() else None

    def end(self, code: int) -> None:
        """Write the exit code where the executor and the containers that depend on this one look; the last act of all.

        The executor would write the same, but looks for the end of its process once a second. A process below another
        one (a script, a step's own command) leaves it to that: the container ends later than it does.
        """
        if os.getppid() == 1:
            _write(self.folder / "exitcode", str(int(code)))

    def wait_for(self, siblings: Collection[str], stop: threading.Event) -> None:
        """Wait until the containers side by side with this one have ended, unless told to stop.

        Argo ends a pod's other containers some seconds after one that failed. Two that have failed wait for each other:
        each says first that nothing of it is at work any more.
        """
        _write(self.folder / _ENDED, "")
        folders = [self.folder.parent / name for name in siblings]
        while not all(_is_over(folder) for folder in folders) and not stop.wait(_LOOK):
            pass


def _is_over(folder: Path) -> bool:
    return (folder / "exitcode").exists() or (folder / _ENDED).exists()


def _write(file: Path, text: str) -> None:
    """Write a file in one go: whoever looks finds all of it or nothing."""
    new = file.with_name(f".{file.name}.new")
    with suppress(OSError):
        new.write_text(text, encoding="ascii")
        new.replace(file)
