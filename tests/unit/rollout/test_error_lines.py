"""Which lines `--logs=errors` shows: those of the usual loggers, and whole stack traces."""

from __future__ import annotations

import pytest
from sternway_steps.rollout.error_lines import ErrorLines


@pytest.mark.parametrize("line", [
    "2026/11/29 04:00:00 FATAL: password authentication failed",
    '{"level":"error","msg":"no route"}',
    "level=error msg=x",
    "ts=1 lvl=eror err=\"dial tcp: refused\"",
    "E1129 04:00:00.0 1 main.go:3] cannot",
    "[2026-11-29] production.ERROR: gone",
    "panic: runtime error",
    "Traceback (most recent call last):",
    "java.lang.IllegalStateException: no",
    "ValueError: x",
    "Connection failed",
    "… 12 lines more, not shown",
])  # fmt: skip
def test_an_error_is_shown(line: str) -> None:
    assert ErrorLines().shows(line)


@pytest.mark.parametrize("line", [
    "app 1 starting, mode ok", "0 errors", "done without errors", '{"msg":"ok","error":null}', "error=nil done",
    "GET /error-page 200", "level=info msg=ready", "loaded errors.html", "terror alert-level none",
])  # fmt: skip
def test_others_are_not(line: str) -> None:
    assert not ErrorLines().shows(line)


def test_a_stack_trace_comes_with_its_error() -> None:
    lines = ["starting", "ERROR it broke", "\tat a.b(C.java:1)", "Caused by: x", "  at d", "served", "  indented"]
    errors = ErrorLines()
    assert [line for line in lines if errors.shows(line)] == lines[1:5]


def test_a_stack_trace_that_never_ends_is_cut() -> None:
    errors = ErrorLines()
    errors.shows("ERROR")
    assert sum(errors.shows("  at x") for _ in range(1000)) == 50
