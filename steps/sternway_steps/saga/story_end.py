"""How a run that was recorded ended, as the events that tell it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import Failed, RollbackFailed, Stopped
from ..exits import Exit
from ..journal.replay import Status, Story
from ..spec import Action
from .attempt_errors import first_error, not_undone, warnings_of
from .events import RunEnded, UndoStarted
from .plan import Plan
from .verdict import staying


@dataclass(frozen=True)
class StoryEnd:
    """A story with the plan of its steps; None where a step of it is not known here."""

    story: Story
    plan: Plan | None

    def undo(self) -> UndoStarted:
        """Return what tells that its undo has begun."""
        story, begun = self.story, {a.step for a in self.story.attempts if a.action is Action.EXECUTE}
        because = str(self._error() or "its undo was asked for")
        if self.plan is None:
            return UndoStarted(because, tuple(name for name in reversed(story.steps()) if name in begun))
        steps = tuple(step.name for step in self.plan.undo_of(begun))
        return UndoStarted(because, steps, staying(self.plan, story.attempts))

    def event(self) -> RunEnded:
        """Return its last event, as its record tells it."""
        story = self.story
        took = seconds(story.started, story.ended)
        warnings = warnings_of(self.plan, story.after) if self.plan is not None else ()
        left = self._left() if story.status is Status.ROLLBACK_FAILED else ()
        # What a person undid ended well for that person, and its record says so; what it had done stands no more.
        undone = story.status is Status.UNDONE and story.exit_code == Exit.DONE
        return RunEnded(
            story.run, story.status, Exit.FAILED if undone else story.exit_code, took, self._error(), left, story.stays,
            name=story.name, warnings=warnings,
        )  # fmt: skip

    def cut_off(self) -> RunEnded:
        """Return the last event of one whose process is gone and has recorded no end."""
        story = self.story
        took = seconds(story.started, datetime.now(UTC).isoformat())
        code = Exit.TRANSIENT if story.succeeded(story.steps()) else Exit.ROLLBACK_FAILED
        gone = f"Workflow {story.workflow} makes no more of it" if story.workflow else "its process is gone"
        why = Stopped(f"{gone}, and no end is recorded", remedy=f"the next run of {story.target} ends it first")
        error = self._error()
        return RunEnded(story.run, Status.INTERRUPTED, code, took, error, unrecorded=why, name=story.name)

    def _error(self) -> Exception | None:
        story = self.story
        if not story.error and story.status in (Status.SUCCEEDED, Status.UNDONE):
            return None
        found = first_error(self.plan, story.attempts) if self.plan is not None else None
        return found or (Failed(story.error) if story.error else None)

    def _left(self) -> tuple[Exception, ...]:
        found = tuple(not_undone(self.plan, self.story.attempts).values()) if self.plan is not None else ()
        return found or tuple(RollbackFailed(text) for text in self.story.rollback_errors)


def seconds(began: str, ended: str) -> float:
    """Return the seconds between two times of the journal; 0 where they can't be read."""
    try:
        return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
