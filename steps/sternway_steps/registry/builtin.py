"""The steps that come with Sternway."""

from __future__ import annotations

from ..step import Step


def builtin_steps() -> dict[str, Step]:
    """Give the steps by name; their modules load no client before a step needs it."""
    from ..builtin.build.step import Build
    from ..builtin.command.step import Command
    from ..builtin.deploy.step import Deploy
    from ..builtin.validate.step import Validate
    from ..builtin.verify.step import Verify

    steps: tuple[Step, ...] = (Validate(), Build(), Deploy(), Verify(), Command())
    return {step.spec.name: step for step in steps}
