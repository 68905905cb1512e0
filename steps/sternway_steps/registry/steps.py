"""Looks steps up by name: our own first, those of other packages when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from ..builtin import builtin_steps
from ..config.each_step import each_step
from ..errors import Refused
from ..spec import StepSpec
from ..step import Step
from .entry_points import GROUP, DiscoveredStep, find

if TYPE_CHECKING:
    from ..config import Config


class NotInstalled(Refused, KeyError):
    """No installed package declares the step; a KeyError too, as a mapping raises for a missing key."""

    def __str__(self) -> str:
        return self.message


class Steps(Mapping[str, Step]):
    """Steps by name. Other packages are searched only for a name that is not ours, and loaded one by one.

    Asking all distributions takes a tenth of a second, which `sternway step deploy` must not spend. `steps[name]`
    raises NotInstalled for a name that nobody declares, Refused for a step that can't be used.
    """

    def __init__(self, own: Mapping[str, Step], declared: Callable[[], Iterable[EntryPoint]]) -> None:
        self.own = own
        self._declared = declared
        self._entries: tuple[EntryPoint, ...] | None = None
        self._found: dict[str, DiscoveredStep] = {}

    def __getitem__(self, name: str) -> Step:
        if name in self.own:
            return self.own[name]
        if name not in self._found:
            self._look([entry for entry in self._others() if entry.name == name])
        discovered = self._found.get(name)
        if discovered is None:
            raise NotInstalled(
                f"no package that is installed here declares the step {name!r}",
                remedy="pip install the package that does; `sternway steps` lists what is there",
            )
        if discovered.step is None:
            assert discovered.problem is not None  # noqa: S101  for the type checker
            raise discovered.problem
        return discovered.step

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.own, *(entry.name for entry in self._others())]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self.own or any(entry.name == name for entry in self._others())

    def discovered(self) -> list[DiscoveredStep]:
        """Load and check all steps of other packages; one that can't be used is returned with its problem."""
        return find(self._others(), self.own)

    def _look(self, entries: Iterable[EntryPoint]) -> None:
        self._found |= {discovered.name: discovered for discovered in find(entries, self.own)}

    def _others(self) -> tuple[EntryPoint, ...]:
        if self._entries is None:
            self._entries = tuple(self._declared())
        return self._entries


def installed_steps() -> Steps:
    """Return the steps of Sternway and of every installed package."""
    return Steps(builtin_steps(), _entry_points)


class Specs(Mapping[str, StepSpec]):
    """The specs of steps, by name; `declared` holds those of steps that need not be installed here."""

    def __init__(self, steps: Mapping[str, Step], declared: Mapping[str, StepSpec]) -> None:
        self._steps, self._declared = steps, declared

    def __getitem__(self, name: str) -> StepSpec:
        if name in self._declared and name not in builtin_steps():
            return self._declared[name]
        return self._steps[name].spec

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._steps, *self._declared]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def with_declared_specs(config: Config, steps: Mapping[str, Step]) -> Config:
    """Return a config that carries the specs of its steps from other packages.

    With them the plan can be made where such a step is not installed: in another step's image, on the machine of
    whoever rolls back. Raises: Refused, for a step that can't be used.
    """
    names = dict.fromkeys(step.uses for step, _, _ in each_step((*config.steps, *config.on_end)))
    foreign = [name for name in names if name not in builtin_steps() and name not in config.declared]
    if not foreign:
        return config
    return replace(config, declared={**config.declared, **{name: steps[name].spec for name in foreign}})


def _entry_points() -> Iterable[EntryPoint]:
    return entry_points(group=GROUP)
