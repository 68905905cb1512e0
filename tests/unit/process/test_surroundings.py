"""What a program gets of our environment: not the key to the journal, whoever starts it."""

from __future__ import annotations

import sys

import pytest
from sternway_steps.process.run import answer, run

CODE = "import os; print(*(f'{k}={v}' for k, v in os.environ.items() if k.startswith('STERNWAY_J')))"
SHOW = [sys.executable, "-I", "-S", "-c", CODE]


def test_no_program_gets_the_journals_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STERNWAY_JOURNAL_KEY", "hunter2")
    monkeypatch.setenv("STERNWAY_JOURNAL_KEY_FILE", "a-path")
    told = [answer(SHOW, 30).out, "".join(run(SHOW, lambda: None).tail)]
    assert [("hunter2" in text, "a-path" in text) for text in told] == [(False, True)] * 2
    assert "hunter2" in answer(SHOW, 30, environ={"STERNWAY_JOURNAL_KEY": "hunter2"}).out, "what is asked for is given"
