"""Attempts of one step in one world, run as the runners run them: with a journal on disk and a fresh step each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import Config, StepConfig
from ..errors import Refused
from ..journal.backends.files import FileStore
from ..journal.entries import Kind, Record, new_run_id
from ..journal.step_journal import StepJournal
from ..journal.writer import RunJournal
from ..kube.client import Client
from ..saga.attempt import Attempted, attempt
from ..saga.events import Listener
from ..saga.plan import PlannedStep, make_plan
from ..step import Action, Checks, Context, Step, StepSpec
from .limit import Limit
from .points import Points, lines_of
from .watched import Right, WatchedJournal, WatchedTransport

_LONG = 3600.0
"""Seconds: a deadline that no test comes to by waiting."""


@dataclass(frozen=True)
class Subject:
    """The step under test, and where it works; it can be sent to another process."""

    make: Callable[[], Step]
    config: Config
    options: Mapping[str, Any]
    others: tuple[StepSpec, ...]
    kubeconfig: str | None
    journal: Path
    limit: Limit = field(default_factory=Limit)

    def planned(self) -> PlannedStep:
        """Return the step as a plan has it; raise Refused for an option that it does not know."""
        spec = self.make().spec
        wanted = StepConfig(spec.name, spec.name, self.options, retries=0)
        return make_plan([wanted], {spec.name: spec}).steps[0]


@dataclass(frozen=True)
class Trial:
    """One run of the step."""

    subject: Subject
    run: str = field(default_factory=new_run_id)

    def act(
        self,
        action: Action,
        points: Points | None = None,
        *,
        stop: threading.Event | None = None,
        rights: Collection[Right] | None = None,
        late: threading.Event | None = None,
        tell: Listener = lambda _: None,
    ) -> Attempted:
        """Make one attempt and return it; what `points` raise passes through if it is no Exception.

        Its deadline has passed when `late` is set. Raises: AssertionError when it takes too long.
        """
        met = points or Points()
        step = self.subject.make()

        def work() -> Attempted:
            with ExitStack() as stack:
                context_for = self._contexts(met, stop or threading.Event(), rights, stack, late)
                stack.enter_context(lines_of(_package(step), met))
                return attempt(step, self.subject.planned(), action, self._journal(), context_for, tell)

        return self.subject.limit.within(f"{action.value} of {step.spec.name}", _package(step), met, work)

    def check(self, points: Points, rights: Collection[Right] | None) -> None:
        """Call the step's `check`, if it has one; raises what that raises."""
        step = self.subject.make()
        if not isinstance(step, Checks):
            return
        with ExitStack() as stack:
            planned = self.subject.planned()
            context_for = self._contexts(points, threading.Event(), rights, stack)
            step.check(context_for(planned, Action.EXECUTE, self._journal().unwritten(planned.name)))

    def records(self) -> Sequence[Record]:
        """Return the records of the journal."""
        return self._journal().records()

    def intended(self) -> bool:
        """Return whether an intent of its execution is in the journal."""
        mine = (record for record in self.records() if record.key.action == Action.EXECUTE)
        return any(record.first(Kind.INTENT) for record in mine)

    def _journal(self) -> RunJournal:
        return RunJournal(FileStore(self.subject.journal), self.run, "test")

    def _contexts(
        self,
        points: Points,
        stop: threading.Event,
        rights: Collection[Right] | None,
        stack: ExitStack,
        late: threading.Event | None = None,
    ) -> Callable[[PlannedStep, Action, StepJournal], Context]:
        connect = _no_cluster
        if self.subject.kubeconfig is not None:
            client = Client(WatchedTransport(self.subject.kubeconfig, points, rights))
            stack.callback(client.close)

            def connect() -> Client:
                return client

        def context_for(planned: PlannedStep, _action: Action, record: StepJournal) -> Context:
            return Context(
                run=self.run,
                step=planned.name,
                attempt=record.key.attempt,
                config=self.subject.config,
                options=planned.options,
                journal=WatchedJournal(record, points),
                connect=connect,
                pipeline=(planned.spec, *self.subject.others),
                stop=stop,
                target="test",
                deadline=None if late is None else time.monotonic() + _LONG,
                clock=lambda: time.monotonic() + (2 * _LONG if late is not None and late.is_set() else 0.0),
            )

        return context_for


def _no_cluster() -> Client:
    raise Refused("this step says that it needs no cluster, and asks for one", remedy="set needs_cluster in its spec")


def _package(step: Step) -> str:
    """Return the import name of the step's own code: its package, or its module where that is in none."""
    module = type(step).__module__
    return module.rpartition(".")[0] or module
