"""The one table of endings: what is raised, what the journal calls it, and the exit code belong together."""

from __future__ import annotations

import pytest
from sternway_steps.errors import Failed, Refused, RollbackFailed, Stopped, Transient, is_transient, kind_of
from sternway_steps.exits import MEANING, Exit, error_named, exit_of, word_of, word_of_exit
from sternway_steps.journal.backends.store import JournalConflict
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.discovery import UnknownKind


class Theirs(Transient):
    """An error of another package."""


@pytest.mark.parametrize(
    ("error", "word", "code"),
    [
        (None, "done", 0),
        (Refused("x"), "refused", 3),
        (Failed("x"), "failed", 4),
        (RollbackFailed("x"), "rollbackfailed", 5),
        (KeyError("x"), "bug", 70),
        (Transient("x"), "transient", 75),
        (Theirs("x"), "transient", 75),
        (JournalConflict("x"), "transient", 75),
        (Stopped("x"), "stopped", 143),
    ],
)
def test_error_word_and_code_belong_together(error: Exception | None, word: str, code: int) -> None:
    assert (word_of(error), exit_of(error), word_of_exit(code)) == (word, code, word)
    read = error_named(word, "x", "so", {"log": ["line"]})
    assert exit_of(read) == code
    if word not in ("done", "bug"):
        assert (str(read), getattr(read, "remedy", None), getattr(read, "details", None)) == (
            "x",
            "so",
            {"log": ["line"]},
        )


def test_a_code_that_is_none_of_ours_stands_for_a_failure_and_an_unknown_word_for_a_bug() -> None:
    assert (word_of_exit(1), word_of_exit(2), word_of_exit(137)) == ("failed", "failed", "failed")
    bug = error_named("somethingelse", "x")
    assert bug is not None
    assert (exit_of(bug), kind_of(bug)) == (Exit.BUG, "RuntimeError")
    assert set(MEANING) == set(Exit)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (Transient("x"), True),
        (Theirs("x"), True),
        (Refused("x"), False),
        (Stopped("x"), False),
        (UnknownKind("x"), False),
        (ApiError("GET", "/", 0, "Cut", "x"), True),
        (ApiError("GET", "/", 429, "TooManyRequests", "x"), True),
        (ApiError("GET", "/", 503, "", "x"), True),
        (ApiError("GET", "/", 500, "", "etcdserver: request is too large"), False),
        (ApiError("GET", "/", 403, "Forbidden", "x"), False),
        (TimeoutError("x"), False),
        (None, False),
    ],
)
def test_an_error_says_itself_whether_it_is_transient(error: Exception | None, transient: bool) -> None:
    assert is_transient(error) is transient
