"""Which runs stand: their changes are in effect, neither undone nor overtaken by going back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import Refused, Transient
from ..journal.backends.store import RunInfo, Store
from ..journal.entries import Kind, Record
from ..journal.replay import Status, Story, replay, require_unlocked, story_of
from ..spec import Action

_GONE = (Status.REFUSED, Status.HELD, Status.UNDONE)


def stands(story: Story) -> bool:
    """Return whether a run stands; False for one that only went back to an earlier one."""
    return story.status not in _GONE and not story.back_to


def newest_standing(store: Store, target: str) -> str:
    """Return the newest run of a target that stands.

    Raises: Refused when there is none, Transient when it may be at work.
    """
    for story, _ in _standing(store, reversed(store.index(target)), target):
        refuse_at_work(story)
        return story.run
    raise Refused(f"no run of {target} stands: there is nothing to undo", remedy="`sternway runs` lists what ran")


def current_stepwise(store: Store, target: str, action: Action) -> str | None:
    """Return the newest run of a target that was made step by step, if an action without a run's name belongs to it.

    An execution goes on with one that is open, and of which nothing is undone; a rollback is always of the newest.
    """
    for head in reversed(store.heads(target, locked=True)):
        require_unlocked([head])
        if head.entries and replay([head]).stepwise:
            if (story := story_of(store.records(head.key.run))) is None:
                continue
            going = story.status is Status.OPEN and not story.goes_back()
            return story.run if going or action is Action.ROLLBACK else None
    return None


def refuse_at_work(story: Story) -> None:
    """Raise Transient for an open run that is made step by step: only its caller knows whether it is at work.

    It can be undone all the same by whoever names it.
    """
    if story.status is Status.OPEN and story.stepwise:
        by = f"Workflow {story.workflow} on Argo" if story.workflow else "somebody who calls its steps one by one"
        raise Transient(
            f"run {story.run} of {story.target} is open: it is made by {by}",
            remedy=f"wait for its end; when nothing works on it any more: sternway rollback {story.name}",
        )


def standing_after(store: Store, story: Story) -> list[Story]:
    """Return the runs of the same target that stand and began later, newest first."""
    return [later for later, _ in later_standing(store, story, story.target)]


def refuse_overtaken(store: Store, story: Story, going: Iterable[str] = ()) -> None:
    """Raise Refused when later runs that stand changed what a run changed; `going` are undone before it.

    To undo it all the same would put back nothing, or what a later run does not know of. The error's details name them
    (`overtaken_by`).
    """
    leaves = set(going)
    later = [
        (one, _touched(records, one.target)) for one, records in later_standing(store, story) if one.run not in leaves
    ]
    mine = _touched(store.records(story.run), story.target) if later else set()
    above = [one for one, touched in later if mine & touched]
    if not above:
        return
    runs = "; ".join(f"{one.run} of {one.target} ({one.status.value}, {one.started[:19]})" for one in above)
    details = {"overtaken_by": [one.name for one in above]}
    if story.status is Status.UNDONE:
        if leaves:
            return  # a way back has done that part
        message = f"run {story.run} is undone already, and what it had changed was changed since by {runs}"
        raise Refused(message, remedy="there is nothing left of it to undo", details=details)
    first = f"undo what stands above it first, newest first: sternway rollback {above[0].name}"
    before = _standing_before(store, story) if all(one.target == story.target for one in above) else None
    at_once = f"; or undo all of it at once: sternway rollback --to {before}" if before else ""
    raise Refused(
        f"run {story.run} has been overtaken: what it changed was changed since by {runs}",
        remedy=first + at_once,
        details=details,
    )


def _standing(store: Store, infos: Iterable[RunInfo], target: str) -> Iterator[tuple[Story, Sequence[Record]]]:
    """Read those of some runs that stand, with their records, in the same order.

    Raises: Refused when no key at hand opens one of the target; those of other targets may have keys of their own.
    """
    for info in infos:
        if info.status in _GONE:
            continue
        records = store.records(info.run)
        if (story := story_of(records)) is None and info.target == target:
            require_unlocked(records)
        if story is not None and stands(story):
            yield story, records


def later_standing(store: Store, story: Story, target: str | None = None) -> Iterator[tuple[Story, Sequence[Record]]]:
    """Read the runs that stand and began after one, newest first."""
    after = [info for info in store.index(target) if (info.started, info.run) > (story.started, story.run)]
    return _standing(store, reversed(after), story.target)


def _standing_before(store: Store, story: Story) -> str | None:
    earlier = [info for info in store.index(story.target) if info.started < story.started]
    ended = (info for info in reversed(earlier) if info.status is Status.SUCCEEDED)
    return next((one.name for one, _ in _standing(store, ended, story.target)), None)


def _touched(records: Sequence[Record], target: str) -> set[tuple[str, ...]]:
    """Return what a run was about to change: objects by group, kind and name; the step itself where it names none."""
    found: set[tuple[str, ...]] = set()
    for record in records:
        if record.key.action != Action.EXECUTE:
            continue
        for entry in record.entries:
            if entry.kind is Kind.INTENT:
                found |= _named(entry.data.get("objects")) or {("step", target, record.key.step)}
    return found


def _named(objects: Any) -> set[tuple[str, ...]]:
    try:
        return {_name(one["applied"]) for one in objects} if isinstance(objects, list) else set()
    except (KeyError, TypeError, AttributeError):  # no step of ours wrote it
        return set()


def _name(obj: Any) -> tuple[str, ...]:
    group = str(obj["apiVersion"]).rpartition("/")[0]
    return (group, obj["kind"], obj["metadata"].get("namespace") or "", obj["metadata"]["name"])
