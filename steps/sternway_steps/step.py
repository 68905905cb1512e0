"""The contract of steps: what a step is, what it gets, what it returns. Third parties import this module alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .errors import Failed, Refused, RollbackFailed, Stopped, Transient
from .kube.api_error import ApiError
from .objects.ref import Ref
from .spec import (
    CONTRACT,
    Action,
    Effects,
    History,
    Item,
    OtherRun,
    Outcome,
    Progress,
    Recorded,
    Rule,
    RunEnd,
    StepSpec,
)

if TYPE_CHECKING:
    from .config import Config
    from .kube.client import Client
    from .kube.fence import Fence

__all__ = [
    "CONTRACT", "Action", "ApiError", "Checks", "Context", "Effects", "Failed", "FindsLate", "History", "Item",
    "JournalView", "Leaves", "OtherRun", "Outcome", "Progress", "Recorded", "Ref", "Refused", "Resumes",
    "RollbackFailed", "Rule", "RunEnd", "Runs", "Step", "StepSpec", "Stopped", "Transient",
]  # fmt: skip


class JournalView(Protocol):
    """The journal as a step sees it: its own records, of all its attempts in this run."""

    def intent(self, data: Mapping[str, Any]) -> None:
        """Record durably what is about to change and all that its undo needs; returns when it is stored."""

    def evidence(self, data: Mapping[str, Any]) -> None:
        """Record durably what was changed; a rollback has evidence of its own."""

    def history(self) -> History:
        """Read what this step recorded so far, forward and back, this attempt included; each call reads anew."""

    def intents(self) -> Sequence[Mapping[str, Any]]:
        """Of contract 1, deprecated: history().execute.intents."""

    def evidences(self) -> Sequence[Mapping[str, Any]]:
        """Of contract 1, deprecated: history().execute.evidence."""

    def undo_intents(self) -> Sequence[Mapping[str, Any]]:
        """Of contract 1, deprecated: history().rollback.intents."""


@dataclass
class Context:
    """All that a step gets; nothing else is promised to it.

    | field | meaning |
    | --- | --- |
    | `deadline` | a reading of `clock` in seconds (monotonic), or None |
    | `own_deadline` | the seconds of the step's own deadline, when that is what ends first; else None |
    | `options` | the step's own keys of the config |
    | `client` | the cluster's client, built when it is first used |
    | `pipeline` | the specs of all steps of the run |
    | `target` | what the run deploys to, NAMESPACE.NAME |
    | `mark` | what names the run on objects that it applies: an id alone may be that of several |
    | `target_of` | returns the target of the run of the same journal that a mark names; None when it is not known |
    | `evidence_of` | returns what the run's steps of a kind (`deploy`) recorded as done, in order |
    | `others` | yields what the steps of all other runs of the journal recorded, newest run first |
    | `of_target` | yields the same of the runs of the target alone |
    | `cause` | returns the first failure of the run, for which it is undone; "" for none |
    | `undo_late` | undoes what runs of the target that were undone have written since; returns what to say of it |
    | `fence` | until when the target is held; None where nobody has to hold it |
    | `end` | how the run has ended, for a step that runs then (`on:`); None for any other |
    """

    run: str
    step: str
    attempt: int
    config: Config
    options: Mapping[str, Any]
    journal: JournalView
    connect: Callable[[], Client]
    pipeline: tuple[StepSpec, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[Progress], None] = lambda _: None
    deadline: float | None = None
    own_deadline: float | None = None
    log: logging.Logger = logging.getLogger("sternway.step")
    clock: Callable[[], float] = time.monotonic
    target: str = ""
    received: Callable[[], Mapping[str, Mapping[str, Any]]] = dict
    target_of: Callable[[str], str | None] = lambda _: None
    evidence_of: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _: ()
    others: Callable[[], Iterable[OtherRun]] = tuple
    of_target: Callable[[], Iterable[OtherRun]] = tuple
    cause: Callable[[], str] = lambda: ""
    mark: str = ""
    undo_late: Callable[[Collection[str]], Sequence[str]] = lambda _: ()
    fence: Fence | None = None
    end: RunEnd | None = None

    def __post_init__(self) -> None:
        self.mark = self.mark or self.run

    def handed(self, name: str) -> Mapping[str, Any]:
        """Return what earlier steps handed on under a name; what a later step handed on overrides it."""
        if self.pipeline and not any(name in spec.hands_on for spec in self.pipeline):
            return {}  # no step says that it does, so the journal need not be read
        return self.received().get(name, {})

    @property
    def client(self) -> Client:
        """The cluster's client; raises Refused when no cluster is configured."""
        return self.connect()

    def require_lease(self, what: str, seconds: float) -> None:
        """Return once the target is known to be held for so many seconds more; raise LockLost when it is not.

        For changes outside of the cluster, which no precondition holds back: call it right before each, with the time
        that it may take at most. The requests of `client` need no such care.
        """
        if self.fence is not None:
            self.fence.require(what, seconds)

    def check(self) -> None:
        """Raise Stopped when somebody asked to stop or the deadline has passed; call it between changes.

        Raises LockLost when the target is about to be somebody else's: what still runs has to end at once.
        """
        if self.fence is not None and self.fence.runs_out():
            from .kube.fence import LockLost

            raise LockLost(f"step {self.step}: the target is not held any more, so another run may be at work")
        if self.stop.is_set():
            raise Stopped(f"step {self.step} was stopped")
        if self.deadline is not None and self.clock() >= self.deadline:
            which = "the deadline" if self.own_deadline is None else f"its deadline of {self.own_deadline:g} s"
            raise Stopped(f"step {self.step} ran into {which}")

    def say(self, message: str, *, done: int | None = None, wanted: int | None = None, passing: bool = False) -> None:
        """Report the progress of the step; `passing` as in Progress (since contract 4)."""
        self.report(Progress(message, done, wanted, passing=passing))

    def tell(self, items: Iterable[Item]) -> None:
        """Report what became of each item."""
        for item in items:
            self.report(Progress(f"{item.what}: {item.result}", item=item))


@runtime_checkable
class Step(Protocol):
    """A deployment step that can be undone."""

    @property
    def spec(self) -> StepSpec:
        """What this step is and needs."""

    def execute(self, context: Context) -> Outcome:
        """Do it. Before the first change, everything that the undo needs is in the journal.

        Raises: Refused, Transient, Failed.
        """

    def rollback(self, context: Context) -> Outcome:
        """Undo it, from journal, config and the world alone.

        Succeeds when nothing ran, when half ran, when it already ran, and when two run at once.

        Raises: Transient, RollbackFailed.
        """


@runtime_checkable
class Checks(Protocol):
    """A step that can tell before the run begins that it would be refused."""

    def check(self, context: Context) -> None:
        """Change nothing, write no journal; a run in one process asks it of every step before the first one begins.

        Raises: Refused with all that speaks against the run, Transient when that can't be told now.
        """


@runtime_checkable
class Leaves(Protocol):
    """A step that finds what its run has left in the world without its journal, by what that carries."""

    def left(self, context: Context) -> Sequence[str]:
        """Name what is there of this run; change nothing, write no journal.

        Raises: Transient, ApiError when that can't be told now.
        """


@runtime_checkable
class Resumes(Protocol):
    """A step whose run can go on after its process is gone: it tells what is no longer as this run left it."""

    def moved(self, context: Context, *, done: bool) -> Sequence[str]:
        """Name what somebody else changed since, each with who; change nothing, write no journal.

        `done` is False for a step that was cut off: it is executed once more when nothing moved.

        Raises: Transient when that can't be told now.
        """


@runtime_checkable
class Runs(Protocol):
    """A step whose options say what it runs: what stands in a journal alone is never run without a person's word."""

    def runs(self, config: Config, options: Mapping[str, Any], action: Action) -> Mapping[str, Any] | None:
        """Return as JSON data all that decides what these options have it run for an action; None for nothing.

        `config` and `options` are those of the configuration at hand, or of a record, whose two answers are compared.
        `command`, a list of words, `image`, `folder` and `context` of it are shown to people.
        """


@runtime_checkable
class FindsLate(Protocol):
    """A step that finds what a request of its own, kept by the network, has done after it was rolled back."""

    def late(self, context: Context) -> Sequence[str]:
        """Name it; change nothing, write no journal. A rollback with the same context follows when there is any.

        Raises: Transient when that can't be told now.
        """
