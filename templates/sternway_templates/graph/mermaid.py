"""A saga as Mermaid text, which GitHub draws."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sternway_steps.step import Effects

from .model import BESIDE, DONE, FAILURE, FAILURE_NOTE, REPORT, REPORT_NOTE, STAYS, Graph, ShownStep

# All but these is written as an entity: Mermaid reads quotes, brackets, markdown and its own # in a label too.
_PLAIN = re.compile(r"[A-Za-z0-9 ,'-]")
_CLASSES = {
    "plain": "fill:#f6f8fa,stroke:#8c959f",
    "forward": "fill:#eaf2fb,stroke:#4f86c0",
    "stays": "fill:#fff5e0,stroke:#bf8a2c,stroke-dasharray:5 3",
    "journal": "fill:#f5f1e6,stroke:#a8986a",
    "undo": "fill:#eaf6ee,stroke:#4f9a6f",
    "failed": "fill:#fcedec,stroke:#c4625b",
}
# It shines through, and its text keeps the colour of the theme.
_BESIDE = "fill:#8c959f1a,stroke:#8c959f"
_CLASS_OF = {Effects.NONE: "plain", Effects.REVERSIBLE: "forward", Effects.IRREVERSIBLE: "stays"}


def mermaid(graph: Graph) -> str:
    """Return a graph as a flowchart. Names that users chose stand in labels only; the ids are made here."""
    ids = {step.name: number for number, step in enumerate(graph.steps, 1)}
    forward = [[f"s{ids[step.name]}" for step in group.steps] for group in graph.groups]
    undo = [[f"u{ids[name]}" for name in names] for names in graph.undo]
    lines = [
        "flowchart LR",
        f"  accTitle: {_line(graph.title)}",
        f"  accDescr: {_line(graph.description)}",
        f'  start(["{_label(graph.name, graph.deadline)}"]):::plain',
        *(f'  s{ids[step.name]}["{_step(step)}"]:::{_CLASS_OF[step.effects]}' for step in graph.steps),
        f'  ok(["{_label(DONE)}"]):::undo',
        *_way("start", forward, "ok"),
    ]
    for step in graph.steps:
        if step.journaled:
            number = ids[step.name]
            lines.append(f'  j{number}[("{_label("journal", "intent, evidence")}")]:::journal')
            lines.append(f"  s{number} -.-> j{number}")
    for name in graph.stays:
        lines.append(f'  k{ids[name]}(["{_label(STAYS, name)}"]):::stays')
        lines.append(f"  j{ids[name]} -.-> k{ids[name]}")
    for name in (name for names in graph.undo for name in names):
        lines.append(f'  u{ids[name]}["{_label(f"undo {name}")}"]:::undo')
        lines.append(f"  j{ids[name]} -.-> u{ids[name]}")
    lines += [
        f'  failed(["{_label(FAILURE, FAILURE_NOTE)}"]):::failed',
        f'  report["{_label(REPORT, REPORT_NOTE)}"]:::plain',
        *_way("failed", undo, "report"),
        *_at_end(graph),
        # The text's colour belongs to the fill: in GitHub's dark theme it would be light on light.
        *(f"  classDef {name} {style},color:#1f2328" for name, style in _CLASSES.items()),
    ]
    return "\n".join(lines) + "\n"


def _at_end(graph: Graph) -> Iterator[str]:
    """Yield the steps that run when the run has ended, behind each end that they wait for."""
    for number, (name, on) in enumerate(graph.on_end, 1):
        yield f'  e{number}["{_label(name, f"on: {on}")}"]:::plain'
    for end, node in (("success", "ok"), ("failure", "report")):
        stops = [f"e{number}" for number, (_, on) in enumerate(graph.on_end, 1) if on in (end, "always")]
        if stops:
            yield f"  {node} -.-> {' & '.join(stops)}"


def _way(start: str, groups: Sequence[Sequence[str]], end: str) -> Iterator[str]:
    """Yield a way, and frames around nodes of one group: an edge goes to a frame, and so to all nodes in it.

    Edges from each to each would be a hundred between two groups of ten; Mermaid draws no more than 500 in all.
    """
    stops = []
    for nodes in groups:
        if len(nodes) > 1:
            yield f'  subgraph g{nodes[0]}["{_escaped(BESIDE)}"]'
            yield from (f"    {node}" for node in nodes)
            yield "  end"
            # A class of it would not win over the theme's own colours.
            yield f"  style g{nodes[0]} {_BESIDE}"
        stops.append(f"g{nodes[0]}" if len(nodes) > 1 else nodes[0])
    yield f"  {' --> '.join([start, *stops, end])}"


def _step(step: ShownStep) -> str:
    return _label(step.name, *([f"uses {step.uses}"] if step.uses else []), ", ".join(step.notes))


def _label(name: str, *notes: str) -> str:
    small = "".join(f"<br/><small>{_escaped(note)}</small>" for note in notes)
    return f"<b>{_escaped(name)}</b>{small}"


def _escaped(text: str) -> str:
    return "".join(c if _PLAIN.fullmatch(c) else f"#{ord(c) if c.isprintable() else 0xFFFD};" for c in text)


def _line(text: str) -> str:
    """Return a title, which Mermaid reads to the end of the line, or up to a comment or a next statement."""
    return "".join(c if c.isprintable() and c not in ";#%<>{}&" else " " for c in text)
