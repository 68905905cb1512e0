"""A run on a terminal of 80 columns: a block shows what is at work, and at the end nothing but lines is left."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyte
import pytest
from sternway_steps.exits import Exit
from sternway_steps.sandbox import Sandbox

from tests.conftest import WEB
from tests.helpers import command

ROWS, COLUMNS = 40, 80
ENDLESS = ("run", "-c", str(WEB), "--set", "env.APP_MODE=unready")
"""It waits until somebody ends it."""
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@dataclass
class Seen:
    """What a terminal got, what it showed, and how the command ended."""

    written: bytes = b""
    shown: list[str] = field(default_factory=list)
    code: int = -1

    @property
    def left(self) -> list[str]:
        return self.shown[-1].splitlines()


def on_terminal(*arguments: str, kubeconfig: str, until: Callable[[str], bool], **environ: str) -> Seen:
    """Run a command on a terminal; press Ctrl-C once when `until` holds of what is shown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    settings = termios.tcgetattr(theirs)
    # The kernel's echo of ^C may come in the midst of an escape sequence, which is then none.
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, settings)

    def controlled() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    clean = {key: value for key, value in os.environ.items() if key not in ("CI", "NO_COLOR", "GITHUB_ACTIONS")}
    process = subprocess.Popen(
        command(*arguments), env={**clean, "KUBECONFIG": kubeconfig, "TERM": "xterm-256color", **environ},
        stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=controlled,
    )  # fmt: skip
    os.close(theirs)
    screen = pyte.Screen(COLUMNS, ROWS)
    stream, seen, pressed = pyte.ByteStream(screen), Seen(), False
    try:
        while piece := _read(ours):
            stream.feed(piece)
            seen.written += piece
            seen.shown.append("\n".join(line.rstrip() for line in screen.display).rstrip())
            if not pressed and until(seen.shown[-1]):
                pressed = True
                os.write(ours, b"\x03")
        seen.code = process.wait(60)
    finally:
        process.kill()
        os.close(ours)
    return seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has it open any more
        return b""


def test_a_block_shows_what_is_at_work_and_is_gone_at_the_end(sternway_sandbox: Sandbox) -> None:
    seen = on_terminal(*ENDLESS, kubeconfig=sternway_sandbox.kubeconfig, until=lambda shown: "gives up in" in shown)
    assert seen.code == Exit.STOPPED
    at_work = (
        r"^\[\+\] validate  \[\+\] deploy  \[>\] verify",
        r"^verify: \d+ s, gives up in .*  [#.]{20} \d/3$",
        r"^  \d/2 deployment\.apps/web in default: ",
    )
    # What is read may end in the midst of a block.
    assert any(all(re.search(line, shown, re.M) for line in at_work) for shown in seen.shown)
    assert any("[>] deploy  [x] verify" in shown for shown in seen.shown), "the way back"
    starts = [line.partition(":")[0].partition(" of ")[0] for line in seen.left]
    run = starts[0].removeprefix("run ")
    kept = [line for line in starts if line and not line.startswith((")", ".", " "))]
    assert [line.replace(run, "RUN") for line in kept if not re.match(r"\d", line)] == [
        "run RUN", "validate", "deploy", "deploy", "deploy", "SIGINT", "verify stopped", "undo",
        "rollback deploy", "rollback deploy", "rollback deploy", "run RUN", "next",
    ], "\n".join(seen.left)  # fmt: skip
    assert seen.written.count(b"\x1b[?25h") >= seen.written.count(b"\x1b[?25l"), "the cursor is shown again"


@pytest.mark.parametrize(
    ("environ", "block", "colour"),
    [({}, True, True), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, False, False), ({"CI": "true"}, False, True)],
    ids=["as usual", "NO_COLOR", "dumb", "CI"],
)  # fmt: skip
def test_what_a_terminal_can_not_or_nobody_wants_is_left_out(
    sternway_sandbox: Sandbox, environ: dict[str, str], block: bool, colour: bool
) -> None:
    seen = on_terminal("run", "-c", str(WEB), kubeconfig=sternway_sandbox.kubeconfig, until=lambda _: False, **environ)
    assert seen.code == Exit.DONE
    assert (b"\x1b[2K" in seen.written) is block
    assert bool(COLOUR.search(seen.written)) is colour
    if environ.get("TERM") == "dumb":
        assert b"\x1b" not in seen.written
    assert any(line.startswith("deploy: 2 created") for line in seen.left)


def test_where_the_encoding_lacks_signs_no_line_gets_longer(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    environ = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    seen = on_terminal(
        *ENDLESS, kubeconfig=sternway_sandbox.kubeconfig, until=lambda shown: "gives up in" in shown, **environ
    )
    assert seen.code == Exit.STOPPED
    assert seen.written.isascii()
    assert not any("[>]" in line or "gives up" in line for line in seen.left), "\n".join(seen.left)
