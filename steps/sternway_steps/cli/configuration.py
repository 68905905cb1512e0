"""What a command line says of its configuration: the file, and the options that count before it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any, overload

from ..config import Config
from ..config.prune import pruning
from ..config.selection import recreating
from ..errors import Transient
from ..registry.load import load
from ..yamltree.errors import ConfigErrors
from .output import Output
from .unresolved import refuse_unresolved


def load_config(arguments: dict[str, Any]) -> Config:
    """Take the configuration's options out of a command's arguments, and return the configuration."""
    overrides = arguments.pop("overrides")
    if arguments.get("workflow"):
        refuse_unresolved(overrides)
    config = load(arguments.pop("path"), overrides=overrides, environ=os.environ, stdin=sys.stdin)
    deploy = config.deploy
    if arguments.pop("force_conflicts", False):
        deploy = replace(deploy, force_conflicts=True)
    if policy := arguments.pop("on_conflict", None):
        deploy = replace(deploy, on_conflict=policy)
    if arguments.pop("restart_stale", False):
        deploy = replace(deploy, restart_stale=True)
    if arguments.pop("recreate_forward", False):
        config = replace(config, steps=recreating(config.steps))
    prune = arguments.pop("prune", False)
    wait = arguments.pop("wait_lock", None)
    config = replace(config, deploy=deploy, wait_lock=config.wait_lock if wait is None else wait)
    return pruning(config) if prune else config


@overload
def target_of(path: str) -> Config: ...
@overload
def target_of(path: str | None) -> Config | None: ...
def target_of(path: str | None) -> Config | None:
    """Return what a configuration says of its target, journal and commands; its objects need not be there."""
    return load(path, environ=os.environ, objects=False) if path is not None else None


def with_objects(path: str, output: Output) -> Config:
    """Return a configuration with its objects, which show a run that the journal has lost; without, if need be."""
    given = sys.stdin if sys.stdin is not None and not sys.stdin.isatty() else None  # nobody types objects here
    try:
        return load(path, environ=os.environ, stdin=given)
    except (ConfigErrors, Transient) as error:
        config = target_of(path)  # raises what is wrong with the configuration itself
        why = error.errors[0] if isinstance(error, ConfigErrors) else error
        output.note(f"a run whose record is gone is not looked for, because its objects are not known: {why}")
        return config
