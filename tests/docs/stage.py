"""Where a page is played: a folder, a cluster, and a command `sternway`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

from .blocks import Block, blocks

_RUN = re.compile(r"\b(?:RUN|\d{8}-\d{6}-\w{6})\b")


@dataclass
class Stage:
    """Plays the blocks of a page in their order. It begins with the README's configuration in a namespace of its own.

    `has` is what there is of what blocks need: `cluster`, `argo`. `swap` makes of a page's text what the cluster has: its
    namespaces and images. What a page calls RUN, or by an id, is the `newest` run that a command told of.
    """

    folder: Path
    kubeconfig: str
    has: frozenset[str] = frozenset()
    swap: Callable[[str], str] = str
    ran: list[Block] = field(default_factory=list)
    newest: str = ""

    def __post_init__(self) -> None:
        tools = self.folder.parent / f"{self.folder.name}-bin"
        tools.mkdir()
        (tools / "sternway").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sternway_steps "$@"\n')
        (tools / "sternway").chmod(0o755)
        clean = {key: value for key, value in os.environ.items() if not key.startswith("STERNWAY_")}
        self.environ = {
            **clean,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(tools),
            "XDG_STATE_HOME": str(tools / "state"),
            "KUBECONFIG": self.kubeconfig,
        }
        short = next(block for block in blocks(ROOT / "README.md", "yaml") if "file" in block.notes)
        (self.folder / "sternway.yaml").write_text(self.swap(short.text))

    def play(self, page: Path) -> None:
        for block in blocks(page):
            if block.left_out:
                continue
            if "first" in block.notes:
                self._run(block, block.notes["first"])
            if "file" in block.notes:
                self._write(block)
            elif block.kind in ("sh", "console") and not needs(block) - self.has:
                (self._show if block.kind == "console" else self._type)(block)
                self.ran.append(block)

    def _write(self, block: Block) -> None:
        words = block.notes["file"].split()
        path = self.folder / words[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if words[0] == "more" else "w") as file:
            file.write(self.swap(block.text))

    def _type(self, block: Block) -> None:
        done = self._run(block, block.text)
        assert done.returncode == int(block.notes.get("ends", 0)), f"{block}: {done.returncode}\n{done.stdout}"

    def _show(self, block: Block) -> None:
        """Type each command that is shown, and compare what it says with what is shown below it."""
        code = 0
        for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            if command == "echo $?":
                assert str(code) == shown.strip(), f"{block}: it ended with {code}"
                continue
            done = self._run(block, command)
            code = done.returncode
            assert same(self.swap(shown), done.stdout), f"{block}: {command}\nit said ({code}):\n{done.stdout}"
        if "echo $?" not in block.text:
            assert code == int(block.notes.get("ends", 0)), f"{block}: it ended with {code}"

    def _run(self, block: Block, text: str) -> subprocess.CompletedProcess[str]:
        text = self.swap(text)
        if _RUN.search(text):
            assert self.newest, f"{block} names a run, and there was none"
            text = _RUN.sub(self.newest, text)
        done = subprocess.run(
            ["bash", "-ec", text], cwd=self.folder, env=self.environ, timeout=120, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        for run in re.findall(r"\brun (\d{8}-\d{6}-\w{6}) of ", done.stdout):
            self.newest = run
        return done


def needs(block: Block) -> set[str]:
    return block.notes.keys() & {"cluster", "argo"}


def same(shown: str, said: str) -> bool:
    """Compare lines without what differs from run to run; a line `…` stands for any number of them."""
    wanted = [".*" if line.strip() == "…" else re.escape(line) + "\n" for line in plain(shown)]
    return re.fullmatch("".join(wanted), "".join(f"{line}\n" for line in plain(said)), re.S) is not None


def plain(text: str) -> list[str]:
    """Give lines without the time, the run, the pod, seconds, digests, and what a slow machine says besides."""
    for pattern, put in (
        (r"^\d\d:\d\d:\d\d ", ""), (r"\d{8}-\d{6}-\w{6}", "RUN"), (r"\b(web|api)-\w+-\w{5}\b", "POD"), (r"\b\d+\.\d s\b", "TIME"),
        (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?", "WHEN"), (r"\b[0-9a-f]{12,64}\b", "HASH"), (r"ImagePullBackOff", "ErrImagePull"), (r"\bby \S+ on \S+?(?=[,.\s]|$)", "by WHO"),
    ):  # fmt: skip
        text = re.sub(pattern, put, text, flags=re.M)
    return [line.rstrip() for line in text.splitlines() if not _LASTS.search(line)]


_LASTS = re.compile(r" \(\d+ s\)$")
"""Ends a line on a step that takes long, of which a slow machine has more."""
