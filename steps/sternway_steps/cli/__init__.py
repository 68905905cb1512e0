"""The command line: parses arguments, calls the session, prints results, exits."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command `sternway`."""
    # The first process of a container ignores a signal that it has no handler for, and nothing has begun yet.
    signal.signal(signal.SIGTERM, _leave)
    from .app import app

    app(prog_name="sternway")


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(143)
