"""Commands for what comes before a run: a first configuration, what it says, what is there for it, what errors mean."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import completion, options


@click.command()
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
    from ..init import init as write_first
    from ..main import conclude

    conclude(arguments.pop("output"), lambda output: write_first(output, **arguments))


@click.group()
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
    from ..main import conclude
    from ..merged import show

    conclude(arguments.pop("output"), lambda output: show(output, **arguments))


@config.command("schema")
@click.option("--partial", is_flag=True, help="Of files that others extend, and that are no whole ones by themselves.")
def config_schema(partial: bool) -> None:
    """Print the configuration's JSON Schema (draft-07), by which an editor completes, explains and checks it.

    \b
    Example: sternway config schema > sternway.schema.json, and as the first line of sternway.yaml:
             # yaml-language-server: $schema=sternway.schema.json
    """
    from ..schema import show

    show(partial)


@click.command()
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
    from ..steps import show, show_declared

    sys.exit(show_declared(names) if declared else show(form, names))


@click.command()
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
    from ..doctor import doctor as examine
    from ..main import Kind, perform

    perform(examine, arguments, kind=Kind(only_reads=True))


@click.command()
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
    from ..explain import explain as tell
    from ..main import conclude

    conclude(output, lambda written: tell(written, errors))
