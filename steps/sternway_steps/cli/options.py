"""The options that several commands take, each as a decorator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..existing import exists, is_dir, is_file
from . import completion

config = click.option(
    "--config", "-c", "path", default="sternway.yaml", show_default=True, metavar="FILE", help="The configuration file."
)
_some = click.option("--config", "-c", "path", metavar="FILE", help="Default: sternway.yaml, if it is there.")


def config_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config, and an argument FILE that means the same; a command line that gives both is refused."""
    return _with_file(config, command)


def some_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same to a command that needs no configuration."""
    return _with_file(_some, command)


def _with_file(option: Callable[..., Any], command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def with_one_file(*arguments: Any, file: str | None, **keys: Any) -> Any:
        if file is not None and click.get_current_context().get_parameter_source("path") is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{file} and --config {keys['path']} are two configurations; name one of them")
        if file is not None and "=" in file and "overrides" in keys and not exists(file):
            raise click.UsageError(f"{file} is no file. A key is overridden by --set {file}")
        return command(*arguments, **(keys if file is None else {**keys, "path": file}))

    argument = click.argument("file", required=False, metavar="[FILE]", type=click.Path())
    added: Callable[..., Any] = argument(option(with_one_file))
    return added


overrides = click.option(
    "--set",
    "-s",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=completion.keys,
    help="Override a key: --set image=web:2. A mapping or a list replaces what is there; null removes the key.",
)


def _output(help_: str, *more: str) -> Callable[..., Any]:
    forms = click.Choice(["text", "json", "github", *more])
    return click.option("--output", "-o", type=forms, default="text", show_default=True, help=help_)


output = _output("For people, programs, or GitHub Actions.")
plan_output = _output("For people, programs, GitHub Actions, or the comment on a pull request.", "markdown")
story_output = _output("For people, programs, GitHub Actions, or as one page for a browser.", "html")
logs = click.option(
    "--logs",
    type=click.Choice(["all", "errors"]),
    is_flag=False,
    flag_value="all",
    help="Show the logs of the run's new pods: all lines (--logs), or only errors (--logs=errors).",
)
verbose = click.option("--verbose", "-v", is_flag=True, help="Show every request.")
kubeconfig = click.option(
    "--kubeconfig", metavar="FILE", help="Default: KUBECONFIG, ~/.kube/config, the pod's account."
)
context = click.option(
    "--context", metavar="NAME", help="The kubeconfig's context.", shell_complete=completion.contexts
)
sandbox = click.option(
    "--sandbox", is_flag=True, help="Use a small Kubernetes inside this process. It keeps its state."
)
journal = click.option("--journal", metavar="DIR", help="A journal in files (journal.store: file).")
namespace = click.option("--namespace", "-n", metavar="NAME", help="Where the journal is; default: look everywhere.")
journal_of = click.option(
    "--config",
    "-c",
    "journal_of",
    metavar="FILE",
    help="Read the journal of this configuration, only for its target, with the key that it names.",
)
force_conflicts = click.option("--force-conflicts", is_flag=True, help="Take over fields that other managers own.")
on_conflict = click.option(
    "--on-conflict",
    type=click.Choice(["stop", "merge", "force"]),
    help="What the undo does with a field that somebody else changed since the run.",
)
restart_stale = click.option(
    "--restart-stale",
    is_flag=True,
    help="The undo restarts containers that still run with the failed version's settings.",
)
recreate = click.option(
    "--recreate",
    is_flag=True,
    help="The undo deletes and creates again what can't be changed back, even if others depend on it.",
)

recreate_forward = click.option(
    "--recreate",
    "recreate_forward",
    is_flag=True,
    help="Delete and create again what can't be changed, such as a Job; the undo puts the old one back.",
)
prune = click.option(
    "--prune",
    is_flag=True,
    help="Remove objects that the target deployed before and no longer names; the undo puts them back.",
)

yes = click.option("--yes", "-y", is_flag=True, help="Remove without asking.")


def _seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    from ..yamltree.scalars import MOST, seconds_in

    if text is not None and not 0 < (seconds := seconds_in(text) or 0.0) <= MOST:
        raise click.BadParameter(f"{text!r} is no time span; expected a time like 90s or 5m, more than 0")
    return seconds if text is not None else None


wait_lock = click.option(
    "--wait-lock",
    "wait_lock",
    metavar="TIME",
    callback=_seconds,
    help="Wait up to this long for another run of the target, such as 5m. Default: do not wait.",
)
trust_journal = click.option(
    "--trust-journal",
    is_flag=True,
    help="Run commands from the journal that are not in your configuration. Whoever may write the journal chose them.",
)
every = click.option(
    "--every", metavar="TIME", callback=_seconds, help="Sweep again each time this long has passed, such as 1m."
)
on_interrupt = click.option(
    "--on-interrupt",
    type=click.Choice(["rollback", "resume", "report"]),
    help="What to do with them. Default: what the configuration of each run says.",
)


def writable(_context: click.Context, _option: click.Parameter, path: str | None) -> str | None:
    """Refuse, before anything is done, a file that could not be written when all is done."""
    if path is None:
        return None
    file = Path(path)
    if exists(file) and not is_file(file):  # a folder, or a device, whose place a file would take
        raise click.BadParameter(f"{path} is no file; name one")
    if not is_dir(file.parent):
        raise click.BadParameter(f"there is no folder {file.parent}; make it first")
    return path


report_file = click.option(
    "--report",
    "report_file",
    metavar="FILE",
    callback=writable,
    help="Write the run as one page of HTML, however it ends.",
)


def _backoff(_context: click.Context, _option: click.Parameter, text: str) -> tuple[float, float]:
    from ..yamltree.scalars import seconds_in

    first, most = (seconds_in(part) or 0.0 for part in (text.partition("..")[0], text.partition("..")[2]))
    if not first or not most:
        raise click.BadParameter(f"{text!r} are no two time spans; expected such as 1s..30s")
    return first, most


def in_a_set(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what the template says to a step that shares its pod, where Argo can't retry it alone."""
    retries = click.option("--retries", type=click.IntRange(0, 100), default=0, metavar="N", hidden=True)
    backoff = click.option("--backoff", default="1s..30s", metavar="FIRST..MOST", callback=_backoff, hidden=True)
    beside = click.option("--beside", multiple=True, metavar="CONTAINER", hidden=True)
    within = click.option("--within", metavar="TIME", callback=_seconds, hidden=True)
    start = click.option("--all-start-within", metavar="TIME", callback=_seconds, hidden=True)
    for option in (retries, backoff, beside, within, start):
        command = option(command)
    return command


workflow = click.option("--workflow", default="", metavar="NAME", help="The Argo Workflow that calls.")


class _Unattended(click.types.BoolParamType):
    """True or false; the tag that Argo passes on when a person's `argo retry -p` dropped the parameter is false."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        return False if isinstance(value, str) and value.startswith("{{") else super().convert(value, param, ctx)


unattended = click.option(
    "--unattended/--attended",
    envvar="STERNWAY_UNATTENDED",
    type=_Unattended(),
    default=False,
    help="A schedule starts the run. It does not deploy again what was undone, and ends with exit code 3 instead.",
)
job_uid = click.option("--job-uid", envvar="STERNWAY_JOB_UID", default="", metavar="UID", hidden=True)
"""The UID of the Kubernetes Job whose pod this is; its name is the run's."""
force_held = click.option("--force-held", is_flag=True, help="Deploy even what is held after an undo.")


def shared(command: Callable[..., Any], output: Callable[..., Any] = output) -> Callable[..., Any]:
    """Add the options of every command that talks to a cluster."""
    for option in reversed((kubeconfig, context, sandbox, output, verbose)):
        command = option(command)
    return command


def shared_of_plan(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same to `plan`, which has one form more."""
    return shared(command, plan_output)


def shared_of_show(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same to `show`, which has one form more, too."""
    return shared(command, story_output)


def target(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a target, in itself or by its configuration, and where its journal is."""
    argument = click.argument("target", required=False, metavar="[NAMESPACE.NAME|FILE]")
    config = click.option("--config", "-c", "journal_of", metavar="FILE", help="Default: sternway.yaml.")
    for option in reversed((argument, config, journal, namespace, shared)):
        command = option(command)
    return command
