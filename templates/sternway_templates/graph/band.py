"""The heights of the picture: a band is a row of groups, with the journal and the undo below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Room above a band for the line of failure, and below it for the lines that go on in the next one.
RAIL, TURN = 26, 50
# Room above and below the journal.
ABOVE, BELOW = 26, 30


@dataclass(frozen=True)
class Extent:
    """What a row needs above and below the line of its way."""

    above: float
    below: float


@dataclass(frozen=True)
class Band:
    """A band from `top` down; `journal` is the height of the row between the two ways."""

    top: float
    forward: Extent
    journal: float
    back: Extent

    @property
    def rail(self) -> float:
        """The y of the line that failures run along."""
        return self.top + 4

    @property
    def forward_y(self) -> float:
        """The y of the way forward."""
        return self.top + RAIL + self.forward.above

    @property
    def journal_y(self) -> float:
        """The y of the upper edge of the journal."""
        return self.forward_y + self.forward.below + ABOVE

    @property
    def back_top(self) -> float:
        """The y of the upper edge of the undo."""
        return self.journal_y + self.journal + BELOW

    @property
    def back_y(self) -> float:
        """The y of the undo."""
        return self.back_top + self.back.above

    @property
    def bottom(self) -> float:
        """The y of the lower edge of all."""
        return self.back_y + self.back.below


def highest(extents: Sequence[Extent]) -> Extent:
    """Return the extent that holds all of a row."""
    return Extent(max(each.above for each in extents), max(each.below for each in extents))
