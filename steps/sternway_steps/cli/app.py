"""The command line as users see it: names, options, help. What a command does is in `actions`, loaded when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import __version__
from . import completion, options
from .command_group import CommandGroup
from .optional_word import OptionalWord


def _do(name: str, **arguments: Any) -> None:
    from .main import call

    call(name, arguments)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sternway")
def app() -> None:
    """Deployment steps that can be undone.

    \b
    Try it without a cluster:
      sternway run --sandbox --config templates/examples/web/sternway.yaml
    Shell completion: eval "$(_STERNWAY_COMPLETE=bash_source sternway)"
    """


@app.command()
@click.argument("found_in", nargs=-1, metavar="[FOLDER|FILE]…", type=click.Path())
@click.option(
    "--config", "-c", "path", default="sternway.yaml", show_default=True, metavar="FILE", help="The file to write."
)
@click.option("--name", default="", metavar="NAME", help="The name of what is deployed.")
@click.option("--namespace", "-n", default="", metavar="NAME", help="Where it is deployed to.")
@click.option("--image", default="", metavar="IMAGE", help="What the Dockerfile makes, or what is deployed.")
@click.option("--force", is_flag=True, help="Write anew what is there.")
@options.output
def init(**arguments: Any) -> None:
    """Write a configuration from what is there: manifests, a Helm chart, a kustomization, a Dockerfile, or nothing.

    It asks on a terminal, and changes nothing else. Without an argument it looks into the folder of the file to write.

    \b
    Example: sternway init
    Example: sternway init k8s/ --namespace shop
    Example: sternway init Dockerfile --image registry.example/web:1.4.2
    """
    from .init import init as write_first
    from .main import conclude

    conclude(arguments.pop("output"), lambda output: write_first(output, **arguments))


@app.command(cls=OptionalWord)
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
    _do("run", **arguments)


@app.command()
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
    _do("plan", **arguments)


@app.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@click.option("--to", "to", metavar="RUN", help="Go back to how things were after RUN: undo all later ones that stand.")
@options.on_conflict
@options.restart_stale
@options.recreate
@options.wait_lock
@click.option("--unfinished", is_flag=True, help="Only finish what was cut off; a run that has ended is no error.")
@click.option(
    "--config",
    "-c",
    "journal_of",
    metavar="FILE",
    help="Take the journal of this configuration, and trust the commands that it has; without RUN, its newest run that "
    "stands (default: sternway.yaml).",
)
@options.trust_journal
@options.journal
@options.namespace
@options.shared
def rollback(**arguments: Any) -> None:
    """Undo a run from its journal, wherever it ran and however far it came.

    One that later runs have overtaken is refused: these stand above it. Commands that stand in the journal alone, and
    not in the configuration at hand, are shown first: run on a terminal it asks, elsewhere it is refused.

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
@click.argument("run", shell_complete=completion.runs)
@options.wait_lock
@click.option(
    "--config",
    "-c",
    "journal_of",
    metavar="FILE",
    help="Take the journal of this configuration, and trust the commands that it has.",
)
@options.trust_journal
@options.journal
@options.namespace
@options.shared
def resume(**arguments: Any) -> None:
    """Go on forward with a run where it was interrupted, and undo all of it when a step fails.

    It is refused, naming what moved, when the world is not as the run's journal left it.

    \b
    Example: sternway resume 20261124-101500-3fa9c1
    """
    _do("resume", **arguments)


@app.command()
@click.option("--all", "everywhere", is_flag=True, help="Look into the journals of all namespaces.")
@click.option("--target", metavar="NAMESPACE.NAME", help="Only runs of this target.")
@click.option("--run", "run", metavar="RUN", help="Only this run.")
@click.option(
    "--config", "-c", "journal_of", metavar="FILE", help="Only the target of this configuration, in its journal."
)
@options.every
@options.on_interrupt
@options.journal
@options.namespace
@options.shared
def sweep(**arguments: Any) -> None:
    """Bring to its end what died: runs whose process was killed, or whose Workflow was terminated or deleted.

    Looks into the journal of the context's namespace, or of --namespace. What is at work is left alone. Exit code 5
    when something could not be put back, 3 when a run is left to you, 75 when one could not be ended now.

    \b
    Example: sternway sweep --namespace shop
    Example: sternway sweep --all --every 1m
    """
    if arguments["everywhere"] and (arguments["namespace"] or arguments["journal"] or arguments["journal_of"]):
        raise click.UsageError("--all goes with neither --namespace, --journal nor --config")
    _do("sweep", **arguments)


@app.command()
@click.option("--target", metavar="NAMESPACE.NAME", help="Only runs of this target.")
@click.option("--wide", "-w", is_flag=True, help="Who ran it, from where, which images, and the whole error.")
@options.journal_of
@options.journal
@options.namespace
@options.shared
def runs(**arguments: Any) -> None:
    """List the runs in the journal, newest first. `history` is the same.

    \b
    Example: sternway runs --target shop.web --wide
    """
    _do("runs", **arguments)


@app.command()
@click.argument("run", shell_complete=completion.runs)
@options.journal_of
@options.journal
@options.namespace
@click.option("--watch", "watch", is_flag=True, help="Follow a run that is at work until it ends, and exit as it does.")
@options.shared_of_show
def show(**arguments: Any) -> None:
    """Tell the whole story of a run: steps, objects, what was put back, what was kept and why.

    \b
    Example: sternway show 20261124-101500-3fa9c1
    Example: sternway show 20261124-101500-3fa9c1 --output html > run.html
    Example: sternway show --watch 20261124-101500-3fa9c1
    """
    if arguments["watch"] and arguments["output"] == "html":
        raise click.UsageError("--watch writes no page: leave out --output html, and write it when the run has ended")
    _do("show", **arguments)


@app.command()
@click.argument("step", shell_complete=completion.steps)
@click.argument("action", type=click.Choice(["execute", "rollback"]))
@click.option(
    "--run",
    "run",
    envvar="STERNWAY_RUN",
    metavar="RUN",
    help="The run that this is part of; default: the newest one made step by step, or a new one.",
)
@options.workflow
@options.config
@options.overrides
@options.wait_lock
@options.unattended
@options.force_held
@options.in_a_set
@options.shared
def step(**arguments: Any) -> None:
    """Run one action of one step, as its container does.

    \b
    Example: sternway step deploy execute --run my-run --config sternway.yaml
    """
    in_a_set = {key: arguments.pop(key) for key in ("retries", "backoff", "beside", "within", "all_start_within")}
    _do("step", in_a_set=in_a_set, **arguments)


@app.command()
@click.option("--run", "run", envvar="STERNWAY_RUN", required=True, metavar="RUN", help="The run that has ended.")
@click.option("--status", default="", metavar="WORD", help="How the runner saw the way forward end.")
@click.option("--failures", envvar="STERNWAY_FAILURES", default="", metavar="JSON", help="Argo's workflow.failures.")
@click.option("--another-round", type=click.BOOL, default=False, hidden=True)
@click.option("--code-file", metavar="FILE", hidden=True)
@click.option("--outcome-file", metavar="FILE", hidden=True)
@options.workflow
@options.config_file
@options.overrides
@options.unattended
@options.shared
def report(**arguments: Any) -> None:
    """End a run whose steps were called one by one: seal its journal and say how it ended.

    \b
    Example: sternway report --run my-run --config sternway.yaml
    """
    _do("report", **arguments)


@app.command()
@options.target
def status(**arguments: Any) -> None:
    """Tell how a target stands: what is live, how the last run ended, what is held, who is at work and on what.

    \b
    Example: sternway status shop.web
    Example: sternway status --config config/production.yaml
    """
    _one_target(arguments)
    _do("status", **arguments)


@app.command()
@options.target
def unhold(**arguments: Any) -> None:
    """Let schedules deploy again what was undone of a target.

    \b
    Example: sternway unhold shop.web
    """
    _one_target(arguments)
    _do("unhold", **arguments)


def _one_target(arguments: dict[str, Any]) -> None:
    if arguments["target"] and arguments["journal_of"]:
        raise click.UsageError("name the target, or its configuration with --config")
    if str(arguments["target"]).endswith((".yaml", ".yml")):
        arguments["journal_of"], arguments["target"] = arguments["target"], None
    if not arguments["target"]:
        arguments["journal_of"] = arguments["journal_of"] or "sternway.yaml"


@app.command()
@options.some_config
@options.overrides
@options.shared
def doctor(**arguments: Any) -> None:
    """Look whether all is there that a run and its undo need, and say what to do where it is not; change nothing.

    With a configuration it asks for all that its run and undo take, its images and builders. Exit code 3 when
    something will not work; warnings are 0.

    \b
    Example: sternway doctor
    Example: sternway doctor config/production.yaml --output json
    """
    from .doctor import doctor as examine
    from .main import Kind, perform

    perform(examine, arguments, kind=Kind(only_reads=True))


@app.command()
@click.argument("errors", nargs=-1, metavar="[ERROR]…", shell_complete=completion.errors)
@options.output
def explain(errors: tuple[str, ...], output: str) -> None:
    """Say what an error means, what usually causes it, and what to type; without a name, list all.

    An ERROR is what `--output json` calls `name` or `kind`, the reason why an object is not ready, or an exit code.

    \b
    Example: sternway explain ErrImagePull
    Example: sternway explain RollbackFailed LockLost
    Example: sternway explain 75
    """
    from .explain import explain as tell
    from .main import conclude

    conclude(output, lambda written: tell(written, errors))


@app.group()
def config() -> None:
    """Look at the configuration; needs no cluster."""


@config.command("show")
@options.config_file
@options.overrides
@options.output
def config_show(**arguments: Any) -> None:
    """Print what a run would read, all files merged, and where each value comes from.

    \b
    Example: sternway config show --config config/production.yaml --set image=web:1.4.3
    """
    from .main import call_offline

    call_offline("config_show", arguments)


@config.command("schema")
@click.option("--partial", is_flag=True, help="Of files that others extend, and that are no whole ones by themselves.")
def config_schema(partial: bool) -> None:
    """Print the configuration's JSON Schema (draft-07), by which an editor completes, explains and checks it.

    \b
    Example: sternway config schema > sternway.schema.json, and as the first line of sternway.yaml:
             # yaml-language-server: $schema=sternway.schema.json
    """
    from .schema import show

    show(partial)


@app.command()
@click.option(
    "--output", "-o", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="For people, or programs.",
)  # fmt: skip
@click.option(
    "--declared", is_flag=True,
    help="Print what those of other packages say of themselves, as the section `declared` that a configuration takes.",
)  # fmt: skip
@click.argument("names", nargs=-1, metavar="[STEP]…")
def steps(form: str, declared: bool, names: tuple[str, ...]) -> None:
    """List the steps that a configuration can name, those of other packages too.

    \b
    Example: sternway steps --output json
    Example: sternway steps --declared flag > flag.yaml, and in sternway.yaml: extends: [flag.yaml]
    """
    from .steps import show, show_declared

    sys.exit(show_declared(names) if declared else show(form, names))
