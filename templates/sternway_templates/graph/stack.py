"""Boxes one below the other, in a frame when there are several."""

from __future__ import annotations

from dataclasses import dataclass

from .band import Extent
from .geometry import Rect, Stop
from .text import Label

# Room beside the boxes in a frame: lines fork on one side and join on the other, where that of failures goes up too.
SIDE = 34
BETWEEN, EDGE = 12, 10
# What a pill is higher than its text.
PILL = 9


@dataclass(frozen=True)
class Stack:
    """Boxes of one size; `head` and `foot` stand above and below them in their frame."""

    labels: tuple[Label, ...]
    width: float
    height: float
    head: Label | None = None
    foot: Label | None = None

    @property
    def framed(self) -> bool:
        """Whether there is a frame."""
        return len(self.labels) > 1 or self.foot is not None

    @property
    def extent(self) -> Extent:
        """What it needs above and below a way through the middle of the boxes."""
        head = self.head.text_height + EDGE if self.head else 0
        foot = self.foot.text_height + PILL + BETWEEN if self.foot else 0
        edge = EDGE if self.framed else 0
        return Extent(self._half + head + edge, self._half + foot + edge)

    def at(self, centre: float, y: float) -> Stop:
        """Return the positions of all boxes, around a point in the middle of them."""
        x, top, step = centre - self.width / 2, y - self._half, self.height + BETWEEN
        boxes = tuple(Rect(x, top + number * step, self.width, self.height) for number in range(len(self.labels)))
        if not self.framed:
            return Stop(boxes, y)
        above, below = self.extent.above, self.extent.below
        frame = Rect(x - SIDE, y - above, self.width + 2 * SIDE, above + below)
        head = Rect(x, frame.y + EDGE, self.width, self.head.text_height) if self.head else None
        foot = Rect(x, y + self._half + BETWEEN, self.width, self.foot.text_height + PILL) if self.foot else None
        return Stop(boxes, y, frame, head, foot)

    @property
    def _half(self) -> float:
        return (len(self.labels) * (self.height + BETWEEN) - BETWEEN) / 2
