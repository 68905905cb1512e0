"""The lines of the picture: the way forward, the undo, the journal's, and the one on which failures run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .layout import Layout, Rect

Point = tuple[float, float]
_ROUND = 10.0


def forward(layout: Layout) -> Iterator[list[Point]]:
    """Give the way from start through all steps to the end, as one line from box to box."""
    stops: list[Rect | list[Point]] = [layout.start]
    for number in range(len(layout.graph.steps)):
        if number and layout.band_of(number) != layout.band_of(number - 1):
            stops.append(_down(layout, layout.band_of(number - 1)))
        stops.append(layout.forward(number))
    return _between([*stops, layout.done], rightwards=True)


def back(layout: Layout) -> Iterator[list[Point]]:
    """Give the way from the failure through all that is undone to the report; it passes by what has no undo."""
    numbers = {step.name: number for number, step in enumerate(layout.graph.steps)}
    stops: list[Rect | list[Point]] = [layout.failure]
    band = layout.bands - 1
    for name in layout.graph.undo:
        number = numbers[name]
        for above in range(band - 1, layout.band_of(number) - 1, -1):
            stops.append(_up(layout, above))
        band = layout.band_of(number)
        stops.append(layout.back(number))
    stops += [_up(layout, above) for above in range(band - 1, -1, -1)]
    return _between([*stops, layout.report], rightwards=False)


def failure(layout: Layout) -> Iterator[list[Point]]:
    """Give the lines from the steps to a rail above them; what joins another line has two points."""
    for number in range(len(layout.graph.steps)):
        step, rail = layout.forward(number), layout.rail_y(layout.band_of(number))
        x = step.middle[0]
        yield [(x, step.y), (x, rail)]
        if number % layout.columns == 0:
            yield [(x, rail), (layout.rail, rail)] if number else [(x, rail), *_to_failure(layout, rail)]


def _to_failure(layout: Layout, rail: float) -> list[Point]:
    end = layout.failure
    return [(layout.rail, rail), (layout.rail, end.middle[1]), (end.right, end.middle[1])]


def path(points: Sequence[Point]) -> str:
    """Write a line with round bends as the data of an SVG path."""
    words = [f"M{_pair(points[0])}"]
    for before, bend, after in zip(points, points[1:], points[2:], strict=False):
        words.append(f"L{_pair(_towards(bend, before))}Q{_pair(bend)} {_pair(_towards(bend, after))}")
    return "".join([*words, f"L{_pair(points[-1])}"])


def _down(layout: Layout, band: int) -> list[Point]:
    """Give the bends of the way forward from a band to the next; they never meet those of the undo."""
    y = layout.below(band) + 30
    left, right = layout.column(0) + 84, layout.column(layout.columns + 1) + 72
    return [(right, layout.forward_middle(band)), (right, y), (left, y), (left, layout.forward_middle(band + 1))]


def _up(layout: Layout, band: int) -> list[Point]:
    """Give the bends of the undo from the band below a band to it."""
    y = layout.below(band) + 12
    left, right = layout.column(0) + 36, layout.column(layout.columns + 1) + 24
    return [(left, layout.back_middle(band + 1)), (left, y), (right, y), (right, layout.back_middle(band))]


def _between(stops: Iterable[Rect | list[Point]], *, rightwards: bool) -> Iterator[list[Point]]:
    line: list[Point] = []
    for stop in stops:
        if isinstance(stop, list):
            line += stop
            continue
        enter, leave = (stop.x, stop.right) if rightwards else (stop.right, stop.x)
        if line:
            yield [*line, (enter, stop.middle[1])]
        line = [(leave, stop.middle[1])]


def _towards(bend: Point, other: Point) -> Point:
    """Give the point a little way from a bend towards another point; all lines are level or upright."""
    distance = abs(other[0] - bend[0]) + abs(other[1] - bend[1])
    part = min(_ROUND, distance / 2) / distance if distance else 0.0
    return bend[0] + (other[0] - bend[0]) * part, bend[1] + (other[1] - bend[1]) * part


def _pair(point: Point) -> str:
    return f"{point[0]:g} {point[1]:g}"
