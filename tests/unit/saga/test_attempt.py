"""What the error of a step's attempt means: an answer of the API server is none of our bugs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.spec import Effects

from tests.unit.saga.test_orchestrator import Made, raises, walk

GONE = UnknownKind("the server has no kind Widget in example.com/v1")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GONE, Exit.FAILED),
        (ApiError("PATCH", "/x", 403, "Forbidden", "not allowed"), Exit.FAILED),
        (ValueError("what?"), Exit.BUG),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_step_that_lets_an_answer_pass_has_failed_and_only_the_rest_is_a_bug(
    tmp_path: Path, error: Exception, code: Exit
) -> None:
    diary: list[str] = []
    result = walk(tmp_path, Made("a", diary, raises(error)))
    assert (result.status, result.exit_code, diary) == (Status.UNDONE, code, ["a execute", "a rollback"])
    assert str(error) in str(result.error)


def test_an_undo_that_lets_an_unknown_kind_pass_names_it(tmp_path: Path) -> None:
    result = walk(tmp_path, Made("a", [], rollback=raises(GONE)), Made("b", [], raises(GONE)))
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    [left] = result.rollback_errors
    assert "no kind Widget" in str(left)
    assert type(left).__name__ == "RollbackFailed"


def test_what_the_machine_lacks_is_tried_again_and_no_bug(tmp_path: Path) -> None:
    lacks = RuntimeError("can't start new thread")
    diary: list[str] = []
    result = walk(tmp_path, Made("a", diary, raises(lacks, times=1)))
    assert (result.status, diary) == (Status.SUCCEEDED, ["a execute", "a execute"])
    result = walk(tmp_path / "b", Made("b", [], raises(lacks), effects=Effects.NONE))
    assert (result.status, result.exit_code) == (Status.REFUSED, Exit.TRANSIENT)
