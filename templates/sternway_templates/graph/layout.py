"""Where everything stands on the page: groups in columns, in bands of three rows, as many bands as needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, count

from .band import TURN, Band, Extent, highest
from .column import Column
from .geometry import Rect, Stop
from .model import DONE, FAILURE, FAILURE_NOTE, REPORT, REPORT_NOTE, Graph
from .stack import Stack
from .text import NAME, PAD, label, wrapped

MARGIN, GAP = 28, 38
TITLE = 24
LABELS = 76
ENDS = 128
# A page much wider than a README's column would be drawn too small to read.
_MOST_WIDTH = 760
_SHORTEST, _LONGEST = 13, 22
_HEIGHT = 46
"""The height of a box that holds one word."""


class Layout:
    """The page of one graph. Groups are counted from 0, and so are bands."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        # Boxes below each other are low only when what they say stands in one line.
        undone = [f"undo {name}" for group in graph.groups for name in group.undo if len(group.steps) > 1]
        longest = max((len(name) for name in (*undone, *(step.name for step in graph.steps))), default=0)
        self.box = math.ceil(min(max(longest, _SHORTEST), _LONGEST) * NAME) + 2 * PAD
        self.failure_label = label(ENDS, FAILURE, [FAILURE_NOTE])
        then = {end: [f"then {name}" for name in graph.after(end)] for end in ("success", "failure")}
        self.report_label = label(ENDS, REPORT, [REPORT_NOTE, *then["failure"]])
        self.done_label = label(ENDS, DONE, then["success"])
        self.columns = tuple(Column(group, self.box) for group in graph.groups)
        self.slots = _slots([column.room for column in self.columns]) or [self.box]

    @property
    def per_band(self) -> int:
        """How many groups stand in a band."""
        return len(self.slots)

    def band_of(self, group: int) -> int:
        """Return the band in which a group stands."""
        return group // self.per_band

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """The bands from top to bottom."""
        bands: list[Band] = []
        for first in range(0, max(1, len(self.columns)), self.per_band):
            top = bands[-1].bottom + TURN if bands else MARGIN + TITLE * len(self.title) + 10
            bands.append(self._band(top, self.columns[first : first + self.per_band]))
        return tuple(bands)

    @cached_property
    def width(self) -> float:
        """The width of the page."""
        return self.rail + MARGIN

    @cached_property
    def height(self) -> float:
        """The height of the page."""
        return self.bands[-1].bottom + MARGIN

    @cached_property
    def title(self) -> tuple[str, ...]:
        """The title, in lines that fit."""
        return wrapped(self.graph.title, int((self.width - 2 * MARGIN) / (NAME * 17 / 14)))

    @property
    def rail(self) -> float:
        """The x of the line that failures run along on the right."""
        return self.x(self.per_band + 1) + ENDS + 28

    def forward_stack(self, group: int) -> Stack:
        """Return the boxes of a group's steps."""
        return self.columns[group].forward(self._alone[0])

    def back_stack(self, group: int) -> Stack | None:
        """Return the boxes of a group's undo, if anything is undone."""
        return self.columns[group].back(self._alone[1])

    def forward(self, group: int) -> Stop:
        """Return the positions of a group's steps."""
        return self.forward_stack(group).at(self._centre(group), self._band_of(group).forward_y)

    def journal(self, group: int) -> Rect | None:
        """Return the rectangle of a group's journal, if there is one."""
        return self.columns[group].journal_at(self._centre(group), self._band_of(group).journal_y)

    def back(self, group: int) -> Stop | None:
        """Return the positions of a group's undo, if anything is undone."""
        stack = self.back_stack(group)
        return stack.at(self._centre(group), self._band_of(group).back_y) if stack else None

    def stays(self, group: int) -> Rect | None:
        """Return the rectangle of the text on what stays, if nothing of a group is undone."""
        return self.columns[group].stays_at(self._centre(group), self._band_of(group).back_top)

    @property
    def start(self) -> Stop:
        """The position of the start of a run."""
        return _end(self.x(0), self.bands[0].forward_y, _HEIGHT)

    @property
    def done(self) -> Stop:
        """The position of the end of a run that succeeded."""
        return _end(self._end_x, self.bands[-1].forward_y, self._done_height)

    @property
    def failure(self) -> Stop:
        """The position of the start of the undo."""
        return _end(self._end_x, self.bands[-1].back_y, self.failure_label.height)

    @property
    def report(self) -> Stop:
        """The position of the report, at the end of the undo."""
        return _end(self.x(0), self.bands[0].back_y, self.report_label.height)

    def x(self, column: int) -> float:
        """Return the x of a column: 0 is the column of the start and the report, 1 the first group."""
        widths = [ENDS, *self.slots]
        return [*accumulate((width + GAP for width in widths), initial=MARGIN + LABELS)][column]

    @property
    def _done_height(self) -> float:
        return self.done_label.height if self.done_label.notes else _HEIGHT

    @property
    def _end_x(self) -> float:
        return self.x(len(self.columns) - (len(self.bands) - 1) * self.per_band + 1)

    def _centre(self, group: int) -> float:
        column = group % self.per_band
        return self.x(column + 1) + self.slots[column] / 2

    def _band_of(self, group: int) -> Band:
        return self.bands[self.band_of(group)]

    @cached_property
    def _alone(self) -> tuple[float, float]:
        """The heights of a step and of an undo that stand alone, in all bands."""
        steps = [each.height for column in self.columns if not column.several for each in column.labels]
        undone = [each.height for column in self.columns for each in column.back_labels if len(column.back_labels) == 1]
        back = max(*undone, self.failure_label.height, self.report_label.height)
        return max([*steps, self._done_height]), back

    def _band(self, top: float, columns: Sequence[Column]) -> Band:
        step, undo = self._alone
        forward = [Extent(step / 2, step / 2), *(column.forward(step).extent for column in columns)]
        back = [Extent(undo / 2, undo / 2), *(column.back_extent(undo) for column in columns)]
        journal = max([column.journal_height for column in columns], default=30)
        return Band(top, highest(forward), journal, highest(back))


def _end(x: float, y: float, height: float) -> Stop:
    return Stop((Rect(x, y - height / 2, ENDS, height),), y)


def _slots(rooms: Sequence[float]) -> list[float]:
    """Return the widths of a band's columns: as many groups as fit, and about as many in each band."""
    for bands in count(1):
        size = math.ceil(len(rooms) / bands)
        slots = [max(rooms[column::size]) for column in range(size)]
        if size < 2 or sum(slots) + size * GAP <= _MOST_WIDTH:
            return slots
    raise AssertionError
