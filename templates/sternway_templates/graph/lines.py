"""The lines of the picture: the way forward, the undo, the journal's, and the line of failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .geometry import Rect, Stop
from .layout import Layout

Point = tuple[float, float]
_ROUND = 10.0
# How far from the edge of a frame lines fork and join, and how far from a box the line of failure stands.
_FORK, _TRUNK = 11, 11
_STUB = 12


class Line(NamedTuple):
    """A line of horizontal and vertical parts; `tip` says whether it ends in an arrow."""

    points: Sequence[Point]
    tip: bool = True


def forward(layout: Layout) -> Iterator[Line]:
    """Yield the way from the start through all groups to the end, as one line from box to box."""
    stops: list[Stop | list[Point]] = [layout.start]
    for number in range(len(layout.columns)):
        if number and layout.band_of(number) != layout.band_of(number - 1):
            stops.append(_down(layout, layout.band_of(number - 1)))
        stops.append(layout.forward(number))
    return _between([*stops, layout.done], rightwards=True)


def back(layout: Layout) -> Iterator[Line]:
    """Yield the way from the failure through all that is undone to the report; it bypasses what has no undo."""
    numbers = {step.name: number for number, group in enumerate(layout.graph.groups) for step in group.steps}
    stops: list[Stop | list[Point]] = [layout.failure]
    band = len(layout.bands) - 1
    for names in layout.graph.undo:
        number = numbers[names[0]]
        for above in range(band - 1, layout.band_of(number) - 1, -1):
            stops.append(_up(layout, above))
        band = layout.band_of(number)
        stop = layout.back(number)
        stops += [stop] if stop else []
    stops += [_up(layout, above) for above in range(band - 1, -1, -1)]
    return _between([*stops, layout.report], rightwards=False)


def failure(layout: Layout) -> Iterator[Line]:
    """Yield the lines from the steps to the line of failures above them."""
    for number in range(len(layout.columns)):
        stop, rail = layout.forward(number), layout.bands[layout.band_of(number)].rail
        x = stop.boxes[0].right + _TRUNK if stop.frame else stop.boxes[0].middle[0]
        if stop.frame:
            for box in stop.boxes:
                yield Line([(box.right, box.y + _STUB), (x, box.y + _STUB)], tip=False)
            yield Line([(x, stop.boxes[-1].y + _STUB), (x, rail)], tip=False)
        else:
            yield Line([(x, stop.boxes[0].y), (x, rail)], tip=False)
        if number == 0:
            yield Line([(x, rail), *_to_failure(layout, rail)])
        elif number % layout.per_band == 0:
            yield Line([(x, rail), (layout.rail, rail)], tip=False)


def kept(layout: Layout) -> Iterator[Line]:
    """Yield the lines from the steps to their journal, and from there to their undo, or to the text on what stays."""
    for number in range(len(layout.columns)):
        chip, back = layout.journal(number), layout.back(number)
        below = back.around if back else layout.stays(number)
        if chip and below:
            x = chip.middle[0]
            yield Line([(x, layout.forward(number).around.bottom), (x, chip.y)])
            yield Line([(x, chip.bottom), (x, below.y)])


def path(points: Sequence[Point]) -> str:
    """Return a line with round bends as the data of an SVG path."""
    words = [f"M{_pair(points[0])}"]
    for before, bend, after in zip(points, points[1:], points[2:], strict=False):
        words.append(f"L{_pair(_towards(bend, before))}Q{_pair(bend)} {_pair(_towards(bend, after))}")
    return "".join([*words, f"L{_pair(points[-1])}"])


def _to_failure(layout: Layout, rail: float) -> list[Point]:
    end = layout.failure.around
    return [(layout.rail, rail), (layout.rail, end.middle[1]), (end.right, end.middle[1])]


def _down(layout: Layout, band: int) -> list[Point]:
    """Return the bends of the way forward from a band to the next; they never meet those of the undo."""
    above, below = layout.bands[band : band + 2]
    left, right, y = layout.x(0) + 84, layout.x(layout.per_band + 1) + 72, above.bottom + 30
    return [(right, above.forward_y), (right, y), (left, y), (left, below.forward_y)]


def _up(layout: Layout, band: int) -> list[Point]:
    """Return the bends of the undo from the next band up to this one."""
    above, below = layout.bands[band : band + 2]
    left, right, y = layout.x(0) + 36, layout.x(layout.per_band + 1) + 24, above.bottom + 12
    return [(left, below.back_y), (left, y), (right, y), (right, above.back_y)]


def _between(stops: Iterable[Stop | list[Point]], *, rightwards: bool) -> Iterator[Line]:
    line: list[Point] = []
    for stop in stops:
        if isinstance(stop, list):
            line += stop
            continue
        enter, leave = _sides(stop.around, rightwards)
        if line:
            yield Line([*line, (enter, stop.y)], tip=stop.frame is None)
        if stop.frame is not None:
            yield from _within(stop, enter, leave, rightwards)
        line = [(leave, stop.y)]


def _within(stop: Stop, enter: float, leave: float, rightwards: bool) -> Iterator[Line]:
    """Yield the lines that fork to the boxes in a frame, and join behind them."""
    on = 1 if rightwards else -1
    for box in stop.boxes:
        before, behind = _sides(box, rightwards)
        y = box.middle[1]
        yield Line(_bent((enter, stop.y), enter + on * _FORK, (before, y)))
        yield Line(_bent((behind, y), leave - on * _FORK, (leave, stop.y)), tip=False)


def _sides(box: Rect, rightwards: bool) -> tuple[float, float]:
    return (box.x, box.right) if rightwards else (box.right, box.x)


def _bent(start: Point, turn: float, end: Point) -> list[Point]:
    return [start, end] if start[1] == end[1] else [start, (turn, start[1]), (turn, end[1]), end]


def _towards(bend: Point, other: Point) -> Point:
    """Return the point a little way from a bend towards another point; all lines are horizontal or vertical."""
    distance = abs(other[0] - bend[0]) + abs(other[1] - bend[1])
    part = min(_ROUND, distance / 2) / distance if distance else 0.0
    return bend[0] + (other[0] - bend[0]) * part, bend[1] + (other[1] - bend[1]) * part


def _pair(point: Point) -> str:
    return f"{point[0]:g} {point[1]:g}"
