"""Follows a run on Argo: its Workflow and its journal as they change, shown like a run in one process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sternway_steps.config import Config
from sternway_steps.errors import Abandoned, Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import Record
from sternway_steps.journal.name import RunName
from sternway_steps.journal.replay import Attempt, replay
from sternway_steps.kube.api_error import ApiError
from sternway_steps.saga.events import Listener
from sternway_steps.saga.location import Location
from sternway_steps.saga.plan import Plan
from sternway_steps.session import Session

from ..argo.pods import own_pods
from .ending import describe_end, ending, ending_by_pods
from .events import EventEmitter
from .feed import PAUSE, ChangeFeed
from .nodes import ENDED, attempts_of, phase_of, undoing
from .pod_reports import PodReporter
from .workflow import stop

if TYPE_CHECKING:
    from sternway_steps.cli.extension import Output


class RunFollower:
    """Follows one run.

    `tell` is told its events, `plan` are its steps, `config` says how they are tried again, `at` is where it is
    recorded.
    """

    def __init__(
        self,
        session: Session,
        output: Output,
        tell: Listener,
        plan: Plan,
        config: Config,
        at: Location,
        workflow: dict[str, Any],
    ) -> None:
        self._session, self._output, self._tell, self._plan, self._store = session, output, tell, plan, at.store
        self._workflow, self._run = workflow, str(workflow["metadata"]["uid"])
        self._name = RunName(self._run, at.namespace)
        shared = {step.name for step in plan.steps} - own_pods(config).keys()
        self._emitter = EventEmitter(plan, tell, config.argo, shared)
        self._pods = PodReporter(output.note, self._emitter)
        self._feed = ChangeFeed(session.client, workflow, at.namespace)
        self._gone = self._blind = False

    def to_the_end(self) -> int:
        """Show everything until the Workflow has ended, and return the exit code of the run.

        The first signal asks Argo to stop the Workflow, whose handler undoes; the second one leaves it to itself.
        Raises: ApiError when the Workflow can't be watched.
        """
        began = time.monotonic()
        try:
            with self._feed.open():
                if self._session.stop.is_set():
                    self._feed.put("stop")
                while True:
                    self._take(*self._feed.wait())
                    over = self._gone or phase_of(self._workflow) in ENDED
                    records = self._records()  # after the Workflow: what its steps wrote before it ended is there
                    self._look(records)
                    if over:
                        return self._end(records, time.monotonic() - began)
        except Abandoned:
            self._output.note(f"left; Argo goes on, and undoes the run: sternway show {self._name}")
            return Exit.STOPPED

    def _take(self, what: str, value: Any) -> None:
        if what == "workflow":
            self._workflow = value
        elif what == "gone":
            self._gone = phase_of(self._workflow) not in ENDED
        elif what == "failed":
            raise value
        elif what == "stop":
            try:
                stop(self._session.client, self._workflow)
            except ApiError as error:
                if not error.not_found:
                    self._output.note(f"the Workflow could not be stopped: {error}")

    def _records(self) -> list[Record]:
        """Return the journal, however long its server needs to answer; [] when we may not read it."""
        while not self._blind:
            try:
                records = list(self._store.records(self._run))
            except Refused as error:
                self._blind = True
                where = self._workflow["metadata"]
                logs = f"argo logs {where['name']} --namespace {where['namespace']}"
                self._output.note(f"{error}; following by the Workflow alone, its details are in: {logs}")
            except Transient:
                time.sleep(PAUSE)
            else:
                return records if any(not record.key.step for record in records) else []
        return []

    def _look(self, records: list[Record]) -> None:
        attempts = _all_of(records) if records else attempts_of(self._workflow) if self._blind else []
        self._pods.update(self._workflow, attempts)
        why = self._pods.why(self._workflow)
        self._emitter.update(attempts, undoing(self._workflow), why, by_pods=self._blind)
        self._pods.progress(self._workflow)

    def _end(self, records: list[Record], seconds: float) -> int:
        self._emitter.cut_off(self._pods.why(self._workflow))
        name, plan, workflow, gone = self._name, self._plan, self._workflow, self._gone
        ended = (
            ending(name, plan, records, workflow, gone, seconds)
            if records
            else ending_by_pods(name, plan, workflow, gone, seconds)
        )
        if ended.exit_code == Exit.DONE and (gone or phase_of(workflow) != "Succeeded"):
            self._output.note(f"{describe_end(workflow, gone)} after the run had succeeded")
        self._tell(ended)
        return ended.exit_code


def _all_of(records: list[Record]) -> list[Attempt]:
    """Return the attempts of a run, and those of steps that ran when it had ended."""
    story = replay(records)
    return [*story.attempts, *story.after]
