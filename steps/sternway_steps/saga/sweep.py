"""The sweeper: finds the runs of a journal whose process is gone, and brings each to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import ClusterError, Refused, SternwayError, Stopped, Transient, is_transient
from ..exits import Exit, exit_of
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.replay import Status, Story, locked_story, replay, require_unlocked, story_of
from ..kube.parallel import run_parallel
from .attempt_errors import first_error_of
from .hung_workflow import end_hung_workflow
from .job import Job, put_job_event
from .result import Result
from .retry import retry_transient
from .told_end import summary, tell_end
from .workflow import terminate, workflow_state

if TYPE_CHECKING:
    from ..kube.client import Client

_WORST = (Exit.ROLLBACK_FAILED, Exit.BUG, Exit.TRANSIENT, Exit.REFUSED)


@dataclass(frozen=True)
class Swept:
    """What became of one run that was found open: where it stands now, why, and what a process says of that.

    `status` is running for one that somebody works on, open for one that its maker has to end, and interrupted for one
    that is left, or could not be ended now.
    """

    run: str
    target: str
    status: Status
    message: str
    exit_code: Exit = Exit.DONE
    name: str = ""
    """What commands call it, NAMESPACE/RUN."""

    def __str__(self) -> str:
        return f"run {self.name} of {self.target}: {self.status.value}: {self.message}"


def worst(swept: Sequence[Swept]) -> Exit:
    """Return the exit code of a sweep."""
    return next((code for code in _WORST if any(one.exit_code is code for one in swept)), Exit.DONE)


@dataclass(frozen=True)
class Sweeper:
    """Sweeps one journal. `finish` ends a run as its onInterrupt says, alone on its target."""

    store: Store
    finish: Callable[[str], Result | None]
    client: Client
    stop: threading.Event
    tell: Callable[[Swept], None]

    def sweep(self, target: str | None = None, run: str | None = None) -> list[Swept]:
        """Bring to its end what is open of one target or of all; the runs of one target newest first.

        A Workflow that hangs though its run has ended is ended too.

        Raises: Refused, Transient when the journal can't be read.
        """
        found: dict[str, list[str]] = {}
        for info in reversed(self.store.index(target)):
            runs = found.setdefault(info.target, [])
            runs += [info.run] if info.status is Status.OPEN and run in (None, info.run) else []
        swept = [one for each in run_parallel(self._target, found.values()) for one in each]
        hung = run_parallel(self._hung, found) if run is None else []
        return [*swept, *(one for one in hung if one is not None)]

    def _hung(self, target: str) -> Swept | None:
        if self.stop.is_set() or (hung := end_hung_workflow(self.client, self.store.heads(target))) is None:
            return None
        story, why = hung
        swept = Swept(story.run, target, story.status, why, name=story.name)
        self.tell(swept)
        return swept

    def _target(self, runs: Sequence[str]) -> list[Swept]:
        swept = []
        for run in runs:
            if self.stop.is_set():
                break
            records = self.store.records(run)
            one = self._locked(records) or self._swept(records)
            if one is not None:
                swept.append(one)
                self.tell(one)
        return swept

    def _swept(self, records: Sequence[Record]) -> Swept | None:
        story = story_of(records)
        if story is None or story.status is not Status.OPEN:
            return None
        return replace(self._ended(story), name=story.name)

    def _locked(self, records: Sequence[Record]) -> Swept | None:
        """Leave a run alone that is encrypted with a key that is not at hand."""
        try:
            require_unlocked(records)
        except Refused as locked:
            story = next(filter(None, map(locked_story, records)), None)
            if story is None:  # a record of a step alone: the run's own tells
                story = replay([record for record in records if not record.locked])
            said = f"{locked} ({locked.remedy})"
            one = Swept(story.run, story.target, Status.LOCKED, said, Exit.REFUSED, story.name)
            working = self._at_work(story)
            return replace(working, name=story.name) if working is not None else one
        return None

    def _ended(self, story: Story) -> Swept:
        try:
            return self._left_alone(story) or self._finished(story)
        except Exception as error:  # noqa: BLE001  whatever it is, the other runs are swept
            away = is_transient(error) if isinstance(error, SternwayError | ClusterError) else False
            if away and (working := self._at_work(story)):
                return working
            remedy = getattr(error, "remedy", None)
            said = f"{error} ({remedy})" if remedy else str(error)
            return Swept(story.run, story.target, Status.INTERRUPTED, said, Exit.TRANSIENT if away else exit_of(error))

    def _left_alone(self, story: Story) -> Swept | None:
        """Leave a run alone whose process lives, or of which nobody but its maker knows."""
        if not story.stepwise:
            return self._at_work(story)
        if not story.workflow:
            said = f"its steps are called one by one; when nobody does any more: sternway rollback {story.name}"
            return Swept(story.run, story.target, Status.OPEN, said)
        state = workflow_state(self.client, story)
        if state.over:
            return None
        said = state.how if state.over is False else f"{state.how}; when it is gone: sternway rollback {story.name}"
        return Swept(story.run, story.target, Status.OPEN if state.over is None else Status.RUNNING, said)

    def _finished(self, story: Story) -> Swept:
        """End it; a step of a Workflow that was told to stop may be sealing its attempt, and is waited for."""
        run = story.run
        result = retry_transient(lambda: self.finish(run), self.stop) if story.stepwise else self.finish(run)
        if result is None:
            now = replay(self.store.records(run)).status
            return Swept(run, story.target, now, "it came to its end meanwhile")
        if result.status is Status.INTERRUPTED or result.unrecorded is not None:
            why = result.unrecorded or result.error or Transient("its undo was stopped")
            return Swept(run, story.target, Status.INTERRUPTED, str(why), Exit.TRANSIENT)
        result = _with_cause(story, result)
        failed = result.status is Status.ROLLBACK_FAILED
        self._tell_job(story, result)
        code = Exit.ROLLBACK_FAILED if failed else Exit.DONE
        warnings = [*result.warnings, *self._told(story, result)]
        said = "; ".join([_said(story, result), *(f"warning: {text}" for text in warnings)])
        return Swept(run, story.target, result.status, said, code)

    def _tell_job(self, story: Story, result: Result) -> None:
        if job := Job.recorded(story.job or {}):
            good = result.status is Status.SUCCEEDED
            text = f"the sweep ended it: {summary(result)}"
            put_job_event(self.client, job, "Swept", text, warning=not good)

    def _told(self, story: Story, result: Result) -> list[str]:
        """Tell the end beside its Workflow, and end that where its handler can't start; return what is to be known."""
        if not story.workflow or not story.workflow_namespace:
            return []
        said: list[str] = []
        try:
            state = workflow_state(self.client, story)
            said += [f"{state.how}; so this sweep ended the run"] if state.late else []
            told = replace(result, name=story.name, warnings=(*result.warnings, *said))
            tell_end(self.client, story.workflow, told, story.workflow_namespace)
            if state.late:
                terminate(self.client, story)
        except (ClusterError, SternwayError) as error:
            said.append(f"Workflow {story.workflow} could not be ended, so it may hold its mutex: {error}")
        return said

    def _at_work(self, story: Story) -> Swept | None:
        holder = self.store.lock(story.target).holder()
        if holder is None:
            return None
        who = "it" if holder.run == story.run else f"run {holder.run} of this target"
        return Swept(story.run, story.target, Status.RUNNING, f"{who} is at work on {holder.host}, pid {holder.pid}")


def _with_cause(story: Story, result: Result) -> Result:
    """Return an end with the error of the step that failed before, where one did: an undo by itself has none."""
    if result.status is Status.SUCCEEDED or result.error is not None:
        return result
    error = first_error_of(story.steps(), story.attempts)
    return result if isinstance(error, Stopped) else replace(result, error=error)


def _said(story: Story, result: Result) -> str:
    if result.status is Status.SUCCEEDED:
        whole = story.succeeded(story.steps())
        return "every step was done, and its end is recorded now" if whole else "it went on to its good end"
    if result.status is Status.UNDONE:
        why = f", for it failed: {result.error}" if result.error is not None else ""
        return f"its process was gone, and what it had changed was put back{why}"
    return f"not everything could be put back: {'; '.join(map(str, result.rollback_errors))}"
