"""The steps that come with Sternway."""

from __future__ import annotations

from ..step import Step


def builtin_steps() -> dict[str, Step]:
    """Return the steps by name; their modules load no client before a step needs it."""
    from .build.step import Build
    from .command.step import Command
    from .deploy.step import Deploy
    from .validate.step import Validate
    from .verify.step import Verify

    steps: tuple[Step, ...] = (Validate(), Build(), Deploy(), Verify(), Command())
    return {step.spec.name: step for step in steps}
