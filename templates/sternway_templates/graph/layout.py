"""Where everything of the picture stands: columns, in bands of three rows; a band more for each few steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from .model import FAILURE, FAILURE_NOTE, REPORT, REPORT_NOTE, Graph
from .text import NAME, PAD, Label, label, wrapped

MARGIN, GAP = 28, 38
TITLE = 24
LABELS = 76
ENDS = 128
CHIP = 30
# Room above a band for the line of failure, and below it for the lines that go on in the next one.
RAIL, TURN = 26, 50
# A page much wider than a README's column would be drawn too small to read.
_MOST_WIDTH = 760
_SHORTEST, _LONGEST = 13, 22


@dataclass(frozen=True)
class Rect:
    """A place on the page."""

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


class Layout:
    """The page of one graph. Steps are counted from 0."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        count = len(graph.steps)
        longest = max((len(step.name) for step in graph.steps), default=0)
        self.box = math.ceil(min(max(longest, _SHORTEST), _LONGEST) * NAME) + 2 * PAD
        self.bands = max(1, math.ceil(count / (_MOST_WIDTH // (self.box + GAP))))
        self.columns = max(1, math.ceil(count / self.bands))
        self.labels = [label(self.box, step.name, step.small) for step in graph.steps]
        self.back_labels = {name: label(self.box, f"undo {name}") for name in graph.undo}
        self.failure_label = label(ENDS, FAILURE, [FAILURE_NOTE])
        self.report_label = label(ENDS, REPORT, [REPORT_NOTE])

    @cached_property
    def width(self) -> float:
        """The width of the page."""
        return self.rail + MARGIN

    @cached_property
    def height(self) -> float:
        """The height of the page."""
        return self.below(self.bands - 1) + MARGIN

    @cached_property
    def title(self) -> tuple[str, ...]:
        """The title, in lines that fit."""
        return wrapped(self.graph.title, int((self.width - 2 * MARGIN) / (NAME * 17 / 14)))

    @cached_property
    def rail(self) -> float:
        """The x of the line of failure on the right."""
        return self.column(self.columns + 1) + ENDS + 28

    def rail_y(self, band: int) -> float:
        """Give the y of the line of failure above a band."""
        return self._top(band) + 4

    def band_of(self, step: int) -> int:
        """Tell in which band a step stands."""
        return step // self.columns

    def forward(self, step: int) -> Rect:
        """Give the place of a step."""
        return Rect(self._x_of(step), self._forward_y(self.band_of(step)), self.box, self._forward)

    def journal(self, step: int) -> Rect:
        """Give the place of a step's journal."""
        return Rect(self._x_of(step), self._journal_y(self.band_of(step)), self.box, CHIP)

    def back(self, step: int) -> Rect:
        """Give the place of a step's undo, or of the word that there is none."""
        return Rect(self._x_of(step), self._back_y(self.band_of(step)), self.box, self._back)

    @property
    def start(self) -> Rect:
        """The place where a run starts."""
        return self._pill(self.column(0), self._forward_y(0) + self._forward / 2, 46)

    @property
    def done(self) -> Rect:
        """The place where a good run ends."""
        return self._pill(self._end_x, self._forward_y(self.bands - 1) + self._forward / 2, 46)

    @property
    def failure(self) -> Rect:
        """The place where the undo starts."""
        return self._pill(self._end_x, self.back_middle(self.bands - 1), self.failure_label.height)

    @property
    def report(self) -> Rect:
        """The place of the report, at the end of the undo."""
        return self._pill(self.column(0), self.back_middle(0), self.report_label.height)

    def forward_middle(self, band: int) -> float:
        """Give the y on which the way forward goes."""
        return self._forward_y(band) + self._forward / 2

    def journal_middle(self, band: int) -> float:
        """Give the y of the journal's row."""
        return self._journal_y(band) + CHIP / 2

    def back_middle(self, band: int) -> float:
        """Give the y on which the undo goes."""
        return self._back_y(band) + self._back / 2

    def below(self, band: int) -> float:
        """Give the y below a band."""
        return self._top(band) + self._rows

    def column(self, column: int) -> float:
        """Give the x of a column: 0 is where a run starts and the report stands, 1 the first step."""
        x = MARGIN + LABELS
        return x if column == 0 else x + ENDS + GAP + (column - 1) * (self.box + GAP)

    @property
    def _end_x(self) -> float:
        last = len(self.graph.steps) - (self.bands - 1) * self.columns
        return self.column(last + 1)

    @property
    def _forward(self) -> float:
        return max([each.height for each in self.labels], default=46)

    @property
    def _back(self) -> float:
        boxes: list[Label] = [*self.back_labels.values(), self.failure_label, self.report_label]
        return max(each.height for each in boxes)

    @property
    def _rows(self) -> float:
        return RAIL + self._forward + 26 + CHIP + 30 + self._back

    def _top(self, band: int) -> float:
        return MARGIN + TITLE * len(self.title) + 10 + band * (self._rows + TURN)

    def _forward_y(self, band: int) -> float:
        return self._top(band) + RAIL

    def _journal_y(self, band: int) -> float:
        return self._forward_y(band) + self._forward + 26

    def _back_y(self, band: int) -> float:
        return self._journal_y(band) + CHIP + 30

    def _x_of(self, step: int) -> float:
        return self.column(step % self.columns + 1)

    @staticmethod
    def _pill(x: float, centre: float, height: float) -> Rect:
        return Rect(x, centre - height / 2, ENDS, height)
