"""What a program can ask of Sternway: run, plan, roll back, look. The command line is one caller."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .config import Config
from .config.program import with_data
from .errors import Refused, together
from .journal.backends.store import Store
from .journal.entries import new_run_id
from .journal.locks.lock import Lock, held
from .journal.replay import Story, replay
from .journal.writer import RunJournal
from .registry.steps import Specs, Steps, installed_steps, with_declared_specs
from .saga.attempt import ContextFor
from .saga.cancel import StopAll
from .saga.context_factory import contexts, refusals
from .saga.events import Listener
from .saga.location import open_journal, target_of
from .saga.lookup import Journals
from .saga.orchestrator import Orchestrator
from .saga.plan import Plan, make_plan
from .saga.recovery import finish_interrupted
from .saga.result import Result
from .saga.rollback import Undoing, who
from .spec import StepSpec
from .step import Step

if TYPE_CHECKING:
    from .kube.transport import RequestLog
    from .release.precheck import Precheck


class Session(Undoing):
    """One cluster (or none), and the runs on it. Use it as a context manager; it holds connections.

    One session serves any number of threads: runs of different targets go on side by side, and of one target one at a
    time, for its lock is in the journal. It keeps no global state and sets no signal handlers. `stop` asks every run of
    the session to stop and undo itself; the argument `stop` of `run` asks that one.

    Args:
        kubeconfig: a file; default KUBECONFIG, ~/.kube/config, or the pod's service account.
        context: the kubeconfig's context; default its current one.
        journal: a folder with a journal in files, for `runs`, `story` and `rollback`; default the cluster's.
        namespace: where these three look for the cluster's journal; default all namespaces that we may read.
        steps: steps by name; default those that come with Sternway, and those of the packages installed beside it.
        on_request: told of every request to the cluster.
        on_warning: told of what the API server warns of, such as a deprecated API version.
        on_retry: told once, at the first request that is tried again, that the API server is away.

    """

    def __init__(
        self,
        *,
        kubeconfig: str | None = None,
        context: str | None = None,
        journal: str | None = None,
        namespace: str | None = None,
        steps: Mapping[str, Step] | None = None,
        on_request: Callable[[RequestLog], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
        on_retry: Callable[[str], None] | None = None,
    ) -> None:
        from .kube.client import Client

        self.steps = Steps(dict(steps), tuple) if steps is not None else installed_steps()
        self.client = Client.connect(kubeconfig, context, on_request, on_warning, on_retry)
        # The journal has connections of its own: it is sealed even when a step's requests were cut off.
        self.book = Client.connect(kubeconfig, context, on_request, on_retry=on_retry)
        self._journals = Journals(self.book, journal, namespace)
        self.stop = StopAll()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()
        self.book.close()

    def run(
        self,
        config: Config,
        tell: Listener = lambda _: None,
        *,
        run: str | None = None,
        stop: threading.Event | None = None,
    ) -> Result:
        """Execute the config's steps, and undo them when one fails.

        A run of the same target that was interrupted is undone first.

        Args:
            config: what `load` gave, or a Config of your own; its manifests may be typed objects (`as_manifests`).
            tell: is told every event, one at a time, in the threads that work; what it raises stops nothing.
            run: the run's id, a label value; default a new one. `new_run_id()` makes one that is known beforehand.
            stop: any thread sets it to cancel this run, which is then undone. It is set too when the run has to stop
                by itself, because its lock is lost: an event for one run alone.

        Raises: Refused, Transient: nothing was touched.

        """
        config = with_data(config)
        store, lock = open_journal(config, self.book)
        journal = RunJournal(store, run or new_run_id(), target_of(config, self.book))
        self._check(config, journal)  # what is missing is found before anything is written
        config = with_declared_specs(config, self.steps)
        with self.stop.joined(stop) as stopped, held(lock, journal.run, stopped):
            if run is not None and journal.records():
                raise Refused(f"run {run} is in the journal already", remedy="give each run an id of its own")
            finish_interrupted(store, journal, self.undoing(store, lock, tell, finish=True), on_argo=False)
            orchestrator = self.orchestrator(config, journal, store, lock, tell, stopped)
            return orchestrator.run({"config": config.to_dict(), "by": who()}, config.history)

    def plan(self, config: Config) -> Precheck:
        """Validate, and ask the server what a deploy would change; changes nothing."""
        from .release.precheck import precheck

        config = with_data(config)
        plan = make_plan(config.steps, self.specs(config))
        specs, target = [step.spec for step in plan.steps], target_of(config, self.book)
        journal = RunJournal(open_journal(config, self.book)[0], "plan", target)
        found = precheck(self.client, config, specs, target, journal.target_of, lambda _: None)
        found = replace(found, stays=tuple(step.name for step in plan.stays_of([step.name for step in plan.steps])))
        try:
            self._check(config, journal)
        except Refused as bad:
            found = replace(found, findings=(*found.findings, bad.message))
        return found

    def runs(self, target: str | None = None) -> list[Story]:
        """List the runs that the journal knows, newest first."""
        return [self._journals.placed(replay([head])) for head in reversed(self._journals.all().heads(target))]

    def story(self, run: str) -> Story:
        """Tell the whole story of a run; raises Refused when it is not known."""
        return self._journals.placed(replay(self._journals.of(run).records(run)))

    def live(self, run: str) -> tuple[Any, ...]:
        """Return a run's objects as they are now; those that are gone are left out.

        They are typed (V1Deployment and the like of the `kubernetes` package); one that has no type there, such as a
        custom resource, is a dict. Raises: Refused when the run is not known.
        """
        from .release.live import live

        return tuple(live(Config.from_dict(self.story(run).config), self.client))

    def specs(self, config: Config) -> Mapping[str, StepSpec]:
        """Give what the steps say of themselves, by name; the config may speak for some that are not here."""
        return Specs(self.steps, config.declared)

    def orchestrator(
        self,
        config: Config,
        journal: RunJournal,
        store: Store,
        lock: Lock,
        tell: Listener,
        stop: threading.Event | None = None,
    ) -> Orchestrator:
        """Give what walks a run's plan, forward or back; `stop` is the run's own, default the session's."""
        plan = make_plan(config.steps, self.specs(config))
        contexts = self.contexts(config, journal, plan, lock.lost, stop)
        stop = stop or self.stop
        return Orchestrator(plan, self.steps, journal, contexts, tell, stop, where=store.where(), lost=lock.lost)

    def contexts(
        self,
        config: Config,
        journal: RunJournal,
        plan: Plan,
        undo_stop: threading.Event | None = None,
        stop: threading.Event | None = None,
    ) -> ContextFor:
        """Give what makes the context of a step's attempt."""
        return contexts(self.client, config, journal, plan, stop=stop or self.stop, undo_stop=undo_stop)

    def _check(self, config: Config, journal: RunJournal) -> None:
        """Ask the steps whether they would be refused; raises Refused with what all of them say."""
        plan = make_plan(config.steps, self.specs(config))
        if findings := refusals(plan, self.steps, self.contexts(config, journal, plan), journal):
            raise together(findings)
