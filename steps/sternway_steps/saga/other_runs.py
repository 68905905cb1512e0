"""What other runs of a journal recorded, for a step that shares something with them which no cluster guards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ..exits import DONE
from ..journal.backends.store import Store
from ..journal.entries import Kind, Record
from ..journal.replay import Story, story_of
from ..spec import Action, OtherRun, Recorded
from .standing import stands


def other_runs(store: Store, run: str, target: str | None = None) -> Iterator[OtherRun]:
    """Yield each step of every other run that recorded something, whether the run stands or not; newest run first.

    With a target, of its runs alone.
    """
    infos = store.index(target)
    mine = next(((info.started, info.run) for info in infos if info.run == run), None)
    for info in reversed(infos):
        if info.run == run:
            continue
        records = store.records(info.run)
        if (story := story_of(records)) is not None:
            later = mine is not None and (info.started, info.run) > mine
            yield from _steps(story, records, later=later)


def _steps(story: Story, records: Sequence[Record], *, later: bool) -> Iterator[OtherRun]:
    executed = [record for record in records if record.key.step and record.key.action == Action.EXECUTE]
    undone = [record for record in records if record.key.step and record.key.action == Action.ROLLBACK]
    for step in dict.fromkeys(record.key.step for record in executed):
        found = [entry for record in executed if record.key.step == step for entry in record.entries]
        recorded = Recorded(
            tuple(entry.data for entry in found if entry.kind is Kind.INTENT),
            tuple(entry.data for entry in found if entry.kind is Kind.EVIDENCE),
        )
        back = [a for a in story.attempts if (a.step, a.action) == (step, Action.ROLLBACK)]
        done = [a for a in back if a.result == DONE]
        items = tuple(item for a in done for item in a.data.get("items") or ())
        at = max((datetime.fromisoformat(a.ended).timestamp() for a in done if a.ended), default=0.0)
        standing = not back and stands(story)
        if recorded.intents or recorded.evidence:
            put_back = tuple(
                entry.data
                for record in undone
                if record.key.step == step
                for entry in record.entries
                if entry.kind is Kind.EVIDENCE
            )
            yield OtherRun(story.name, story.target, recorded, later, standing, items, at, put_back)
