"""The command line: parse, call, print, exit."""

from __future__ import annotations


def main() -> None:
    """Run `sternway`."""
    from .app import app

    app(prog_name="sternway")
