"""Tests that pages name, as `tests/FILE.py` or `tests/FILE.py::NAME`."""

from __future__ import annotations

import re

from tests.conftest import ROOT

_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def named(text: str) -> list[tuple[str, str]]:
    """Return file and function, or "", of each test that a text names."""
    return _NAMED.findall(text)


def gone(text: str) -> list[str]:
    """Return those that are not there."""
    return [f"{file}::{test}" for file, test in named(text) if not _is_there(file, test)]


def _is_there(file: str, test: str) -> bool:
    path = ROOT / file
    return path.is_file() and (not test or f"\ndef {test}(" in path.read_text(encoding="utf-8"))
