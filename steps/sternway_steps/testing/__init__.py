"""The contract of a step as a test suite: subclass StepContract, and pytest runs it.

Each test makes the step go wrong in one way, repeatedly and at every point of its work, and compares the state before
with the state after the rollback. Our own steps pass the same suite. See steps/README.md, "Testing a step".
"""

from __future__ import annotations

try:
    import pytest  # noqa: F401  asked for here, so that who lacks it is told
except ImportError as error:
    raise ImportError("sternway_steps.testing needs pytest, which is not installed: pip install pytest") from error

from .suite import StepContract
from .world import World

__all__ = ["StepContract", "World"]
