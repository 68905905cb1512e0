"""The steps that come with Sternway."""

from __future__ import annotations

from .step import Step


def builtin_steps() -> dict[str, Step]:
    """Give the steps by name; their modules load no client before a step needs it."""
    from .build import Build
    from .command import Command
    from .deploy import Deploy
    from .validate import Validate
    from .verify import Verify

    steps: tuple[Step, ...] = (Validate(), Build(), Deploy(), Verify(), Command())
    return {step.spec.name: step for step in steps}
