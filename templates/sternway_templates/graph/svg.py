"""A saga as an SVG picture: the way forward above, the journal below it, the undo back from right to left."""

from __future__ import annotations

import html
from collections.abc import Iterator

from sternway_steps.step import Effects

from . import lines
from .layout import MARGIN, TITLE, Layout, Rect
from .model import DONE, START, STAYS, Graph
from .style import STYLE
from .text import LINE, PAD, SMALL, Label

_CLASS_OF = {Effects.NONE: "plain", Effects.REVERSIBLE: "forward", Effects.IRREVERSIBLE: "stays"}


def svg(graph: Graph) -> str:
    """Draw a graph. The picture brings its own background and needs no font, script or file."""
    layout = Layout(graph)
    width, height = f"{layout.width:g}", f"{layout.height:g}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" aria-labelledby="title description">',
        f'<title id="title">{_escaped(graph.title)}</title>',
        f'<desc id="description">{_escaped(graph.description)}</desc>',
        f"<style>{STYLE}</style>",
        f"<defs>{''.join(_tip(kind) for kind in ('on', 'back', 'kept', 'broken'))}</defs>",
        f'<rect class="page" x="0.5" y="0.5" width="{layout.width - 1:g}" height="{layout.height - 1:g}" rx="10"/>',
        *_head(layout),
        *_lines(layout),
        *_boxes(layout),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(layout: Layout) -> Iterator[str]:
    for number, line in enumerate(layout.title):
        yield _text("title", MARGIN, MARGIN + 12 + number * TITLE, line)
    for band in range(layout.bands):
        for word, y in (
            ("execute", layout.forward_middle(band)),
            ("journal", layout.journal_middle(band)),
            ("rollback", layout.back_middle(band)),
        ):
            yield _text("row", MARGIN, y + 4, word)


def _lines(layout: Layout) -> Iterator[str]:
    for points in lines.failure(layout):
        yield _line("broken", points, tip=len(points) > 2)
    for points in lines.forward(layout):
        yield _line("on", points)
    for points in lines.back(layout):
        yield _line("back", points)
    for number, step in enumerate(layout.graph.steps):
        if step.journaled:
            chip, below = layout.journal(number), layout.back(number)
            x = chip.middle[0]
            yield _line("kept", [(x, layout.forward(number).bottom), (x, chip.y)])
            yield _line("kept", [(x, chip.bottom), (x, below.y)])


def _boxes(layout: Layout) -> Iterator[str]:
    yield from _box("plain", layout.start, Label((START,), (layout.graph.deadline,)), rx=23)
    yield from _box("undo", layout.done, Label((DONE,)), rx=23)
    yield from _box("failed", layout.failure, layout.failure_label, rx=23)
    yield from _box("plain", layout.report, layout.report_label)
    for number, step in enumerate(layout.graph.steps):
        yield from _box(_CLASS_OF[step.effects], layout.forward(number), layout.labels[number])
        if step.journaled:
            yield from _box("journal", layout.journal(number), Label((), ("intent, evidence",)), rx=15)
        if step.name in layout.back_labels:
            yield from _box("undo", layout.back(number), layout.back_labels[step.name])
        elif step.journaled:
            below = layout.back(number)
            yield from _box("stays", Rect(below.x + 40, below.y, below.width - 80, 24), Label((), (STAYS,)), rx=12)


def _box(kind: str, at: Rect, label: Label, rx: float = 8) -> Iterator[str]:
    size = f'x="{at.x:g}" y="{at.y:g}" width="{at.width:g}" height="{at.height:g}"'
    yield f'<rect class="{kind}" {size} rx="{rx:g}" stroke-width="1.4"/>'
    x, centre = at.middle
    y = centre - (label.height - 2 * PAD) / 2
    for name in label.names:
        yield _text("name", x, y + 14, name)
        y += LINE
    for note in label.notes:
        yield _text("note", x, y + 11, note)
        y += SMALL


def _line(kind: str, points: list[lines.Point], *, tip: bool = True) -> str:
    end = f' marker-end="url(#{kind})"' if tip else ""
    return f'<path class="line {kind}" d="{lines.path(points)}"{end}/>'


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
