"""What this machine lacks is neither a bug nor the content's fault: it may work if tried again."""

from __future__ import annotations

import errno

import pytest
from sternway_steps.exits import Exit, exit_of
from sternway_steps.shortage import shortage


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("can't start new thread"),
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device", "/tmp/x"),
        OSError(errno.EMFILE, "Too many open files"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    ],
)
def test_it_is_told_with_a_remedy(error: Exception) -> None:
    lacking = shortage(error)
    assert lacking is not None
    assert (exit_of(lacking), lacking.__cause__) == (Exit.TRANSIENT, error)
    assert "raise its limit" in str(lacking.remedy)


@pytest.mark.parametrize("error", [RuntimeError("x"), OSError(errno.EACCES, "no"), KeyError("x"), OSError("x")])
def test_any_other_error_is_not(error: Exception) -> None:
    assert shortage(error) is None
