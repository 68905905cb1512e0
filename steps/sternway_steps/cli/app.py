"""The commands, as users see them; what they do is in `actions`, loaded when a command runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .. import __version__

_CONFIG = click.option(
    "--config", "-c", "path", default="sternway.yaml", show_default=True, metavar="FILE", help="The configuration file."
)
_SET = click.option(
    "--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key: --set image=web:2."
)
_OUTPUT = click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For people, programs, or GitHub Actions.",
)
_SHARED = (
    click.option("--kubeconfig", metavar="FILE", help="Default: KUBECONFIG, ~/.kube/config, the pod's account."),
    click.option("--context", metavar="NAME", help="The kubeconfig's context."),
    click.option("--sandbox", is_flag=True, help="Use a small Kubernetes inside this process; its state is kept."),
    _OUTPUT,
    click.option("--verbose", "-v", is_flag=True, help="Show every request."),
)
_JOURNAL = click.option("--journal", metavar="DIR", help="A journal in files (journal.store: file).")
_NAMESPACE = click.option("--namespace", "-n", metavar="NAME", help="Where the journal is; default: look everywhere.")
_ON_CONFLICT = click.option(
    "--on-conflict",
    type=click.Choice(["stop", "merge", "force"]),
    help="What the undo does with a field of ours that somebody else changed since.",
)
_RESTART_STALE = click.option(
    "--restart-stale",
    is_flag=True,
    help="The undo restarts containers that still run with the failed version's settings.",
)
_RECREATE = click.option(
    "--recreate",
    is_flag=True,
    help="The undo makes anew what can't be changed back, also where others depend on it.",
)
_WORKFLOW = click.option("--workflow", default="", metavar="NAME", help="The Argo Workflow that calls.")


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_SHARED):
        command = option(command)
    return command


def _do(name: str, **arguments: Any) -> None:
    from .main import call

    call(name, arguments)


_WITH_TEMPLATES = {
    "graph": "Draw the saga as Mermaid or SVG.",
    "lint": "Find what loses an undo in any Argo YAML.",
    "submit": "Start the pipeline on Argo, and follow it to its end.",
    "template": "Write the pipeline as Argo objects.",
}
"""What --help says of them: to ask themselves would load them all, and some may lack what they need."""


class Commands(click.Group):
    """The commands here, and those that another package declares in the entry points `sternway.commands`."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands here, then the declared ones, which are not loaded for that."""
        from importlib.metadata import entry_points

        super().format_commands(ctx, formatter)
        declared = sorted({entry.name for entry in entry_points(group="sternway.commands")})
        if declared:
            with formatter.section("Commands of the templates (sternway[templates])"):
                formatter.write_dl([(name, _WITH_TEMPLATES.get(name, "")) for name in declared])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Find a command; one that is not ours is loaded now."""
        return super().get_command(ctx, name) or self._declared(name)

    def _declared(self, name: str) -> click.Command | None:
        from importlib.metadata import entry_points

        from .main import guarded

        found = next(iter(entry_points(group="sternway.commands", name=name)), None)
        return guarded(name, found.load) if found is not None else None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sternway")
def app() -> None:
    """Deployment steps that can be undone.

    \b
    Try it without a cluster:
      sternway run --sandbox --config templates/examples/web/sternway.yaml
    Shell completion: eval "$(_STERNWAY_COMPLETE=bash_source sternway)"
    """


@app.command()
@_CONFIG
@_SET
@click.option("--force-conflicts", is_flag=True, help="Take over fields that other managers own.")
@_ON_CONFLICT
@_RESTART_STALE
@_RECREATE
@click.option("--run", "run", envvar="STERNWAY_RUN", metavar="RUN", help="The run's id; default: a new one.")
@_shared
def run(**arguments: Any) -> None:
    """Validate, deploy and verify; undo everything when something fails.

    \b
    Example: sternway run --config config/production.yaml --set image=web:1.4.3
    """
    _do("run", **arguments)


@app.command()
@_CONFIG
@_SET
@click.option("--force-conflicts", is_flag=True, help="Take over fields that other managers own.")
@_shared
def plan(**arguments: Any) -> None:
    """Show what a run would change, field by field; change nothing.

    \b
    Example: sternway plan --config sternway.yaml --set replicas=3
    """
    _do("plan", **arguments)


@app.command()
@click.argument("run", required=False)
@click.option("--to", "to", metavar="RUN", help="Go back to how things were after RUN: undo all later ones that stand.")
@_ON_CONFLICT
@_RESTART_STALE
@_RECREATE
@click.option("--unfinished", is_flag=True, help="Only finish what was cut off; a run that has ended is no error.")
@click.option(
    "--config",
    "-c",
    "journal_of",
    metavar="FILE",
    help="Take the journal of this configuration; without RUN, its newest run that stands (default: sternway.yaml).",
)
@_JOURNAL
@_NAMESPACE
@_shared
def rollback(**arguments: Any) -> None:
    """Undo a run from its journal, wherever it ran and however far it came.

    One that later runs have overtaken is refused: these stand above it.

    \b
    Example: sternway rollback
    Example: sternway rollback --to 20261124-094500-81be02
    Example: sternway rollback 20261124-101500-3fa9c1
    Example: sternway rollback "$STERNWAY_RUN" --unfinished --config sternway.yaml
    """
    if arguments["to"] and (arguments["run"] or arguments["unfinished"]):
        raise click.UsageError("--to goes with neither RUN nor --unfinished")
    if arguments["unfinished"] and not arguments["run"]:
        raise click.UsageError("--unfinished needs RUN")
    _do("rollback", **arguments)


@app.command()
@click.option("--target", metavar="NAMESPACE.NAME", help="Only runs of this target.")
@_JOURNAL
@_NAMESPACE
@_shared
def runs(**arguments: Any) -> None:
    """List the runs in the journal, newest first.

    \b
    Example: sternway runs --target shop.web
    """
    _do("runs", **arguments)


@app.command()
@click.argument("run")
@_JOURNAL
@_NAMESPACE
@_shared
def show(**arguments: Any) -> None:
    """Tell the whole story of a run: steps, objects, what was put back, what was kept and why.

    \b
    Example: sternway show 20261124-101500-3fa9c1
    """
    _do("show", **arguments)


@app.command()
@click.argument("step")
@click.argument("action", type=click.Choice(["execute", "rollback"]))
@click.option(
    "--run",
    "run",
    envvar="STERNWAY_RUN",
    metavar="RUN",
    help="The run that this is part of; default: the newest one made step by step, or a new one.",
)
@_WORKFLOW
@_CONFIG
@_SET
@_shared
def step(**arguments: Any) -> None:
    """Run one action of one step, as its container does.

    \b
    Example: sternway step deploy execute --run my-run --config sternway.yaml
    """
    _do("step", **arguments)


@app.command()
@click.option("--run", "run", envvar="STERNWAY_RUN", required=True, metavar="RUN", help="The run that has ended.")
@click.option("--status", default="", metavar="WORD", help="How the runner saw the way forward end.")
@_WORKFLOW
@_CONFIG
@_SET
@_shared
def report(**arguments: Any) -> None:
    """End a run whose steps were called one by one: seal its journal and say how it ended.

    \b
    Example: sternway report --run my-run --config sternway.yaml
    """
    _do("report", **arguments)


@app.group()
def config() -> None:
    """Look at the configuration; needs no cluster."""


@config.command("show")
@_CONFIG
@_SET
@_OUTPUT
def config_show(**arguments: Any) -> None:
    """Print what a run would read, all files merged, and where each value comes from.

    \b
    Example: sternway config show --config config/production.yaml --set image=web:1.4.3
    """
    from .main import call_offline

    call_offline("config_show", arguments)


@app.command()
@click.option(
    "--output", "-o", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="For people, or programs.",
)  # fmt: skip
def steps(form: str) -> None:
    """List the steps that a configuration can name, those of other packages too.

    \b
    Example: sternway steps --output json
    """
    import sys

    from .steps import show

    sys.exit(show(form))
