"""The command line: parses arguments, calls the session, prints results, exits."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from .stdout import lost_output, make_safe

_UNWRITTEN, _INTERRUPTED = 75, 130
_ACTING = ("run", "rollback", "resume", "sweep", "step", "report", "unhold", "submit")
"""Commands whose exit code is what they did, whoever could read it; of the others, what they show is all."""


def main() -> None:
    """Run the command `sternway`."""
    # The first process of a container ignores a signal that it has no handler for, and nothing has begun yet.
    signal.signal(signal.SIGTERM, _leave)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # else nohup started it
        signal.signal(signal.SIGHUP, _leave)
    if sys.getfilesystemencoding() == "ascii":  # LC_ALL=C with PYTHONUTF8=0: no path and no argument could hold a word
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606
    code: object = 0
    try:
        from .app import app

        make_safe()
        app(prog_name="sternway")
    except SystemExit as left:
        code = _INTERRUPTED if _by_ctrl_c(left) else left.code
    except KeyboardInterrupt:  # while modules are loaded
        code = _INTERRUPTED
    if why := lost_output():
        sys.stderr.write(f"error: standard output can't be written: {why}\n")
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        code = code or (0 if command in _ACTING else _UNWRITTEN)
    sys.stdout.flush()
    sys.exit(code)  # type: ignore[arg-type]


def _by_ctrl_c(left: BaseException | None) -> bool:
    """Return whether click left for a KeyboardInterrupt: it makes that an Abort, and 1 of it."""
    while left is not None and not isinstance(left, KeyboardInterrupt):
        left = left.__context__
    return left is not None


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(143)
