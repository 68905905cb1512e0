"""Positions on the page, in pixels from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rect:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """The point in the middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Stop:
    """What a way goes through at the height `y`: one box, or several in a frame.

    `head` and `foot` are the rectangles of the text above and below the boxes in the frame.
    """

    boxes: tuple[Rect, ...]
    y: float
    frame: Rect | None = None
    head: Rect | None = None
    foot: Rect | None = None

    @property
    def around(self) -> Rect:
        """The frame, or the only box."""
        return self.frame or self.boxes[0]
