"""Programs `helm` and `kubectl` on PATH: the real ones where variables name them, else programs that do as they did.

STERNWAY_TEST_HELM and STERNWAY_TEST_KUBECTL are paths of real ones: the tests are the same for both.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> Path:
    """Put programs on PATH, alone; returns the file in which each call writes its arguments down."""
    folder.mkdir(exist_ok=True)
    called = folder / "called"
    called.touch()
    for name in names:
        real = os.environ.get(f"STERNWAY_TEST_{name.upper()}")
        program = real or f"{sys.executable} {_HERE / ('kubectl' if name == 'kustomize' else name)}.py"
        (folder / name).write_text(
            f'#!/bin/sh\necho {name} "$@" >> {called}\n/usr/bin/env > {folder}/environ\nexec {program} "$@"\n'
        )
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    for variable in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{variable}_HOME", str(folder / variable))
    return called
