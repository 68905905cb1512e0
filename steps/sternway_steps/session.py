"""What a program can ask of Sternway: run, plan, roll back, look. The command line is one caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from .config import Config
from .config.program import require_names, with_data
from .errors import Refused, SternwayError, together
from .exits import Exit
from .journal.backends.store import Store
from .journal.checked import unheard
from .journal.encryption import NO_KEYS, JournalKeys
from .journal.entries import new_run_id
from .journal.key_source import keys_of_environment
from .journal.lookup import JournalLookup
from .journal.name import RunName
from .journal.replay import Story, locked_story, replay
from .kube.client import Client
from .registry.steps import Specs, Steps, installed_steps
from .saga.arguments import checked
from .saga.assembly import Assembly
from .saga.cancel import StopAll
from .saga.events import Event, Listener
from .saga.held import HoldPolicy
from .saga.interrupts import interruptible
from .saga.job import Job
from .saga.liveness import with_liveness
from .saga.location import Location, locate, recorded_at
from .saga.plan import make_plan
from .saga.policy import Policy
from .saga.recorded_values import with_recorded_specs, with_recorded_values
from .saga.repeated import Patience
from .saga.result import Result
from .saga.standing import current_stepwise, newest_standing
from .saga.step_run import Caller, run_step
from .saga.trust import Approve, Trust
from .spec import Action, StepSpec
from .step import Step

if TYPE_CHECKING:
    from .journal.entries import Record
    from .kube.transport import RequestLog
    from .release.precheck import Precheck
    from .release.preview import Preview
    from .saga.assembly import AssembledRun
    from .saga.hold import Hold
    from .saga.pod_logs import Logs
    from .saga.recorded_changes import RecordedChange
    from .saga.rollback import Rollback
    from .saga.saved_plan import SavedPlan
    from .saga.story_end import StoryEnd
    from .saga.sweep import Swept
    from .saga.target_status import TargetStatus

T = TypeVar("T")


class Session:
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
        journal_keys: what encrypts the journal, and reads it, in place of what a configuration names: see
            `journal.key_source`; default STERNWAY_JOURNAL_KEY, or STERNWAY_JOURNAL_KEY_FILE.
        on_request: told of every request to the cluster.
        on_warning: told of what the API server warns of, such as a deprecated API version, and of what is in
            the journal and is no record.
        on_retry: told once, at the first request that is tried again, that the API server is away.

    """

    @checked
    def __init__(
        self,
        *,
        kubeconfig: str | os.PathLike[str] | None = None,
        context: str | None = None,
        journal: str | os.PathLike[str] | None = None,
        namespace: str | None = None,
        steps: Mapping[str, Step] | None = None,
        journal_keys: JournalKeys | None = None,
        on_request: Callable[[RequestLog], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
        on_retry: Callable[[str], None] | None = None,
    ) -> None:
        kubeconfig, journal = (os.fspath(path) if path is not None else None for path in (kubeconfig, journal))
        self.steps = Steps(dict(steps), tuple) if steps is not None else installed_steps()
        self.client = Client.connect(kubeconfig, context, on_request, on_warning, on_retry)
        # The journal has connections of its own: it is sealed even when a step's requests were cut off.
        self.book = Client.connect(kubeconfig, context, on_request, on_retry=on_retry)
        self._note = on_warning or unheard
        self._keys = journal_keys if journal_keys is not None else keys_of_environment(os.environ, self._note)
        self._journals = JournalLookup(self.book, journal, namespace, self._note, self._keys or NO_KEYS)
        self.stop = StopAll()
        self.closed = False
        self.handles_signals = False
        """The caller has signal handlers that set `stop`: nothing else stands between them and the work."""

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the session answers nothing any more."""
        self.closed = True
        self.client.close()
        self.book.close()

    @checked
    def run(  # noqa: PLR0913  what a caller may say of a run, by name
        self,
        config: Config,
        tell: Listener = lambda _: None,
        *,
        run: str | None = None,
        stop: threading.Event | None = None,
        unattended: bool = False,
        force_held: bool = False,
        wait_lock: float | None = None,
        job: Job | None = None,
        planned: SavedPlan | str | None = None,
        logs: Logs | None = None,
    ) -> Result:
        """Execute the config's steps, and undo them when one fails.

        A run of the same target that was interrupted is undone first. KeyboardInterrupt and SystemExit in the main
        thread stop the run as `stop` does, and are raised when it is undone; a second one leaves at once.

        Args:
            config: what `load` gave, or a Config of your own; its manifests may be typed objects (`as_manifests`).
            tell: is told every event, one at a time, in the threads that work; what it raises stops nothing.
            run: the run's id, a label value; default a new one. `new_run_id()` makes one that is known beforehand.
            stop: any thread sets it to cancel this run, which is then undone. It is set too when the run has to stop
                by itself, because its lock is lost: an event for one run alone.
            unattended: no person starts it, but a schedule: it ends as held when the same was undone before.
            force_held: deploy it also then.
            wait_lock: seconds to wait for another run of the target that is at work; else the config decides.
            planned: a plan that was saved, or its file: refused when what the run would do is not that.
            logs: `tell` is told what new pods of it write, too: "all" lines, or "errors" alone; see `LogLine`.
            job: the Kubernetes Job whose pod this is: what an earlier pod of it left is taken up; see `saga.job_retry`.

        Raises: Refused, Transient: nothing was touched.

        """
        from .saga.one_process import run_in_one_process
        from .saga.undo import Undo

        config = with_data(config)
        config = replace(config, wait_lock=wait_lock) if wait_lock is not None else config
        at = locate(config, self.book, self._note, self._keys)
        if job is not None:
            from .saga.job_retry import take_up

            plan = make_plan(config.steps, Specs(self.steps, config.declared), config.on_end)
            undo_of = self._rollback(at.store, tell, Policy(wait_lock=config.wait_lock, trust=Trust(config)))
            first = run or job.name
            taken = self._alone(lambda: take_up(undo_of, plan, job, first, config.name, tell))
            if isinstance(taken, Result):
                tell(taken.as_event())
                return taken
            run = taken
        assembled = self._assembly.new_run(config, run or new_run_id(), at)
        policy = Policy(trust=assembled.trust)
        undo = Undo(self._assembly, assembled.store, assembled.lock, self.stop, tell, policy)
        with self.stop.joined(stop) as stopped:
            hold = HoldPolicy(unattended, force_held)
            unmoved = _held_to(planned)
            return self._alone(
                lambda: run_in_one_process(assembled, undo, tell, stopped, hold, job, unmoved, logs), stopped
            )

    @checked
    def plan(self, config: Config) -> Precheck:
        """Validate, and ask the server what a deploy would change; changes nothing."""
        from .saga.preflight import preflight

        config = with_data(config)
        return preflight(self._assembly.new_run(config, "plan", self.locate(config)), self.stop)

    @checked
    def no_longer_named(self, config: Config) -> list[Preview]:
        """Return what the target deployed before and a configuration no longer names, as `plan` lists it."""
        from .saga.preflight import no_longer_named

        config = with_data(config)
        return no_longer_named(self._assembly.new_run(config, "plan", self.locate(config)))

    @checked
    def saved_plan(self, config: Config, found: Precheck) -> SavedPlan:
        """Return what `plan` found of a configuration, to be written, and given to a run; raises what refuses it.

        The registries are asked for the digests of the images.
        """
        from .saga.saved_plan import SavedPlan
        from .saga.unmoved_plan import image_digests

        if found.refusals:
            raise together(found.refusals)
        config = with_data(config)
        run = self._assembly.new_run(config, "plan", self.locate(config))
        return SavedPlan.of(run.target, run.config, found.previews, image_digests(run.config))

    @checked
    def rollback(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        on_conflict: str | None = None,
        restart_stale: bool = False,
        recreate: bool = False,
        wait_lock: float | None = None,
        journal_of: Config | None = None,
        trust_journal: bool = False,
        approve: Approve | None = None,
    ) -> Result:
        """Undo a run, whoever ran it and however far it came, from its journal alone.

        Args:
            run: its name, NAMESPACE/RUN, or its id alone where that is enough.
            tell: as for `run`.
            on_conflict: stop, merge or force; default what the run's config says.
            restart_stale: restart what still runs with the failed version's settings; else the run's config decides.
            recreate: make anew what can't be changed back, also where others depend on it; else the config decides.
            wait_lock: seconds to wait for another run of the target that is at work; else the run's config decides.
            journal_of: the configuration at hand: its journal is read (default: the session's), and a command of the
                journal runs when it has the same.
            trust_journal: run what the journal says, whoever wrote it.
            approve: asks a person whether commands of the journal may run that no configuration at hand has, and is
                given these; without it the undo of such a run is refused.

        Raises: Refused when the run is not known, its id alone names several, or later runs that stand changed the same
            things since; Transient when it is still at work.

        """
        policy = Policy(on_conflict, restart_stale, recreate, wait_lock, trust=Trust(journal_of, trust_journal))
        store, run = self._recorded(run, journal_of, "sternway rollback")
        return self._alone(lambda: self._rollback(store, tell, policy, approve).undo(run))

    @checked
    def rollback_to(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        on_conflict: str | None = None,
        restart_stale: bool = False,
        recreate: bool = False,
        wait_lock: float | None = None,
        journal_of: Config | None = None,
        trust_journal: bool = False,
        approve: Approve | None = None,
    ) -> Result | None:
        """Go back to how things were after a run: undo the later ones of its target that stand, newest first.

        That is one run with an id of its own; the arguments are those of `rollback`. None when none stands above.

        Raises: Refused when that can't be, Transient when a run of the target is at work; nothing was touched.
        """
        policy = Policy(on_conflict, restart_stale, recreate, wait_lock, trust=Trust(journal_of, trust_journal))
        store, run = self._recorded(run, journal_of, "sternway rollback --to")
        return self._alone(lambda: self._rollback(store, tell, policy, approve).back_to(run))

    @checked
    def finish(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        on_conflict: str | None = None,
        restart_stale: bool = False,
        recreate: bool = False,
        wait_lock: float | None = None,
        journal_of: Config | None = None,
        trust_journal: bool = False,
    ) -> Result | None:
        """Finish the undo of a run whose process was killed; None when it has ended, or never touched anything.

        One of which only the end is not recorded has succeeded, and that is recorded; the arguments are those of
        `rollback`.

        Raises: Transient when it is still at work, Refused when its name, NAMESPACE/RUN, is that of no run.
        """
        policy = Policy(on_conflict, restart_stale, recreate, wait_lock, trust=Trust(journal_of, trust_journal))
        command = "sternway rollback --unfinished"
        if journal_of is None:
            found = self._journals.find(run, command)
        else:
            found = self._recorded(run, journal_of, command, must=False)
        if found is None:
            return None
        return self._alone(lambda: self._rollback(found[0], tell, policy).finish(found[1]))

    @checked
    def resume(
        self,
        run: str,
        tell: Listener = lambda _: None,
        *,
        wait_lock: float | None = None,
        journal_of: Config | None = None,
        trust_journal: bool = False,
        approve: Approve | None = None,
    ) -> Result:
        """Go on forward with a run where it was interrupted, and undo all of it when a step fails.

        The arguments are those of `rollback`. Raises: Refused when it can't go on, or the world is not as its journal
        left it, with what moved; Transient when it is at work. Nothing was touched.
        """
        store, run = self._recorded(run, journal_of, "sternway resume")
        policy = Policy(wait_lock=wait_lock, trust=Trust(journal_of, trust_journal))
        return self._alone(lambda: self._rollback(store, tell, policy, approve).resume(run), self.stop)

    @checked
    def sweep(
        self,
        tell: Callable[[Swept], None] = lambda _: None,
        *,
        everywhere: bool = False,
        target: str | None = None,
        run: str | None = None,
        on_interrupt: str | None = None,
        journal_of: Config | None = None,
    ) -> list[Swept]:
        """Bring to its end every run whose process is gone, as its `onInterrupt` says; one that lives is left alone.

        Any number of sweeps may go on at once: each run is ended under the lock of its target.

        Args:
            tell: is told what became of each run as soon as it is known, in the threads that work.
            everywhere: look into the journals of all namespaces, not only into that of the context's.
            target: only runs of this one.
            run: only this one.
            on_interrupt: a word of the configuration's onInterrupt that is to count instead.
            journal_of: a config whose target alone is swept, in its own journal; a command of a journal runs only when
                this has the same.

        Raises: Refused, Transient when a journal can't be read.

        """
        from .saga.lost_run import sweep_lost
        from .saga.sweep import Sweeper

        if run is not None and RunName.parse(run).place:
            store, run = self._journals.get(run, "sternway sweep --run")
            stores = [store]
        elif journal_of is not None:
            at = self.locate(journal_of)
            stores, target = [at.store], at.target
        else:
            stores = self._journals.each(everywhere=everywhere)
        policy = Policy(on_interrupt=on_interrupt, trust=Trust(journal_of))
        swept: list[Swept] = []
        for store in stores:
            finish = partial(self._rollback(store, lambda _: None, policy).finish, by_policy=True)
            sweeper = Sweeper(store, finish, self.book, self.stop, tell)
            swept += sweeper.sweep(target, run)
            if journal_of is not None and run is None:
                swept += sweep_lost(self.book, store, str(target), journal_of, tell)
        return swept

    @checked
    def sweep_at_once(self, config: Config, run: str, workflow: str) -> str:
        """Start the Job that undoes what a Workflow left that is terminated or gone; see `saga.sweep_at_once`."""
        from .saga.sweep_at_once import sweep_at_once

        return sweep_at_once(self.book, config.name, workflow, RunName.parse(run).run)

    @checked
    def newest(self, config: Config) -> str:
        """Return the newest run of a config's target that stands: neither undone nor itself a way back.

        Raises: Refused when there is none.
        """
        at = self.locate(config)
        return newest_standing(at.store, at.target)

    @checked
    def step(
        self,
        config: Config,
        name: str,
        action: Action,
        run: str | None = None,
        tell: Listener = lambda _: None,
        workflow: str = "",
        *,
        unattended: bool = False,
        force_held: bool = False,
        patience: Patience = Patience(),
    ) -> Result:
        """Run one action of one step of a run that is made step by step; see `saga.step_run.run_step`.

        `run` None stands for the target's newest run that was made step by step; an execution begins a new one when
        that has ended, or is being undone.
        """
        policy, at = HoldPolicy(unattended, force_held), self.locate(config)
        if run:
            command = f"sternway step {name} {action} --run"
            # A new run may have any id; what undoes has to find the one that is meant.
            at, run = self._at(at, config, run, command, strict=action is Action.ROLLBACK and not workflow)
        run = run or current_stepwise(at.store, at.target, action)
        if run and workflow and action is Action.ROLLBACK:
            config = with_recorded_values(config, at.store.records(run), at.target)
        config = with_recorded_specs(config, lambda: at.store.records(run) if run else (), self.steps)
        assembled = self._assembly.new_run(config, run or new_run_id(), at)
        caller = Caller(workflow, policy, patience)
        return run_step(self._assembly, self.stop, assembled, name, action, run is not None, tell, caller)

    @checked
    def end(
        self,
        config: Config,
        run: str,
        phase: str,
        workflow: str = "",
        tell: Listener = lambda _: None,
        *,
        unattended: bool = False,
        failures: str = "",
        another_round: bool = False,
    ) -> Result:
        """End a run that was made step by step; see `saga.finalize.end_run`."""
        from .saga.finalize import end_run

        at, run = self._at(self.locate(config), config, run, "sternway report --run", strict=not workflow)
        if workflow:
            config = with_recorded_values(config, at.store.records(run), at.target)
        config = with_recorded_specs(config, lambda: at.store.records(run), self.steps)
        assembled = self._assembly.new_run(config, run, at)
        policy = HoldPolicy(unattended)
        return end_run(
            assembled, phase, workflow, tell, self.book, self.stop, policy, failures, another_round=another_round
        )

    @checked
    def unhold(self, target: str | None = None, *, journal_of: Config | None = None) -> list[Hold]:
        """Let schedules deploy again what was undone of a target; return what it held.

        Args:
            target: NAMESPACE.NAME.
            journal_of: the target of this config instead, in its journal.

        Raises: Transient when a run of it is at work, Refused when the journal can't be read or written.

        """
        from .saga.held import unhold

        at = self._place_of(target, journal_of)
        return unhold(at.store, at.target, self.stop) if at is not None else []

    @checked
    def status(self, target: str | None = None, *, journal_of: Config | None = None) -> TargetStatus:
        """Return how a target stands; the arguments are those of `unhold`.

        Raises: Refused when no run of the target is in the journal, or it can't be read.
        """
        at = self._place_of(target, journal_of)
        if at is None:
            remedy = "`sternway runs` lists those that are; --namespace looks in another namespace"
            raise Refused(f"no run of {target} is in the journal", remedy=remedy)
        from .saga.target_status import target_status

        return target_status(at.store, at.target)

    def _alone(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        return work() if self.handles_signals else interruptible(work, stop)

    def _place_of(self, target: str | None, config: Config | None) -> Location | None:
        """Return where the runs of a target are recorded; None when there are none."""
        if config is not None:
            return self.locate(config)
        if target is None:
            raise ValueError("a target or a configuration is needed")
        heads = self._journals.all().heads(target, locked=True)
        return Location(target, self._journals.at(heads[-1].place), "") if heads else None

    @checked
    def runs(self, target: str | None = None, *, journal_of: Config | None = None) -> list[Story]:
        """List the runs that the journal knows, newest first; one whose record no key at hand opens is `locked`.

        `journal_of`: a config whose target's runs alone are listed, in its own journal.
        """
        at = self.locate(journal_of) if journal_of is not None else None
        store, target = (at.store, at.target) if at is not None else (self._journals.all(), target)
        heads = reversed(store.heads(target, locked=True))
        stories = (locked_story(head) or with_liveness(replay([head]), self._journals) for head in heads)
        return list(stories)

    @checked
    def story(self, run: str, *, journal_of: Config | None = None) -> Story:
        """Return the whole story of a run; raise Refused when it is not known, or its id alone names several.

        `journal_of` is a config whose journal is read; default the session's.
        """
        store, run = self._recorded(run, journal_of, "sternway show")
        return with_liveness(replay(store.records(run)), self._journals)

    @checked
    def watch(
        self,
        run: str,
        tell: Callable[[Event, str], None],
        *,
        note: Callable[[str], None] = unheard,
        journal_of: Config | None = None,
        every: float = 1.0,
    ) -> Exit:
        """Follow a run that is at work anywhere until it ends, by its journal alone; return its exit code.

        Args:
            run: as of `story`.
            tell: is told every event, those before this call too, and when it was as the journal writes times ("" for
                now).
            note: is told what is no event: the journal can't be read for now, the run's Workflow is gone.
            journal_of: as of `story`.
            every: seconds between two readings.

        Raises: Refused when the run is not known. One whose process is gone ends 5, or 75 when only its end is missing.

        """
        from .saga.watch import watch
        from .saga.workflow import workflow_seen

        store, run = self._recorded(run, journal_of, "sternway show --watch")

        def read() -> tuple[Sequence[Record], Story]:
            records = store.records(run)
            return records, with_liveness(replay(records), self._journals)

        return watch(read, tell, note, self.stop, self._end_of, partial(workflow_seen, self.book), every)

    def _end_of(self, story: Story) -> StoryEnd:
        from .saga.story_end import StoryEnd

        try:
            config = Config.from_dict(story.config)
            return StoryEnd(story, make_plan(config.steps, Specs(self.steps, config.declared), config.on_end))
        except (SternwayError, KeyError, TypeError, ValueError):  # of another package, or of an older journal
            return StoryEnd(story, None)

    @checked
    def changes(self, run: str, *, journal_of: Config | None = None) -> list[RecordedChange]:
        """Return what a run changed of each object, by its journal; the arguments are those of `story`."""
        from .saga.recorded_changes import recorded_changes

        store, run = self._recorded(run, journal_of, "sternway show")
        records = store.records(run)
        return recorded_changes(records, replay(records))

    @checked
    def live(self, run: str) -> tuple[Any, ...]:
        """Return a run's objects as they are now; those that are gone are left out.

        They are typed (V1Deployment and the like of the `kubernetes` package); one that has no type there, such as a
        custom resource, is a dict. Raises: Refused when the run is not known.
        """
        from .release.live import live

        return tuple(live(Config.from_dict(self.story(run).config), self.client))

    @checked
    def specs(self, config: Config) -> Mapping[str, StepSpec]:
        """Return what the steps say of themselves, by name; the config may speak for some that are not here."""
        return Specs(self.steps, config.declared)

    @checked
    def locate(self, config: Config) -> Location:
        """Resolve what a configuration's runs are recorded as, and where."""
        require_names(config)
        return locate(config, self.book, self._note, self._keys)

    @property
    def _assembly(self) -> Assembly:
        return Assembly(self.client, self.book, self.steps)

    def _recorded(self, run: str, journal_of: Config | None, command: str, *, must: bool = True) -> tuple[Store, str]:
        """Return the journal that holds a run, and the run's id.

        Raises: Refused when it does not; an id alone may be (unless `must`) that of a run that never began.
        """
        if journal_of is None:
            return self._journals.get(run, command)
        at, id_ = self._at(self.locate(journal_of), journal_of, run, command, strict=True)
        if (must or RunName.parse(run).place) and at.store.target_of(id_) is None:
            found = self._journals.find(id_, command)
            there = found is not None and found[0].target_of(id_) is not None
            remedy = "`sternway runs` lists those that are"
            if found is not None and there:
                remedy = f"if that is meant: {command} {found[0].name(id_)}"
            where = ", but in another journal" if there else ""
            raise Refused(f"run {id_} is not in the journal ({at.store.where()}){where}", remedy=remedy)
        return at.store, id_

    def _at(self, at: Location, config: Config, run: str, command: str, *, strict: bool) -> tuple[Location, str]:
        """Return where a run of a configuration is recorded, and its id; `at` is what the configuration says.

        A name says it itself. An id alone is looked for where the configuration is; if that is left to the kubeconfig,
        and the run is in another namespace alone, then (`strict`) it is not taken for one that never began.

        Raises: Refused when the run is not known, or the kubeconfig at hand is not the run's.
        """
        named = RunName.parse(run)
        if named.place and at.store.name(named.run) != run:
            journals = replace(self._journals, keys=at.store.keys)
            return recorded_at(journals.at(named.place), named), named.run
        at_hand = at.namespace and not (config.namespace or config.journal.namespace)
        if strict and at_hand and not named.place and at.store.target_of(run) is None:
            found = self._journals.find(run, command)
            if found is not None and found[0].name(run) != at.store.name(run):
                raise Refused(
                    f"run {run} is not in namespace {at.namespace}, which is the kubeconfig's, but in another one",
                    remedy=f"if that is meant: {command} {found[0].name(run)}",
                )
        return at, named.run

    def _rollback(self, store: Store, tell: Listener, policy: Policy, approve: Approve | None = None) -> Rollback:
        from .saga.rollback import Rollback

        return Rollback(self._assembly, store, self.stop, tell, policy, approve)


def _held_to(planned: SavedPlan | str | None) -> Callable[[AssembledRun, threading.Event], None]:
    """Return what refuses a run that is not what was planned."""
    if planned is None:
        return lambda *_: None
    from .saga.saved_plan import read_plan
    from .saga.unmoved_plan import require_unmoved

    return require_unmoved(read_plan(planned) if isinstance(planned, str) else planned)
