"""Steps that other packages declare in the entry points `sternway.steps`: found, loaded and checked."""

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
    """A step that was found under a name: the step, or why it can't be used.

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
    """Load and check what is declared, by name; `taken` are the names that come with Sternway.

    A step that can't be used is given with its problem, and raises nothing.
    """
    by_name: dict[str, list[EntryPoint]] = {}
    for entry in sorted(declared, key=lambda entry: (entry.name, _package(entry))):
        by_name.setdefault(entry.name, []).append(entry)
    own = set(taken)
    return [_found(name, entries, name in own) for name, entries in by_name.items()]


def _found(name: str, entries: Sequence[EntryPoint], taken: bool) -> DiscoveredStep:
    first = entries[0]
    found = DiscoveredStep(name, _package(first), first.dist.version if first.dist else "", first.value)
    try:
        if taken:
            remedy = f"ask the authors of {found.package} for another name; the one of Sternway is used"
            raise _refused(found, "the name is that of a step of Sternway", remedy)
        if len(entries) > 1:
            others = ", ".join(f"{_package(entry)} ({entry.value})" for entry in entries[1:])
            remedy = f"uninstall one: pip uninstall {found.package}"
            raise _refused(found, f"the same name is declared by {others} too", remedy)
        return DiscoveredStep(name, found.package, found.version, found.entry, _checked(found, _load(found, first)))
    except Refused as problem:
        return DiscoveredStep(name, found.package, found.version, found.entry, problem=problem)


def _load(found: DiscoveredStep, entry: EntryPoint) -> Any:
    try:
        value = entry.load()
    except (Exception, SystemExit) as error:  # a module of somebody else may raise anything
        named = getattr(error, "name", None) or ""
        ours = "sternway" in f"{named} {error}" or "StepSpec" in str(error)
        if ours:
            remedy = f"it may need another Sternway than {__version__}: {_UPGRADE}"
        elif isinstance(error, ModuleNotFoundError):
            remedy = f"install what it needs: pip install {found.package}"
        else:
            remedy = f"mend or upgrade it: pip install --upgrade {found.package}"
        raise _refused(found, f"it can't be imported: {type(error).__name__}: {error}", remedy) from error
    if not inspect.isclass(value):
        return value
    try:
        return value()
    except Exception as error:
        message = f"it can't be made without arguments: {type(error).__name__}: {error}"
        raise _refused(found, message, _mend(found)) from error


def _checked(found: DiscoveredStep, step: Any) -> Step:
    wrong = findings(step)
    if not wrong and step.spec.name != found.name:
        wrong = [f"its spec is named {step.spec.name!r}, and the entry point {found.name!r}"]
    if not wrong:
        return step  # type: ignore[no-any-return]  # that it is one has just been found
    newer = any("was written for contract" in each for each in wrong)
    raise _refused(found, "; ".join(wrong), _UPGRADE if newer else _mend(found))


def _refused(found: DiscoveredStep, message: str, remedy: str) -> Refused:
    version = f" {found.version}" if found.version else ""
    where = f"step {found.name} of package {found.package}{version} (entry point {found.entry})"
    return Refused(f"{where}: {message}", remedy=remedy)


def _mend(found: DiscoveredStep) -> str:
    return f"tell the authors of {found.package}; sternway_steps.testing checks a step before it is released"


def _package(entry: EntryPoint) -> str:
    return str(entry.dist.name) if entry.dist is not None else "unknown"
