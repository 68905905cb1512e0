"""A group as a column of the picture, with the text of its boxes, which have one width."""

from __future__ import annotations

from collections.abc import Iterable

from .band import Extent
from .geometry import Rect
from .model import BESIDE, STAYS, Group
from .stack import PILL, SIDE, Stack
from .text import Label, label, small

# What the box of a journal is higher than its text.
_CHIP = 15
# How far what stays is kept from the way that passes below it.
_CLEAR = 8


class Column:
    """A group. A box that stands alone has the height of all others that do, given as `alone`."""

    def __init__(self, group: Group, width: float) -> None:
        self.group, self.width = group, width
        self.several = len(group.steps) > 1
        self.labels = tuple(label(width, step.name, group.own(step)) for step in group.steps)
        self.back_labels = tuple(label(width, f"undo {name}") for name in group.undo)

    @property
    def room(self) -> float:
        """The width of the whole column."""
        return self.width + (2 * SIDE if self.several else 0)

    def forward(self, alone: float) -> Stack:
        """Return the stack of the steps."""
        if not self.several:
            return Stack(self.labels, self.width, alone)
        return Stack(self.labels, self.width, _highest(self.labels), small(self.width, BESIDE, *self.group.shared))

    def back(self, alone: float) -> Stack | None:
        """Return the stack of what is undone, above what stays; None when nothing is undone."""
        if not self.back_labels:
            return None
        if len(self.back_labels) == 1:
            return Stack(self.back_labels, self.width, alone, foot=self.stays)
        return Stack(self.back_labels, self.width, _highest(self.back_labels), small(self.width, BESIDE), self.stays)

    def back_extent(self, alone: float) -> Extent:
        """Return what stands above and below the way of the undo."""
        if stack := self.back(alone):
            return stack.extent
        return Extent(self.stays.text_height + PILL + _CLEAR if self.stays else 0, 0)

    @property
    def journal(self) -> Label | None:
        """The text of the journal's box, with the names of the steps when several share it."""
        if not (names := self.group.journaled):
            return None
        all_of_them = len(names) == len(self.group.steps)
        whose = "of each step" if all_of_them else f"of {', '.join(names)}"
        return small(self.width, "intent, evidence", *([whose] if self.several else []))

    @property
    def journal_height(self) -> float:
        """The height of the journal's box, also where it is left out."""
        return _CHIP + (self.journal or small(self.width, "")).text_height

    def journal_at(self, centre: float, y: float) -> Rect | None:
        """Return the rectangle of the journal, whose upper edge is at y."""
        return Rect(centre - self.width / 2, y, self.width, self.journal_height) if self.journal else None

    @property
    def stays(self) -> Label | None:
        """The text on what can't be undone."""
        if not (names := self.group.stays):
            return None
        return small(self.width, *(f"{name} {STAYS}" for name in names)) if self.several else small(self.width, STAYS)

    def stays_at(self, centre: float, y: float) -> Rect | None:
        """Return the rectangle of this text where nothing is undone; its upper edge is at y."""
        if self.stays is None or self.back_labels:
            return None
        width = self.width if self.several else self.width - 80
        return Rect(centre - width / 2, y, width, self.stays.text_height + PILL)


def _highest(labels: Iterable[Label]) -> float:
    return max(each.height for each in labels)
