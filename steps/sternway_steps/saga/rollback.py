"""What a session can undo: one run, what was cut off, or all runs down to an earlier one."""

from __future__ import annotations

import getpass
import socket
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING

from .. import __version__
from ..config import Config
from ..errors import Refused
from ..journal.backends.store import Store
from ..journal.entries import new_run_id
from ..journal.locks.lock import Lock, held
from ..journal.replay import Status, replay
from ..journal.writer import RunJournal
from .cancel import StopAll
from .events import Listener
from .location import lock_of_step, open_journal, target_of
from .lookup import Journals
from .orchestrator import Orchestrator
from .recovery import Undo
from .result import Result
from .rollback_to import Policy, WayBack, about, later_runs
from .standing import newest_standing, refuse_overtaken

if TYPE_CHECKING:
    from ..kube.client import Client


class Undoing(ABC):
    """The part of a session that undoes; the rest of it gives what is needed for that."""

    book: Client
    stop: StopAll
    _journals: Journals

    @abstractmethod
    def orchestrator(
        self,
        config: Config,
        journal: RunJournal,
        store: Store,
        lock: Lock,
        tell: Listener,
        stop: threading.Event | None = None,
    ) -> Orchestrator:
        """Give what walks a run's plan, forward or back."""

    def rollback(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        on_conflict: str | None = None,
        restart_stale: bool = False,
        recreate: bool = False,
        journal_of: Config | None = None,
    ) -> Result:
        """Undo a run, whoever ran it and however far it came, from its journal alone.

        Args:
            run: its id.
            tell: as for `run`.
            on_conflict: stop, merge or force; default what the run's config says.
            restart_stale: restart what still runs with the failed version's settings; else the run's config decides.
            recreate: make anew what can't be changed back, also where others depend on it; else the config decides.
            journal_of: a config whose journal is read; default the session's.

        Raises: Refused when the run is not known, or later runs that stand changed the same things since; Transient
            when it is still at work.

        """
        store = self._journals.of(run) if journal_of is None else open_journal(journal_of, self.book)[0]
        story = replay(store.records(run))
        if story.back_to and story.status is Status.SUCCEEDED:
            remedy = "run the version that is wanted"
            raise Refused(f"run {run} went back to {story.back_to}, which can't be undone", remedy=remedy)
        return self._back(store, run, tell, Policy(on_conflict, restart_stale, recreate), finish=False)

    def rollback_to(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        on_conflict: str | None = None,
        restart_stale: bool = False,
        recreate: bool = False,
        journal_of: Config | None = None,
    ) -> Result | None:
        """Go back to how things were after a run: undo the later ones of its target that stand, newest first.

        That is one run with an id of its own; the arguments are those of `rollback`. None when none stands above.

        Raises: Refused when that can't be, Transient when a run of the target is at work; nothing was touched.
        """
        store = self._journals.of(run) if journal_of is None else open_journal(journal_of, self.book)[0]
        story = replay(store.records(run))
        journal = RunJournal(store, new_run_id(), story.target)
        _, lock = open_journal(Config.from_dict(story.config), self.book)
        policy = Policy(on_conflict, restart_stale, recreate)
        with self.stop.joined() as stopped, held(lock, journal.run, stopped):
            undoes = later_runs(store, story)
            if not undoes:
                return None
            journal.start(about(story, undoes, who()))
            return self.undoing(store, lock, tell, policy=policy)(Config.from_dict(story.config), journal)

    def newest(self, config: Config) -> str:
        """Give the newest run of a config's target that stands: neither undone nor itself a way back.

        Raises: Refused when there is none.
        """
        return newest_standing(open_journal(config, self.book)[0], target_of(config, self.book))

    def _back(self, store: Store, run: str, tell: Listener, policy: Policy, *, finish: bool) -> Result:
        story = replay(store.records(run))
        config = policy.of(Config.from_dict(story.config))
        _, lock = open_journal(config, self.book)
        with self.stop.joined() as stopped, held(lock, run, stopped):
            if not finish:
                for one in [replay(store.records(name)) for name in story.undoes] or [story]:
                    refuse_overtaken(store, one, story.undoes)
            undo = self.undoing(store, lock, tell, finish=finish, policy=policy)
            return undo(config, RunJournal(store, run, story.target))

    def finish(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        on_conflict: str | None = None,
        restart_stale: bool = False,
        recreate: bool = False,
        journal_of: Config | None = None,
    ) -> Result | None:
        """Finish the undo of a run whose process was killed; None when it has ended, or never touched anything.

        One of which only the end is not recorded has succeeded, and that is recorded.

        Raises: Transient when it is still at work.
        """
        if journal_of is not None:
            store: Store | None = open_journal(journal_of, self.book)[0]
        else:
            store = self._journals.known(run)
        records = store.records(run) if store is not None else ()
        if not records or replay(records).status is not Status.OPEN:
            return None
        assert store is not None  # noqa: S101  records were read from it
        return self._back(store, run, tell, Policy(on_conflict, restart_stale, recreate), finish=True)

    def undoing(
        self, store: Store, lock: Lock, tell: Listener, *, finish: bool = False, policy: Policy = Policy()
    ) -> Undo:
        """Give what undoes runs of a journal while the target's lock is held.

        `finish`: a run of which only the end is not recorded is not undone, its record is completed. Of a run that was
        made step by step, the steps of groups have locks of their own: one that works is waited for. One that goes
        back over several is gone on with, those by `policy`.
        """

        def undo(config: Config, journal: RunJournal) -> Result:
            if (story := replay(journal.records())).back_to:
                way = WayBack(store, journal, self.undoing(store, lock, tell), policy, tell, lock.lost)
                return way.walk(story)
            orchestrator = self.orchestrator(config, journal, store, lock, tell)
            plan = orchestrator.plan
            with ExitStack() as stack:
                stop = stack.enter_context(self.stop.joined())
                if story.stepwise:
                    for step in (step for step in plan.steps if plan.beside(step)):
                        stack.enter_context(held(lock_of_step(config, self.book, step.name), journal.run, stop))
                return orchestrator.finish() if finish else orchestrator.undo()

        return undo


def who() -> dict[str, str]:
    """Give who runs this, as the journal keeps it."""
    return {"version": __version__, "host": socket.gethostname(), "user": _user()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a pod's user id often has no name
        return "unknown"
