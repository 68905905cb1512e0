"""Tests a mutant in a process of its own, which is given the mutated module instead of the file; no file is changed."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# One process that has loaded what does not change; each trial is forked from it.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pytest", "hypothesis", "yaml", "urllib3", "werkzeug.serving", "jsonpatch", "tests.mutation.trial"])  # fmt: skip
OPTIONS = (
    "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-m", "not cluster and not slow",
    "-W", "ignore:Module already imported",
)  # fmt: skip


def dies(module: str, path: Path, source: str, tests: Sequence[str], seconds: float, log: str = os.devnull) -> bool:
    """Return whether a test fails, or hangs, with this source as the module; `log` gets what pytest says."""
    process = _CONTEXT.Process(target=_try, args=(module, str(path), source, list(tests), log))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        return True
    assert process.exitcode not in (4, 5), f"pytest finds no tests in {tests}"
    return process.exitcode != 0


def _try(module: str, path: str, source: str, tests: list[str], log: str) -> None:
    """End this process with pytest's exit code, and with another one when the module can't even be loaded."""
    import hypothesis.configuration
    import pytest

    said = os.open(log, os.O_WRONLY)
    os.dup2(said, 1)
    os.dup2(said, 2)
    with tempfile.TemporaryDirectory() as home:
        # What fails here must not be tried again by the tests of the module as it is.
        hypothesis.configuration.set_hypothesis_home_dir(home)
        sys.meta_path.insert(0, _Instead(module, path, source))
        importlib.import_module(
            module
        )  # before pytest finds it: it loads all of a package that has a plugin of pytest's
        code = int(pytest.main([*OPTIONS, *tests]))
    os._exit(code)


class _Instead(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, path: str, source: str) -> None:
        self._module, self._path, self._source = module, path, source

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        if name != self._module:
            return None
        loader = _Loader(name, self._path, self._source)
        return importlib.util.spec_from_file_location(name, self._path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> Any:
        return compile(self._source, self.path, "exec")
