"""A run, put together once: what it does, where it is recorded, what keeps others away. The rest is handed down."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import together
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.locks.lock import Lock
from ..journal.writer import RunJournal
from ..registry.steps import Specs, with_declared_specs
from ..spec import StepSpec
from ..step import Step
from .attempt import ContextFor
from .context_factory import contexts, refusals
from .events import Listener
from .location import Location, locate
from .orchestrator import Orchestrator
from .plan import Plan, PlannedStep, make_plan

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class AssembledRun:
    """One run with all that belongs to it. `client` is what its steps are given; the journal has one of its own."""

    config: Config
    plan: Plan
    steps: Mapping[str, Step]
    client: Client
    store: Store
    journal: RunJournal
    lock: Lock
    """The target's."""

    @property
    def id(self) -> str:
        """The run's id."""
        return self.journal.run

    @property
    def target(self) -> str:
        """What it deploys to."""
        return self.journal.target

    def lock_of(self, step: PlannedStep) -> Lock:
        """Return the lock of one step: those of a group, each in its own process, can't share the target's."""
        return self.store.lock(f"{self.target}.{step.name}")

    def contexts(self, stop: threading.Event, undo_stop: threading.Event | None = None) -> ContextFor:
        """Return what makes a step's context; `stop` stops the way forward, `undo_stop` the way back."""
        return contexts(self.client, self.config, self.journal, self.plan, stop=stop, undo_stop=undo_stop)

    def orchestrator(self, tell: Listener, stop: threading.Event) -> Orchestrator:
        """Return what walks the plan in this process; `stop` stops the way forward, a lost lock the way back."""
        lost, where = self.lock.lost, self.store.where()
        given = self.contexts(stop, lost)
        return Orchestrator(self.plan, self.steps, self.journal, given, tell, stop, where=where, lost=lost)

    def check(self, stop: threading.Event) -> None:
        """Ask the steps whether they would be refused; raises Refused with what all of them say."""
        if findings := refusals(self.plan, self.steps, self.contexts(stop), self.journal):
            raise together(findings)


@dataclass(frozen=True)
class Assembly:
    """What the runs of one session have in common; `book` is the client of the journal."""

    client: Client
    book: Client
    steps: Mapping[str, Step]

    def specs(self, config: Config) -> Mapping[str, StepSpec]:
        """Return what the steps say of themselves; the configuration may speak for some that are not here."""
        return Specs(self.steps, config.declared)

    def locate(self, config: Config) -> Location:
        """Resolve where a configuration's runs are recorded."""
        return locate(config, self.book)

    def new_run(self, config: Config, run: str, at: Location | None = None) -> AssembledRun:
        """Put together a run of a configuration, by default where that says; raises Refused with all findings."""
        plan = make_plan(config.steps, self.specs(config))
        at = at or self.locate(config)
        return self._assembled(
            with_declared_specs(config, self.steps), plan, RunJournal(at.store, run, at.target), at.store
        )

    def recorded_run(self, store: Store, records: Sequence[Record], config: Config, lock: Lock) -> AssembledRun:
        """Put together a run from its records, to end it or to undo it; `lock` is the target's, and is held."""
        plan = make_plan(config.steps, self.specs(config))
        return self._assembled(config, plan, RunJournal.of(store, records), store, lock)

    def _assembled(
        self, config: Config, plan: Plan, journal: RunJournal, store: Store, lock: Lock | None = None
    ) -> AssembledRun:
        lock = lock or store.lock(journal.target)
        return AssembledRun(config, plan, self.steps, self.client, store, journal, lock)
