"""The commands that deploy, and show what that would do."""

from __future__ import annotations

from typing import Any

import click

from .. import options
from ..optional_word import OptionalWord


@click.command(cls=OptionalWord)
@options.config_file
@options.overrides
@options.force_conflicts
@options.on_conflict
@options.restart_stale
@options.recreate_forward
@options.prune
@options.yes
@options.wait_lock
@options.unattended
@options.force_held
@click.option("--run", "run", envvar="STERNWAY_RUN", metavar="RUN", help="The run's id; default: a new one.")
@options.job_uid
@click.option("--plan", "planned", metavar="FILE", help="Apply what `plan --save` saved, or refuse when it has moved.")
@options.report_file
@options.logs
@options.shared
def run(**arguments: Any) -> None:
    """Validate, deploy and verify; undo everything when something fails.

    \b
    Example: sternway run --config config/production.yaml --set image=web:1.4.3
    """
    from ..actions.deploy import run as act
    from ..main import call

    call(act, arguments, may_not_begin=True)


@click.command()
@options.config_file
@options.overrides
@options.force_conflicts
@options.recreate_forward
@options.prune
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 1 when something would change.")
@click.option("--all", "whole", is_flag=True, help="Show every line, also of long lists.")
@click.option("--save", metavar="FILE", help="Write the plan, for `run --plan FILE`; without values of Secrets.")
@options.shared_of_plan
def plan(**arguments: Any) -> None:
    """Show what a run would change, field by field; change nothing. `diff` is the same.

    \b
    Example: sternway plan --config sternway.yaml --set replicas=3
    """
    from ..actions.deploy import plan as act
    from ..main import call

    call(act, arguments, only_reads=True)
