"""The inputs of a pipeline: the environment, and the keys of the configuration that may be changed."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sternway_steps.config import Config
from sternway_steps.config.each_step import each_step
from sternway_steps.errors import Refused
from sternway_steps.registry.load import load_with_source
from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.errors import ConfigError, ConfigErrors, SourceLocation

from ..changeable import changeable

FOLDER = "config"
UNCHANGED = "(as configured)"
"""The choice of an input that changes nothing."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PATH = re.compile(r"[\w.+@/-]+")
_SETTING_UP = 600
"""Seconds for what precedes the run: a machine, a checkout, an installation."""


@dataclass(frozen=True)
class Environment:
    """A configuration and its path in the repository."""

    name: str
    path: str
    config: Config
    document: Node


@dataclass(frozen=True)
class Changeable:
    """A key that may be changed when a pipeline is started; `variable` is its name in the shell."""

    path: str
    variable: str
    description: str
    enum: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name of the input."""
        return self.path.replace(".", "-")


@dataclass(frozen=True)
class PipelineInputs:
    """What a pipeline is generated from.

    `source` is the configuration that was named, `chosen` its environment, or None; `folder` is "" when there is no
    folder of environments, but only that configuration.
    """

    source: str
    name: str
    environments: tuple[Environment, ...]
    folder: str
    chosen: str | None
    changeable: tuple[Changeable, ...]

    @property
    def distribution(self) -> str:
        """What is installed: with the extras that an environment needs."""
        builds = any(step.uses == "build" for each in self.environments for step, _, _ in each_step(each.config.steps))
        extras = [*(["build"] if builds else []), *(["encryption"] if self.encrypts else [])]
        return f"sternway[{','.join(extras)}]" if extras else "sternway"

    @property
    def encrypts(self) -> bool:
        """Whether an environment's journal has a key."""
        return any(each.config.journal.key is not None for each in self.environments)

    @property
    def seconds(self) -> int | None:
        """How long a job may take: setting up, the way forward, three undos; None without a deadline.

        The three undos: of what an earlier job left, of this run, and its end when the first one was cut off.
        """
        limits = [
            each.config.deadline + 3 * each.config.argo.rollback_deadline if each.config.deadline else None
            for each in self.environments
        ]
        deadlines = [limit for limit in limits if limit is not None]
        return math.ceil(max(deadlines)) + _SETTING_UP if len(deadlines) == len(limits) else None

    @property
    def undo_seconds(self) -> int:
        """How long one undo may take."""
        return math.ceil(max(each.config.argo.rollback_deadline for each in self.environments))


def pipeline_inputs(path: str, environ: Mapping[str, str]) -> PipelineInputs:
    """Find the environments: the files in config/, next to or around the one that was named; else only that one.

    Raises: ConfigErrors with all mistakes in all of them, Refused for a file outside the repository.
    """
    file = _inside(path)
    folder = file.parent if file.parent.name == FOLDER else file.parent / FOLDER
    files = sorted(Path(folder).glob("*.yaml"))
    paths = [PurePosixPath(each) for each in files if not each.name.startswith(".")] or [file]
    environments: list[Environment] = []
    errors: list[ConfigError] = []
    for each in paths:
        try:
            environments.append(_environment(each, environ))
        except ConfigErrors as bad:
            errors += bad.errors
    if errors:
        raise ConfigErrors(errors)
    named = next((each for each in environments if each.path == str(file)), environments[0])
    return PipelineInputs(
        source=str(file),
        name=named.config.name,
        environments=tuple(environments),
        folder=str(folder) if files else "",
        chosen=named.name if files and named.path == str(file) else None,
        changeable=_changeable(environments),
    )


def _inside(path: str) -> PurePosixPath:
    relative = PurePosixPath(Path(os.path.relpath(path)).as_posix())
    if ".." in relative.parts:
        raise Refused(
            f"{path} is outside this folder, and the pipeline must find it in the repository",
            remedy="call this in the repository's root",
        )
    if not _PATH.fullmatch(str(relative)):
        raise Refused(
            f"{path} has signs that a shell or a runner could take for their own",
            remedy="rename it: letters, digits and . _ - + @ / are left as they are",
        )
    return relative


def _environment(path: PurePosixPath, environ: Mapping[str, str]) -> Environment:
    config, document = load_with_source(str(path), environ=environ)
    errors: list[ConfigError] = []
    if not _NAME.fullmatch(path.stem):
        hint = "rename the file: letters, digits, '.', '_' and '-'"
        errors.append(
            ConfigError(SourceLocation(str(path)), "", f"{path.stem!r} is no name of an environment", hint=hint)
        )
    if config.journal.store != "cluster":
        location = document.value["journal"].location
        message = "the machine of a job is gone after it, and what its undo needs too"
        errors.append(ConfigError(location, "journal.store", message, hint="store: cluster"))
    if len(config.ci.clusters) > 1:
        location = document.value["ci"].location
        errors.append(ConfigError(location, "ci", "it names several clusters", "one of eks, gke, aks, oidc and agent"))
    if errors:
        raise ConfigErrors(errors)
    return Environment(path.stem, str(path), config, document)


def _changeable(environments: Sequence[Environment]) -> tuple[Changeable, ...]:
    """Return what any environment lets be changed; an enum is kept only where all that name the key have the same."""
    parameters: dict[str, Changeable] = {}
    for each in environments:
        for path, asked_for in changeable(each.config, each.document).items():
            description, enum = asked_for.description, asked_for.enum
            if path in parameters:
                enum = enum if enum == parameters[path].enum else ()
                description = parameters[path].description
            variable = "SET_" + re.sub(r"[^A-Z0-9]", "_", path.upper())
            parameters[path] = Changeable(path, variable, description, enum)
    by_variable = {each.variable for each in parameters.values()}
    if len(by_variable) < len(parameters):
        raise Refused(
            f"parameters: two of {', '.join(parameters)} differ only in signs,"
            " and a pipeline's variables could not tell",
            remedy="leave one of them out of parameters",
        )
    return tuple(parameters.values())
