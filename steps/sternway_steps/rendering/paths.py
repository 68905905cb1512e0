"""Paths as arguments of programs."""

from __future__ import annotations

from pathlib import Path


def argument(path: Path) -> str:
    """Return a path that no program takes for an option, a URL, or a name in a repository."""
    return str(path) if path.is_absolute() else f"./{path}"
