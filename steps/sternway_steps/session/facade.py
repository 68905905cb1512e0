"""What a program can ask of Sternway: run, plan, roll back, look. The command line is one caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..journal.checked import unheard
from ..journal.encryption import NO_KEYS, JournalKeys
from ..journal.key_source import keys_of_environment
from ..journal.lookup import JournalLookup
from ..journal.name import RunName
from ..kube.client import Client
from ..registry.steps import Specs, Steps, installed_steps
from ..saga.arguments import checked
from ..saga.cancel import StopAll
from ..saga.held import HoldPolicy
from ..saga.policy import Policy
from ..saga.repeated import Patience
from ..saga.trust import Trust
from .shared import Shared

if TYPE_CHECKING:
    from ..exits import Exit
    from ..journal.replay import Story
    from ..kube.transport import RequestLog
    from ..release.precheck import Precheck
    from ..release.preview import Preview
    from ..saga.events import Event, Listener
    from ..saga.hold import Hold
    from ..saga.job import Job
    from ..saga.location import Location
    from ..saga.pod_logs import Logs
    from ..saga.recorded_changes import RecordedChange
    from ..saga.result import Result
    from ..saga.saved_plan import SavedPlan
    from ..saga.sweep import Swept
    from ..saga.target_status import TargetStatus
    from ..saga.trust import Approve
    from ..spec import Action, StepSpec
    from ..step import Step


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
        from .run import run_steps

        config = replace(config, wait_lock=wait_lock) if wait_lock is not None else config
        hold = HoldPolicy(unattended, force_held)
        return run_steps(self._shared, config, tell, run, stop, hold, job, planned, logs)

    @checked
    def plan(self, config: Config) -> Precheck:
        """Validate, and ask the server what a deploy would change; changes nothing."""
        from .plan import ask_server

        return ask_server(self._shared, config)

    @checked
    def no_longer_named(self, config: Config) -> list[Preview]:
        """Return what the target deployed before and a configuration no longer names, as `plan` lists it."""
        from .plan import list_no_longer_named

        return list_no_longer_named(self._shared, config)

    @checked
    def saved_plan(self, config: Config, found: Precheck) -> SavedPlan:
        """Return what `plan` found of a configuration, to be written, and given to a run; raises what refuses it.

        The registries are asked for the digests of the images.
        """
        from .plan import plan_to_save

        return plan_to_save(self._shared, config, found)

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
        from .rollback import undo

        policy = Policy(on_conflict, restart_stale, recreate, wait_lock, trust=Trust(journal_of, trust_journal))
        return undo(self._shared, run, tell, policy, journal_of, approve)

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
        from .rollback import go_back_to

        policy = Policy(on_conflict, restart_stale, recreate, wait_lock, trust=Trust(journal_of, trust_journal))
        return go_back_to(self._shared, run, tell, policy, journal_of, approve)

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
        from .rollback import finish_undo

        policy = Policy(on_conflict, restart_stale, recreate, wait_lock, trust=Trust(journal_of, trust_journal))
        return finish_undo(self._shared, run, tell, policy, journal_of)

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
        from .rollback import go_on

        policy = Policy(wait_lock=wait_lock, trust=Trust(journal_of, trust_journal))
        return go_on(self._shared, run, tell, policy, journal_of, approve)

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
        from .sweep import sweep_journals

        policy = Policy(on_interrupt=on_interrupt, trust=Trust(journal_of))
        return sweep_journals(self._shared, tell, policy, everywhere, target, run, journal_of)

    @checked
    def sweep_at_once(self, config: Config, run: str, workflow: str) -> str:
        """Start the Job that undoes what a Workflow left that is terminated or gone; see `saga.sweep_at_once`."""
        from ..saga.sweep_at_once import sweep_at_once

        return sweep_at_once(self.book, config.name, workflow, RunName.parse(run).run)

    @checked
    def newest(self, config: Config) -> str:
        """Return the newest run of a config's target that stands: neither undone nor itself a way back.

        Raises: Refused when there is none.
        """
        from .target import newest_run

        return newest_run(self._shared, config)

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
        from .by_step import run_one_action

        hold = HoldPolicy(unattended, force_held)
        return run_one_action(self._shared, config, name, action, run, tell, workflow, hold, patience)

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
        from .by_step import end_run_of_steps

        hold = HoldPolicy(unattended)
        return end_run_of_steps(
            self._shared, config, run, phase, workflow, tell, hold, failures, another_round=another_round
        )

    @checked
    def unhold(self, target: str | None = None, *, journal_of: Config | None = None) -> list[Hold]:
        """Let schedules deploy again what was undone of a target; return what it held.

        Args:
            target: NAMESPACE.NAME.
            journal_of: the target of this config instead, in its journal.

        Raises: Transient when a run of it is at work, Refused when the journal can't be read or written.

        """
        from .target import hold_no_more

        return hold_no_more(self._shared, target, journal_of)

    @checked
    def status(self, target: str | None = None, *, journal_of: Config | None = None) -> TargetStatus:
        """Return how a target stands; the arguments are those of `unhold`.

        Raises: Refused when no run of the target is in the journal, or it can't be read.
        """
        from .target import status_of

        return status_of(self._shared, target, journal_of)

    @checked
    def runs(self, target: str | None = None, *, journal_of: Config | None = None) -> list[Story]:
        """List the runs that the journal knows, newest first; one whose record no key at hand opens is `locked`.

        `journal_of`: a config whose target's runs alone are listed, in its own journal.
        """
        from .show import list_runs

        return list_runs(self._shared, target, journal_of)

    @checked
    def story(self, run: str, *, journal_of: Config | None = None) -> Story:
        """Return the whole story of a run; raise Refused when it is not known, or its id alone names several.

        `journal_of` is a config whose journal is read; default the session's.
        """
        from .show import story_of_run

        return story_of_run(self._shared, run, journal_of)

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
        from .watch import follow

        return follow(self._shared, run, tell, note, journal_of, every)

    @checked
    def changes(self, run: str, *, journal_of: Config | None = None) -> list[RecordedChange]:
        """Return what a run changed of each object, by its journal; the arguments are those of `story`."""
        from .show import changes_of_run

        return changes_of_run(self._shared, run, journal_of)

    @checked
    def live(self, run: str) -> tuple[Any, ...]:
        """Return a run's objects as they are now; those that are gone are left out.

        They are typed (V1Deployment and the like of the `kubernetes` package); one that has no type there, such as a
        custom resource, is a dict. Raises: Refused when the run is not known.
        """
        from .show import live_objects

        return live_objects(self._shared, run)

    @checked
    def specs(self, config: Config) -> Mapping[str, StepSpec]:
        """Return what the steps say of themselves, by name; the config may speak for some that are not here."""
        return Specs(self.steps, config.declared)

    @checked
    def locate(self, config: Config) -> Location:
        """Resolve what a configuration's runs are recorded as, and where."""
        return self._shared.locate(config)

    @property
    def _shared(self) -> Shared:
        return Shared(
            self.client, self.book, self.steps, self._journals, self._note, self._keys, self.stop, self.handles_signals
        )
