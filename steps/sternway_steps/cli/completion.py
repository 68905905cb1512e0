"""What shell completion offers: contexts, runs, steps, errors. It never fails and says nothing but what it offers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


def contexts(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Offer the contexts of the kubeconfig."""
    return _offered(typed, _contexts)


def runs(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Offer the runs of the journals that can be read, newest first."""

    def found() -> Iterable[str]:
        from ..session import Session

        with Session(kubeconfig=ctx.params.get("kubeconfig"), context=ctx.params.get("context")) as session:
            for story in session.runs():
                yield story.run

    return _offered(typed, found)


def keys(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the keys of a configuration, as --set takes them; after `verify.` those of the section verify."""
    about: dict[str, str] = {}

    def found() -> Iterable[str]:
        from ..config.form import form_of
        from ..registry.load import READERS
        from ..yamltree.reader import Key, Section, Short

        section, before = form_of(READERS), ""
        for name in typed.split(".")[:-1]:
            kind = section.kind(name)
            section, before = kind.long if isinstance(kind, Short) else kind, f"{before}{name}."
        for name, key in section.keys.items():
            kind = section.kind(name)
            below = isinstance(kind.long if isinstance(kind, Short) else kind, Section)
            about[written := f"{before}{name}{'.' if below else '='}"] = key.about if isinstance(key, Key) else ""
            yield written

    return [CompletionItem(name, help=about[name]) for name in _offered(typed, found)]


def steps(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Offer the steps of sternway.yaml."""

    def found() -> Iterable[str]:
        from ..config.each_step import each_step
        from ..registry.load import load

        return [step.name for step, *_ in each_step(load("sternway.yaml", environ=os.environ, objects=False).steps)]

    return _offered(typed, found)


def errors(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Offer the errors that are explained."""

    def found() -> Iterable[str]:
        from ..explained.catalogue import ENTRIES

        return [name for entry in ENTRIES for name in entry.names]

    return _offered(typed, found)


def _contexts() -> Iterable[str]:
    import yaml

    for file in (os.environ.get("KUBECONFIG") or "~/.kube/config").split(os.pathsep):
        document: Any = yaml.safe_load(Path(file).expanduser().read_text())
        yield from (context["name"] for context in document["contexts"])


def _offered(typed: str, find: Callable[[], Iterable[str]]) -> list[str]:
    names: list[str] = []
    with suppress(Exception):
        names.extend(find())
    return [name for name in dict.fromkeys(names) if name.startswith(typed)]
