"""Steps that other packages declare as entry points `sternway.steps`: discovered, loaded and checked."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

from .. import __version__
from ..errors import Refused
from ..step import Step
from .conformance import findings

GROUP = "sternway.steps"
_UPGRADE = "pip install --upgrade sternway"


@dataclass(frozen=True)
class DiscoveredStep:
    """An entry point with its step, or with the problem why the step can't be used.

    `package` and `version` are those of the distribution, `entry` is the entry point's value (module:Class).
    """

    name: str
    package: str
    version: str
    entry: str = ""
    step: Step | None = None
    problem: Refused | None = None

    @property
    def summary(self) -> str:
        """The first line of the step's documentation, or ""."""
        text = inspect.getdoc(self.step) if self.step is not None else None
        return (text or "").partition("\n")[0]


def find(declared: Iterable[EntryPoint], taken: Iterable[str]) -> list[DiscoveredStep]:
    """Load and check what is declared, by name; `taken` are the names of Sternway's own steps.

    A step that can't be used is returned with its problem; nothing is raised for it.
    """
    by_name: dict[str, list[EntryPoint]] = {}
    for entry in sorted(declared, key=lambda entry: (entry.name, _package(entry))):
        by_name.setdefault(entry.name, []).append(entry)
    own = set(taken)
    return [_discover(name, entries, name in own) for name, entries in by_name.items()]


def _discover(name: str, entries: Sequence[EntryPoint], taken: bool) -> DiscoveredStep:
    first = entries[0]
    discovered = DiscoveredStep(name, _package(first), first.dist.version if first.dist else "", first.value)
    try:
        if taken:
            remedy = f"ask the authors of {discovered.package} for another name; the one of Sternway is used"
            raise _refused(discovered, "the name is that of a step of Sternway", remedy)
        if len(entries) > 1:
            others = ", ".join(f"{_package(entry)} ({entry.value})" for entry in entries[1:])
            remedy = f"uninstall one: pip uninstall {discovered.package}"
            raise _refused(discovered, f"the same name is declared by {others} too", remedy)
        return DiscoveredStep(
            name,
            discovered.package,
            discovered.version,
            discovered.entry,
            _checked(discovered, _load(discovered, first)),
        )
    except Refused as problem:
        return DiscoveredStep(name, discovered.package, discovered.version, discovered.entry, problem=problem)


def _load(discovered: DiscoveredStep, entry: EntryPoint) -> Any:
    try:
        value = entry.load()
    except (Exception, SystemExit) as error:  # a module of somebody else may raise anything
        named = getattr(error, "name", None) or ""
        ours = "sternway" in f"{named} {error}" or "StepSpec" in str(error)
        if ours:
            remedy = f"it may need another Sternway than {__version__}: {_UPGRADE}"
        elif isinstance(error, ModuleNotFoundError):
            remedy = f"install what it needs: pip install {discovered.package}"
        else:
            remedy = f"mend or upgrade it: pip install --upgrade {discovered.package}"
        raise _refused(discovered, f"it can't be imported: {type(error).__name__}: {error}", remedy) from error
    if not inspect.isclass(value):
        return value
    try:
        return value()
    except Exception as error:
        message = f"it can't be made without arguments: {type(error).__name__}: {error}"
        raise _refused(discovered, message, _mend(discovered)) from error


def _checked(discovered: DiscoveredStep, step: Any) -> Step:
    problems = findings(step)
    if not problems and step.spec.name != discovered.name:
        problems = [f"its spec is named {step.spec.name!r}, and the entry point {discovered.name!r}"]
    if not problems:
        return step  # type: ignore[no-any-return]  # that it is one has just been found
    newer = any("was written for contract" in each for each in problems)
    raise _refused(discovered, "; ".join(problems), _UPGRADE if newer else _mend(discovered))


def _refused(discovered: DiscoveredStep, message: str, remedy: str) -> Refused:
    version = f" {discovered.version}" if discovered.version else ""
    where = f"step {discovered.name} of package {discovered.package}{version} (entry point {discovered.entry})"
    return Refused(f"{where}: {message}", remedy=remedy)


def _mend(discovered: DiscoveredStep) -> str:
    return f"tell the authors of {discovered.package}; sternway_steps.testing checks a step before it is released"


def _package(entry: EntryPoint) -> str:
    return str(entry.dist.name) if entry.dist is not None else "unknown"
