"""The command line as a whole: which commands there are."""

from __future__ import annotations

import click

from .. import __version__
from .command_group import CommandGroup
from .commands import by_step, deploy, look, prepare, undo


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sternway")
def app() -> None:
    """Deployment steps that can be undone.

    \b
    Try it without a cluster:
      sternway run --sandbox --config templates/examples/web/sternway.yaml
    Shell completion: eval "$(_STERNWAY_COMPLETE=bash_source sternway)"
    """


for each in (
    *(prepare.init, prepare.config, prepare.steps, prepare.doctor, prepare.explain),
    *(deploy.run, deploy.plan),
    *(undo.rollback, undo.resume, undo.sweep),
    *(by_step.step, by_step.report),
    *(look.runs, look.show, look.status, look.unhold),
):
    app.add_command(each)
