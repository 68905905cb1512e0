"""A saga as an SVG picture: the way forward above, the journal below it, the undo from right to left."""

from __future__ import annotations

import html
from collections.abc import Iterator

from sternway_steps.step import Effects

from . import lines
from .geometry import Rect, Stop
from .layout import MARGIN, TITLE, Layout
from .model import START, Graph
from .stack import Stack
from .style import GROUPS, STYLE
from .text import LINE, SMALL, Label

_CLASS_OF = {Effects.NONE: "plain", Effects.REVERSIBLE: "forward", Effects.IRREVERSIBLE: "stays"}


def svg(graph: Graph) -> str:
    """Return a graph as SVG. The picture brings its own background and needs no font, script or file."""
    layout = Layout(graph)
    width, height = f"{layout.width:g}", f"{layout.height:g}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" aria-labelledby="title description">',
        f'<title id="title">{_escaped(graph.title)}</title>',
        f'<desc id="description">{_escaped(graph.description)}</desc>',
        f"<style>{STYLE}{GROUPS if any(column.several for column in layout.columns) else ''}</style>",
        f"<defs>{''.join(_tip(kind) for kind in ('on', 'back', 'kept', 'broken'))}</defs>",
        f'<rect class="page" x="0.5" y="0.5" width="{layout.width - 1:g}" height="{layout.height - 1:g}" rx="10"/>',
        *_head(layout),
        *_frames(layout),
        *_lines(layout),
        *_boxes(layout),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(layout: Layout) -> Iterator[str]:
    for number, line in enumerate(layout.title):
        yield _text("title", MARGIN, MARGIN + 12 + number * TITLE, line)
    for band in layout.bands:
        for word, y in (
            ("execute", band.forward_y),
            ("journal", band.journal_y + band.journal / 2),
            ("rollback", band.back_y),
        ):
            yield _text("row", MARGIN, y + 4, word)


def _frames(layout: Layout) -> Iterator[str]:
    for number in range(len(layout.columns)):
        for stop in (layout.forward(number), layout.back(number)):
            if stop and stop.frame:
                yield _rect("group", stop.frame, 12)


def _lines(layout: Layout) -> Iterator[str]:
    for kind, drawn in (
        ("broken", lines.failure(layout)),
        ("on", lines.forward(layout)),
        ("back", lines.back(layout)),
        ("kept", lines.kept(layout)),
    ):
        for line in drawn:
            end = f' marker-end="url(#{kind})"' if line.tip else ""
            yield f'<path class="line {kind}" d="{lines.path(line.points)}"{end}/>'


def _boxes(layout: Layout) -> Iterator[str]:
    yield from _box("plain", layout.start.around, Label((START,), (layout.graph.deadline,)), rx=23)
    yield from _box("undo", layout.done.around, layout.done_label, rx=23)
    yield from _box("failed", layout.failure.around, layout.failure_label, rx=23)
    yield from _box("plain", layout.report.around, layout.report_label)
    for number in range(len(layout.columns)):
        yield from _column(layout, number)


def _column(layout: Layout, number: int) -> Iterator[str]:
    column = layout.columns[number]
    kinds = [_CLASS_OF[step.effects] for step in column.group.steps]
    yield from _stop(kinds, layout.forward(number), layout.forward_stack(number))
    if column.journal and (chip := layout.journal(number)):
        yield from _box("journal", chip, column.journal, rx=15)
    if (stack := layout.back_stack(number)) and (stop := layout.back(number)):
        yield from _stop(["undo"] * len(stack.labels), stop, stack)
    elif column.stays and (pill := layout.stays(number)):
        yield from _box("stays", pill, column.stays, rx=12)


def _stop(kinds: list[str], stop: Stop, stack: Stack) -> Iterator[str]:
    if stop.head and stack.head:
        yield from _words(stop.head, stack.head, first="note head")
    for kind, box, label in zip(kinds, stop.boxes, stack.labels, strict=True):
        yield from _box(kind, box, label)
    if stop.foot and stack.foot:
        yield from _box("stays", stop.foot, stack.foot, rx=12)


def _box(kind: str, at: Rect, label: Label, rx: float = 8) -> Iterator[str]:
    yield _rect(kind, at, rx)
    yield from _words(at, label)


def _words(at: Rect, label: Label, first: str = "note") -> Iterator[str]:
    x, centre = at.middle
    y = centre - label.text_height / 2
    for name in label.names:
        yield _text("name", x, y + 14, name)
        y += LINE
    for number, note in enumerate(label.notes):
        yield _text("note" if number else first, x, y + 11, note)
        y += SMALL


def _rect(kind: str, at: Rect, rx: float) -> str:
    size = f'x="{at.x:g}" y="{at.y:g}" width="{at.width:g}" height="{at.height:g}"'
    return f'<rect class="{kind}" {size} rx="{rx:g}" stroke-width="1.4"/>'


def _tip(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8"'
        f' markerUnits="userSpaceOnUse" orient="auto"><path class="tip-{kind}" d="M0 0.5L8 4L0 7.5z"/></marker>'
    )


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    """Escape what means something in XML, and replace what may not stand in it at all."""
    return html.escape("".join(c if c.isprintable() else "\ufffd" for c in text))
