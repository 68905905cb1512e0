"""Where things stand in the picture of a saga: nothing meets, all is on the page, and lines lead where they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.step import Effects, StepSpec
from sternway_templates.graph import lines
from sternway_templates.graph.geometry import Rect, Stop
from sternway_templates.graph.layout import Layout
from sternway_templates.graph.lines import Line, Point
from sternway_templates.graph.model import describe
from sternway_templates.graph.svg import svg

from tests.unit.graph.test_graph import GROUPS, NONE, PLANS, SVG, each_plan, names

# The widest advance among common fixed-width fonts, in em; the sizes stand in the picture's own style.
LETTER = 0.602


@st.composite
def any_plan(draw: st.DrawFn) -> Plan:
    sizes = draw(st.lists(st.integers(1, 5), max_size=9))
    steps = iter(range(sum(sizes)))
    lengths, effects = st.sampled_from((1, 9, 14, 25, 63)), st.sampled_from(Effects)
    return Plan(
        tuple(
            tuple(
                PlannedStep(
                    f"{next(steps)}".ljust(draw(lengths), "m"),
                    StepSpec(draw(st.sampled_from(("deploy", "w" * 63))), effects=draw(effects)),
                    retries=draw(st.integers(0, 2)),
                    deadline=draw(st.sampled_from((None, 90.0))),
                )
                for _ in range(size)
            )
            for size in sizes
        )
    )


@dataclass
class Words:
    """A line of text as it stands on the page."""

    kind: str
    text: str
    at: Rect


class Page:
    """A picture, read from its SVG."""

    def __init__(self, plan: Plan, name: str = "web") -> None:
        self.root = ElementTree.fromstring(svg(describe(name, plan, 900.0)))
        self.width, self.height = (float(self.root.get(key, "nan")) for key in ("width", "height"))
        rects = [
            (str(r.get("class")), Rect(*(float(r.get(key, "nan")) for key in ("x", "y", "width", "height"))))
            for r in self.root.iter(f"{SVG}rect")
        ]
        self.page = next(rect for kind, rect in rects if kind == "page")
        self.frames = [rect for kind, rect in rects if kind == "group"]
        self.boxes = [rect for kind, rect in rects if kind not in ("page", "group")]
        sizes = {
            kind: float(size)
            for kinds, size in re.findall(r"([.\w,]+)\{font-size:(\d+)px", str(self.root.findtext(f"{SVG}style")))
            for kind in re.findall(r"\w+", kinds)
        }
        self.words = [self._words(element, sizes) for element in self.root.iter(f"{SVG}text")]

    @staticmethod
    def _words(element: ElementTree.Element, sizes: dict[str, float]) -> Words:
        kind, text = str(element.get("class")), element.text or ""
        x, y, size = float(element.get("x", "nan")), float(element.get("y", "nan")), sizes[kind.split()[0]]
        width = len(text) * LETTER * size
        left = x if kind in ("title", "row") else x - width / 2
        return Words(kind, text, Rect(left, y - 0.8 * size, width, size))


def meet(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def within(a: Rect, b: Rect) -> bool:
    return b.x <= a.x and a.right <= b.right and b.y <= a.y and a.bottom <= b.bottom


def around(a: Point, b: Point) -> Rect:
    """Give the rectangle of a line's part; where it ends at a box it doesn't meet it."""
    return Rect(min(a[0], b[0]), min(a[1], b[1]), max(abs(a[0] - b[0]), 0.01), max(abs(a[1] - b[1]), 0.01))


def parts(drawn: Iterable[Line]) -> list[Rect]:
    return [around(*part) for line in drawn for part in pairwise(line.points)]


def holds(rect: Rect, point: Point) -> bool:
    return rect.x <= point[0] <= rect.right and rect.y <= point[1] <= rect.bottom


def run_together(a: Rect, b: Rect) -> bool:
    """Tell whether two parts of lines share more than the point where they cross."""
    return meet(a, b) and max(min(a.right, b.right) - max(a.x, b.x), min(a.bottom, b.bottom) - max(a.y, b.y)) > 0.1


def check_boxes(plan: Plan, name: str) -> None:
    """Every text stands in its own box, or at the head of its frame; nothing overlaps or leaves the page."""
    page = Page(plan, name)
    assert within(page.page, Rect(0, 0, page.width, page.height))
    assert all(within(rect, page.page) and rect.x > page.page.x for rect in (*page.boxes, *page.frames))
    for rects in (page.boxes, page.frames):
        assert not [(a, b) for n, a in enumerate(rects) for b in rects[n + 1 :] if meet(a, b)]
    assert not [
        (box, frame) for box in page.boxes for frame in page.frames if meet(box, frame) and not within(box, frame)
    ]
    for words in page.words:
        assert within(words.at, page.page), words
        if words.kind in ("name", "note"):
            holders = [rect for rect in page.boxes if within(words.at, rect)]
            heads = [
                rect
                for rect in page.frames
                if within(words.at, rect) and not any(meet(words.at, b) for b in page.boxes)
            ]
            assert len(holders or heads) == 1, words
        if words.kind == "note head":
            assert sum(within(words.at, frame) for frame in page.frames) == 1, words
            assert not any(meet(words.at, box) for box in page.boxes), words
    texts = [words.at for words in page.words]
    assert not [(a, b) for n, a in enumerate(texts) for b in texts[n + 1 :] if meet(a, b)]


def check_ways(plan: Plan) -> None:
    """Each way leads from all of a group to all of the next one and to nothing else, and its arrows stand there."""
    layout = Layout(describe("web", plan, 900.0))
    numbers = {step.name: number for number, group in enumerate(plan.groups) for step in group}
    forward = [layout.start, *(layout.forward(number) for number in range(len(plan.groups))), layout.done]
    undo = [layout.back(numbers[group[0].name]) for group in plan.undo_groups(names(plan.steps))]
    assert [len(stop.boxes) for stop in forward[1:-1]] == [len(group) for group in plan.groups]
    assert [len(stop.boxes) for stop in undo if stop] == [len(g) for g in plan.undo_groups(names(plan.steps))]
    follow(list(lines.forward(layout)), forward, rightwards=True)
    follow(
        list(lines.back(layout)), [layout.failure, *(stop for stop in undo if stop), layout.report], rightwards=False
    )


def follow(drawn: Sequence[Line], stops: Sequence[Stop], *, rightwards: bool) -> None:
    def side(box: Rect, *, right: bool) -> Point:
        return (box.right if right else box.x), box.middle[1]

    entries = [{side(box, right=not rightwards) for box in stop.boxes} for stop in stops]
    for stop, wanted in zip(stops, entries[1:], strict=False):
        for box in stop.boxes:
            reached, waiting = set(), [side(box, right=rightwards)]
            while waiting:
                ends = [line.points[-1] for line in drawn if line.points[0] == waiting[-1]]
                waiting.pop()
                reached |= set(ends)
                waiting += ends
            assert reached & set().union(*entries) == wanted
    assert {line.points[-1] for line in drawn if line.tip} == set().union(*entries[1:])


def check_lines(plan: Plan) -> None:
    """The two ways don't cross each other; no line crosses a box or the head of a frame, or a frame that isn't its own."""
    layout, page = Layout(describe("web", plan, 900.0)), Page(plan)
    on, back = list(lines.forward(layout)), list(lines.back(layout))
    broken, kept = list(lines.failure(layout)), list(lines.kept(layout))
    assert not [(a, b) for a in parts(on) for b in parts(back) if meet(a, b)]
    assert not [(a, b) for a in parts(broken) for b in parts([*on, *back]) if run_together(a, b)]
    heads = [words.at for words in page.words if words.kind in ("note head", "row", "title")]
    for line in (*on, *back, *broken, *kept):
        for part in parts([line]):
            assert within(part, page.page), line
            assert not [rect for rect in (*page.boxes, *heads) if meet(part, rect)], line
            assert all(holds(frame, line.points[0]) for frame in page.frames if meet(part, frame)), line
    assert not [(a, b) for a in parts(kept) for b in parts([*on, *back, *broken]) if meet(a, b)]


def check_failures(plan: Plan) -> None:
    """From each step a line goes to where the undo starts."""
    layout = Layout(describe("web", plan, 900.0))
    drawn = list(lines.failure(layout))
    failure = layout.failure.around
    for number in range(len(plan.groups)):
        for box in layout.forward(number).boxes:
            (line,) = (line for line in drawn if holds(box, line.points[0]))
            for _ in drawn:
                if line.tip:
                    break
                end = line.points[-1]
                line = next(
                    other for other in drawn if other is not line and any(holds(p, end) for p in parts([other]))
                )
            assert line.tip
            assert line.points[-1] == (failure.right, failure.middle[1])


def check_journals(plan: Plan) -> None:
    """From each group that changes anything a line goes to its journal, and on to its undo or to what stays."""
    layout = Layout(describe("web", plan, 900.0))
    drawn = [(line.points[0], line.points[-1]) for line in lines.kept(layout)]
    wanted = []
    for number, group in enumerate(plan.groups):
        chip, undo = layout.journal(number), layout.back(number)
        assert (chip is not None) == any(step.spec.effects is not NONE for step in group)
        if chip is not None:
            x, below = chip.middle[0], undo.around if undo else layout.stays(number)
            assert below is not None
            wanted += [((x, layout.forward(number).around.bottom), (x, chip.y)), ((x, chip.bottom), (x, below.y))]
            assert below.x < x < below.right
    assert drawn == wanted


@each_plan
def test_every_text_stands_in_its_box_and_everything_on_the_page(plan: Plan) -> None:
    check_boxes(plan, "m" * 63)
    page = Page(plan, "m" * 63)
    titles = [words.at.bottom for words in page.words if words.kind == "title"]
    layout = Layout(describe("m" * 63, plan, 900.0))
    highest = min([*(box.y for box in page.boxes), *(part.y for part in parts(lines.failure(layout)))])
    assert max(titles) < highest, "the title stands above everything"


@each_plan
def test_each_way_leads_from_group_to_group_in_the_order_of_the_plan(plan: Plan) -> None:
    check_ways(plan)
    check_failures(plan)
    check_journals(plan)


@each_plan
def test_the_two_ways_cross_neither_each_other_nor_a_box(plan: Plan) -> None:
    check_lines(plan)


@given(any_plan())
@settings(max_examples=60, deadline=None)
def test_all_of_it_holds_for_any_plan(plan: Plan) -> None:
    check_boxes(plan, "web")
    check_ways(plan)
    check_lines(plan)
    check_failures(plan)
    check_journals(plan)


@pytest.mark.parametrize("name", ["many", "bands", "long groups"])
def test_many_groups_go_on_in_a_row_below(name: str) -> None:
    layout = Layout(describe("web", PLANS[name], 900.0))
    assert len(layout.bands) > 1
    assert layout.forward(0).y == layout.forward(1).y < layout.forward(layout.per_band).y


@each_plan
def test_the_page_is_narrow_enough_to_be_read(plan: Plan) -> None:
    assert Layout(describe("web", plan, 900.0)).width < 1300, "a README's column would draw it too small to read"


def test_the_steps_of_a_group_stand_below_each_other() -> None:
    layout = Layout(describe("web", GROUPS["services"], 900.0))
    api, web, jobs = layout.forward(1).boxes
    assert api.x == web.x == jobs.x
    assert api.bottom < web.y < web.bottom < jobs.y
    assert web.middle[1] == layout.start.y == layout.done.y
