"""An error of a step that the contract does not know, as it is told: whose it is, of which type, and where it was."""

from __future__ import annotations

import traceback

from ..errors import Bug
from ..step import Step
from .plan import PlannedStep

_RUNNER = "sternway_steps.saga.attempt"


def bug_of(step: Step, planned: PlannedStep, error: BaseException, words: str = "") -> Bug:
    """Return what a step raised as a Bug with its step, type and place; `words` stand for those of the error."""
    kind = type(error).__name__
    text = words or str(error)
    bug = Bug(f"step {planned.name}: {kind}: {text}{_place(step, error)}", kind)
    bug.__cause__ = error
    return bug


def _place(step: Step, error: BaseException) -> str:
    """Name the innermost line of the step's own code that the error came through; of any code, when it is none's."""
    package = type(step).__module__.partition(".")[0]
    every = traceback.walk_tb(error.__traceback__)
    frames = [(frame, line) for frame, line in every if _module(frame.f_globals) != _RUNNER]
    own = [(frame, line) for frame, line in frames if _module(frame.f_globals).partition(".")[0] == package]
    if not (own or frames):
        return ""
    frame, line = (own or frames)[-1]
    return f" ({_module(frame.f_globals)}, line {line}, in {frame.f_code.co_name})"


def _module(names: dict[str, object]) -> str:
    return str(names.get("__name__", "?"))
