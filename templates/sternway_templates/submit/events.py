"""From the state of a run to the events that were not emitted yet, in the order of a run in one process."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sternway_steps.config.argo import ArgoConfig
from sternway_steps.errors import Stopped
from sternway_steps.journal.replay import Attempt
from sternway_steps.saga.attempt_errors import error_of, first_error
from sternway_steps.saga.events import Listener, StepEnded, StepProgress, StepStarted, UndoStarted
from sternway_steps.saga.plan import Plan
from sternway_steps.saga.verdict import staying
from sternway_steps.step import Action, Item, Progress

from .retries import retry_in

_Key = tuple[str, Action, int]


class EventEmitter:
    """Emits each event once, however often it is updated."""

    def __init__(self, plan: Plan, tell: Listener, argo: ArgoConfig, shared: Collection[str] = ()) -> None:
        """Emit to `tell`; `shared` are the steps that share a pod."""
        self._plan, self._argo, self._shared = plan, argo, shared
        self._emit = tell
        self._open: dict[_Key, Attempt] = {}
        self._over: set[_Key] = set()
        self._undoing = self._by_pods = False

    def update(
        self,
        attempts: Sequence[Attempt],
        undoing: str | None,
        why: Mapping[tuple[str, Action], str],
        *,
        by_pods: bool = False,
    ) -> None:
        """Emit what is new.

        Args:
            attempts: all that are known, oldest first.
            undoing: why the way forward has failed, once its undo has begun.
            why: the message of the last pod of a step's action; used for an attempt that did not record its end.
            by_pods: the journal can't be read, so each attempt is a pod.

        """
        self._by_pods = by_pods
        for attempt in attempts:  # by whatever clock: what has ended did so before anything new began
            if attempt.result and (key := _key(attempt)) in self._open:
                self._ended(key, attempt, attempts)
        for attempt in attempts:
            if (key := _key(attempt)) in self._over:
                continue
            if attempt.action is Action.ROLLBACK:
                self._undo(attempts, undoing, why)
            if key not in self._open:
                self.cut_off(why, attempt)  # what is open, and not of its group, has no process any more
                self._open[key] = attempt
                self._emit(StepStarted(*key, on=self._on(attempt)))
            if attempt.result:
                self._ended(key, attempt, attempts)
        if undoing is not None:
            self._undo(attempts, undoing, why)

    def progress(self, step: str, action: Action, progress: Progress) -> None:
        """Emit the progress of a step, while an attempt of it is under way."""
        if any(key[:2] == (step, action) for key in self._open):
            self._emit(StepProgress(step, action, progress))

    def cut_off(self, why: Mapping[tuple[str, Action], str], began: Attempt | None = None) -> None:
        """Emit the end of attempts that can't record it any more; those in the group of `began` still can."""
        for key, attempt in list(self._open.items()):
            step, action, number = key
            if began is not None and action is began.action and self._same_group(step, began.step):
                continue
            reason = f": {why[step, action]}" if why.get((step, action)) else ""
            error = Stopped(f"attempt {number} of step {step} was cut off{reason}")
            del self._open[key]
            self._over.add(key)
            self._emit(StepEnded(step, action, str(error), _seconds(attempt.began, attempt.ended), (), error))

    def _same_group(self, one: str, other: str) -> bool:
        groups = ({step.name for step in group} for group in self._plan.groups)
        return one != other and any({one, other} <= names for names in groups)

    def _undo(self, attempts: Sequence[Attempt], undoing: str | None, why: Mapping[tuple[str, Action], str]) -> None:
        if self._undoing:
            return
        self._undoing = True
        self.cut_off(why)
        begun = {a.step for a in attempts if a.action is Action.EXECUTE}
        because = str(first_error(self._plan, attempts) or undoing or "the way forward has failed")
        todo = tuple(step.name for step in self._plan.undo_of(begun))
        self._emit(UndoStarted(because, todo, staying(self._plan, attempts)))

    def _ended(self, key: _Key, attempt: Attempt, attempts: Sequence[Attempt]) -> None:
        del self._open[key]
        self._over.add(key)
        items = tuple(
            Item(i["what"], i["result"], i.get("why", ""), tuple(i.get("fields") or ()))
            for i in attempt.data.get("items") or ()
        )
        for item in items:  # a run in one process tells them as they come
            self._emit(StepProgress(attempt.step, attempt.action, Progress(f"{item.result} {item.what}", item=item)))
        error = error_of(attempt)
        summary = str(error) if error is not None else str(attempt.data.get("summary") or "")
        seconds = _seconds(attempt.began, attempt.ended)
        again = retry_in(self._plan, self._argo, attempt, attempts, by_pods=self._by_pods, shared=self._shared)
        self._emit(StepEnded(attempt.step, attempt.action, summary, seconds, items, error, again, on=self._on(attempt)))

    def _on(self, attempt: Attempt) -> str:
        """Return the word of a step that ran when the run had ended; "" for any other."""
        return next((step.on for step in self._plan.on_end if attempt.end and step.name == attempt.step), "")


def _key(attempt: Attempt) -> _Key:
    return attempt.step, attempt.action, attempt.number


def _seconds(began: str, ended: str) -> float:
    try:
        return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
