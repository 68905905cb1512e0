"""The configuration that a run would read, all files merged, and where each value comes from."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..exits import Exit
from ..registry.load import load_with_source
from .output import Output


def show(output: Output, path: str, overrides: Sequence[str]) -> int:
    """Show it."""
    output.config(load_with_source(path, overrides=overrides, environ=os.environ, stdin=sys.stdin)[1])
    return Exit.DONE
