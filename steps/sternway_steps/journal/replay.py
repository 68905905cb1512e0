"""The state of a run by its journal: which steps began, how each attempt ended, where the run stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import Refused
from ..exits import DONE
from ..spec import Action
from .entries import Entry, Kind, Record
from .name import RunName


class Status(StrEnum):
    """Where a run stands. `open` is told apart from `interrupted` by asking whether its runner lives."""

    OPEN = "open"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    HELD = "held"
    """Refused, for its target holds what it would have deployed; recorded as a refusal, as older versions read it."""
    UNDONE = "undone"
    ROLLBACK_FAILED = "rollback-failed"
    LOCKED = "locked"
    """Its record is encrypted, and can't be read."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of one action of a step; `result` is "" while it is under way or was cut off."""

    step: str
    action: Action
    number: int
    began: str
    ended: str
    result: str
    data: Mapping[str, Any]
    """What its last entry says: summary, items, error, details."""
    intended: bool = True
    """It recorded an intent, without which it changed nothing; where that is not known, it may have."""
    end: str = ""
    """The status of the run that it told when that had ended; "" for an attempt of the run itself."""


@dataclass(frozen=True)
class Story:
    """A run as its journal tells it."""

    run: str
    target: str
    started: str
    ended: str
    status: Status
    config: Mapping[str, Any]
    error: str
    stepwise: bool
    """Its steps were called one by one, by somebody who knows when it ends: nobody else may call it interrupted."""
    attempts: tuple[Attempt, ...]
    """Those on the way forward and back."""
    workflow: str = ""
    """The Argo Workflow that made it, if one did."""
    workflow_namespace: str = ""
    """Where the run saw that Workflow when it began; "" where it did not."""
    stays: tuple[str, ...] = ()
    """The steps whose effects could not be undone, when the run was."""
    back_to: str = ""
    """The run to whose state this one went back, by undoing those of `undoes`, newest first; "" for any other run."""
    undoes: tuple[str, ...] = ()
    by: Mapping[str, Any] = field(default_factory=dict)
    """Who ran it: version, host, user; empty where that is not recorded."""
    resumed: bool = False
    """Its undo was asked for after its process had ended."""
    went_on: bool = False
    """Another process went on forward with it after its own had ended."""
    exit_code: int = 0
    """What its end says; 0 while it has none."""
    rollback_errors: tuple[str, ...] = ()
    """What its end says that could not be put back."""
    end: Mapping[str, Any] = field(default_factory=dict)
    """All that its end says."""
    holds: str = ""
    """The digest of what it deployed, when no schedule is to deploy that again."""
    lock: str = ""
    """What the lock of its target is called; "" where an older version did not record it."""
    place: str = ""
    """Where its journal is: a namespace, or a folder."""
    mark: str = ""
    """What names it on objects that it applies; its id alone where an older version recorded nothing else."""
    others: tuple[str, ...] | None = None
    """The runs of its target that were known when it began step by step; None where that is not recorded."""
    damaged: Mapping[str, str] = field(default_factory=dict)
    """The steps of which a record is damaged, and why."""
    chained: bool = True
    """All that was written of it has its digests; False where an older version wrote, or somebody took them away."""
    clear: bool = False
    """There is a key to its journal, and something of it is not encrypted: it is older than the key, or forged."""
    after: tuple[Attempt, ...] = ()
    """The attempts of steps that ran when it had ended; no part of how it ended."""
    job: Mapping[str, Any] | None = None
    """The Kubernetes Job whose pods made it (namespace, name, uid), if one did."""

    @property
    def name(self) -> str:
        """What commands call it: NAMESPACE/RUN."""
        return str(RunName(self.run, self.place))

    def executed(self) -> frozenset[str]:
        """Return the steps whose execution is recorded to have begun, whether it ended or not."""
        return frozenset(a.step for a in self.attempts if a.action is Action.EXECUTE)

    def begun(self) -> frozenset[str]:
        """Return the steps that began: a rollback is recorded also of one whose own record was lost."""
        return frozenset(a.step for a in self.attempts)

    def handed_on(self) -> dict[str, dict[str, Any]]:
        """Return what the steps that are done hand on to later ones, by name (see step.Outcome)."""
        found: dict[str, dict[str, Any]] = {}
        for attempt in self.attempts:
            if attempt.action is Action.EXECUTE and attempt.result == DONE:
                for name, values in (attempt.data.get("hands_on") or {}).items():
                    found.setdefault(name, {}).update(values)
        return found

    def last(self, step: str) -> Attempt | None:
        """Return a step's last attempt to execute."""
        mine = (a for a in self.attempts if (a.step, a.action) == (step, Action.EXECUTE))
        return max(mine, key=lambda a: a.number, default=None)  # by number: the clocks of two nodes may differ

    def steps(self) -> tuple[str, ...]:
        """Return the names of all its steps, as its configuration has them."""
        groups = self.config.get("steps") or ()
        each = (step for group in groups for step in ([group] if isinstance(group, Mapping) else group))
        return tuple(str(step["name"]) for step in each)

    def succeeded(self, steps: Iterable[str]) -> bool:
        """Return whether all these steps are done and nobody began to undo: then only the end is not recorded."""
        lasts = [self.last(step) for step in steps]
        return not self.goes_back() and all(last is not None and last.result == DONE for last in lasts)

    def goes_back(self) -> bool:
        """Return whether somebody began to undo it."""
        return self.resumed or any(a.action is Action.ROLLBACK for a in self.attempts)

    def undone(self) -> frozenset[str]:
        """Return the steps that were rolled back to the end."""
        return frozenset(a.step for a in self.attempts if a.action is Action.ROLLBACK and a.result == DONE)


def has_head(records: Sequence[Record]) -> bool:
    """Tell whether a run's own record is among its records, damaged or not."""
    return any((record.entries or record.damage) and not record.key.step for record in records)


def story_of(records: Sequence[Record]) -> Story | None:
    """Return a run's story; None when its own record is not among its records, or is damaged."""
    head = next((record for record in records if not record.key.step), None)
    return replay(records) if head is not None and head.entries else None


def locked_story(head: Record) -> Story | None:
    """Return what a run's own record tells in the clear that can't be read; None when that is nothing."""
    if head.key.step or not head.told:
        return None
    began, last = head.told[0], head.told[-1]
    return Story(
        run=head.key.run,
        target=str(began.data.get("target", "")),
        started=began.time,
        ended=last.time if last.kind is Kind.RUN_ENDED else "",
        status=Status.LOCKED,
        config={},
        error=head.damage,
        stepwise=False,
        attempts=(),
        place=head.place,
        damaged={"": head.damage},
    )


def require_unlocked(records: Sequence[Record]) -> None:
    """Refuse to go by records that no key at hand opens; raises Refused."""
    locked = next((record for record in records if record.locked), None)
    if locked is not None:
        which = f", {locked.key}" if locked.key.step else ""
        raise Refused(
            f"the record of run {RunName(locked.key.run, locked.place)}{which} can't be read: {locked.damage}",
            remedy="give the key that it was written with: by a configuration (-c) whose journal.key has it, or by "
            "STERNWAY_JOURNAL_KEY_FILE; if that is lost, put back by hand what the run changed, and delete its Secrets "
            "(its folder) from the journal",
        )


def replay(records: Sequence[Record]) -> Story:
    """Read a run's story from its records; raises Refused when its own record is not among them, or is damaged."""
    require_unlocked(records)
    head = next((record for record in records if not record.key.step), None)
    if head is not None and head.damage:
        remedy = "put back by hand what it changed, and delete its Secrets (its folder) from the journal"
        raise Refused(f"the record of run {RunName(head.key.run, head.place)} is damaged: {head.damage}", remedy=remedy)
    if head is None or not head.entries:
        raise Refused("this run is not in the journal", remedy="`sternway runs` lists those that are")
    began, last = head.entries[0], head.entries[-1]
    ended = last.kind is Kind.RUN_ENDED
    attempts = sorted((_attempt(r) for r in records if r.key.step), key=lambda attempt: attempt.began)
    return Story(
        run=head.key.run,
        target=str(began.data.get("target", "")),
        started=began.time,
        ended=str(last.data.get("ended") or last.time) if ended else "",
        status=_status_of(last.data) if ended else Status.OPEN,
        config=began.data.get("config") or {},
        error=next((str(e.data["error"]) for e in head.entries if e.data.get("error")), ""),
        stepwise=bool(began.data.get("stepwise")),
        attempts=tuple(attempt for attempt in attempts if not attempt.end),
        after=tuple(attempt for attempt in attempts if attempt.end),
        workflow=str(began.data.get("workflow", "")),
        workflow_namespace=str(began.data.get("workflow_namespace", "")),
        stays=tuple(last.data.get("stays") or ()) if ended else (),
        back_to=str(began.data.get("back_to", "")),
        undoes=tuple(began.data.get("undoes") or ()),
        by=began.data.get("by") or {},
        resumed=any(entry.data.get("resumed") for entry in head.entries),
        went_on=any(entry.data.get("forward") for entry in head.entries),
        exit_code=int(last.data.get("exit", 0)) if ended else 0,
        end=last.data if ended else {},
        holds=str(last.data.get("holds", "")) if ended else "",
        rollback_errors=tuple(map(str, last.data.get("rollback_errors") or ())) if ended else (),
        lock=str(began.data.get("lock", "")),
        place=head.place,
        clear=any(record.clear for record in records),
        chained=all(record.chained for record in records if record.entries),
        damaged={r.key.step: f"{r.key}: {r.damage}" for r in records if r.damage},
        mark=str(began.data.get("mark") or head.key.run),
        others=tuple(began.data["others"]) if "others" in began.data else None,
        job=began.data.get("job"),
    )


def _status_of(end: Mapping[str, Any]) -> Status:
    status = Status(end["status"])
    return Status.HELD if status is Status.REFUSED and end.get("held") else status


def _attempt(record: Record) -> Attempt:
    end: Entry | None = record.first(Kind.STEP_ENDED)
    began = record.entries[0] if record.entries else Entry(Kind.STEP_BEGAN)  # what is damaged has none
    return Attempt(
        step=record.key.step,
        action=Action(record.key.action),
        number=record.key.attempt,
        began=began.time,
        ended=end.time if end else "",
        result=str(end.data.get("result", "")) if end else "",
        data=end.data if end else {},
        intended=bool(record.damage) or record.first(Kind.INTENT) is not None,
        end=str(began.data.get("end", "")),
    )
