"""The picture of a saga: it shows what the plan says, whatever the names, and is written whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import load
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.plan import Plan, PlannedStep, make_plan
from sternway_steps.step import Effects, StepSpec
from sternway_templates.graph import lines
from sternway_templates.graph.command import write
from sternway_templates.graph.layout import Layout, Rect
from sternway_templates.graph.mermaid import mermaid
from sternway_templates.graph.model import describe, duration
from sternway_templates.graph.svg import svg
from sternway_templates.graph.text import wrapped

from tests.conftest import WEB
from tests.helpers import sternway

SVG = "{http://www.w3.org/2000/svg}"
NONE, REVERSIBLE, IRREVERSIBLE = Effects
# The widest advance among common fixed-width fonts, in em; the sizes stand in the picture's own style.
LETTER = 0.602
WEIRD = ['a"b`<i>x</i>', "end", "1. & [x](y)", "-->", "#quot;{x}|", "%% \x00\n;done)]", "]]>"]


def plan_of(*steps: tuple[str, Effects], uses: str = "") -> Plan:
    return Plan(tuple((PlannedStep(name, StepSpec(uses or name, effects=effects)),) for name, effects in steps))


MIXED = plan_of(
    ("validate", NONE), ("deploy", REVERSIBLE), ("migrate", IRREVERSIBLE), ("again", REVERSIBLE), ("verify", NONE)
)
PLANS = {
    "mixed": MIXED,
    "empty": Plan(()),
    "harmless": plan_of(("validate", NONE)),
    "many": plan_of(*((f"step-{n}", (REVERSIBLE, NONE, IRREVERSIBLE)[n % 3]) for n in range(20))),
    "long": plan_of(*((f"{n}" + "m" * 62, REVERSIBLE) for n in range(7)), uses="w" * 63),
    "weird": plan_of(*((name, REVERSIBLE) for name in WEIRD)),
}
each_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def names(steps: Sequence[PlannedStep]) -> list[str]:
    return [step.name for step in steps]


def labels(text: str) -> dict[str, tuple[str, str]]:
    """Read a flowchart's nodes as Mermaid does: id, then name and class."""
    found = re.findall(r'^  (\w+)[\[(]+"<b>([^"]*?)</b>([^"]*)"[\])]+:::(\w+)$', text, re.MULTILINE)
    return {ident: (decoded(name), kind) for ident, name, _, kind in found}


def decoded(label: str) -> str:
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), label)


def chain(text: str, first: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.startswith(f"  {first} -->"))
    return line.strip().split(" --> ")


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


@each_plan
def test_mermaid_shows_the_steps_in_order_and_the_undo_as_the_plan_gives_it(plan: Plan) -> None:
    text = mermaid(describe("web", plan, 900.0))
    nodes, all_names = labels(text), names(plan.steps)
    forward, back = chain(text, "start"), chain(text, "failed")
    assert [nodes[ident][0] for ident in forward[1:-1]] == [printable(name) for name in all_names]
    assert [nodes[ident][0] for ident in back[1:-1]] == [
        printable(f"undo {step.name}") for step in plan.undo_of(all_names)
    ]
    assert (forward[-1], back[-1]) == ("ok", "report")
    drawn = [ident for ident in nodes if ident.startswith("j")]
    assert len(drawn) == sum(step.spec.effects is not NONE for step in plan.steps)


def test_mermaid_shows_what_stays() -> None:
    text = mermaid(describe("web", MIXED, 900.0))
    nodes = labels(text)
    assert nodes["s3"] == ("migrate", "stays")
    assert [ident for ident in nodes if ident.startswith("k")] == ["k3"]
    assert "j3 -.-> k3" in text
    assert "u3" not in nodes, "what can't be undone has no undo"


@each_plan
def test_no_name_reaches_mermaids_grammar(plan: Plan) -> None:
    text = mermaid(describe('we"ird\n%%{init: {}}%% <script>', plan, None))
    for line in text.splitlines():
        bare = re.sub(r'"(<b>|</b>|<br/>|<small>|</small>|#\d+;|[A-Za-z0-9 ,\'-])*"', '""', line)
        assert re.fullmatch(
            r"flowchart LR|  acc(Title|Descr): [^;#%<>{}&\"]*|  classDef \w+ [\w#:,\- ]+"
            r'|  \w+(\[""\]|\(\[""\]\)|\[\(""\)\]):::\w+|  \w+( (-->|-\.->) \w+)+',
            bare.replace('"', "") if "acc" in line[:5] else bare,
        ), line


@each_plan
def test_svg_is_accessible_xml_that_loads_nothing_and_shows_all(plan: Plan) -> None:
    text = svg(describe('we"ird\x07 <&> ]]>', plan, 900.0))
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    assert [by_id[ident].tag for ident in str(root.get("aria-labelledby")).split()] == [f"{SVG}title", f"{SVG}desc"]
    assert root.findtext(f"{SVG}title") == 'The saga of we"ird\ufffd <&> ]]>'
    assert "prefers-color-scheme:dark" in str(root.findtext(f"{SVG}style"))
    assert not re.search(r"<script|@import|@font-face|href|url\((?!#)|\son\w+=", text)
    shown = "".join(element.text or "" for element in root.iter(f"{SVG}text"))
    for name in (*names(plan.steps), *(f"undo {step.name}" for step in plan.undo_of(names(plan.steps)))):
        assert printable(name).replace(" ", "") in shown.replace(" ", "")
    assert shown.count("intent, evidence") == sum(step.spec.effects is not NONE for step in plan.steps)
    assert shown.count("stays") == len(plan.stays_of(names(plan.steps)))
    for ident in re.findall(r"url\(#(\w+)\)", text):
        assert by_id[ident].tag == f"{SVG}marker"


@each_plan
def test_every_text_stands_in_its_box_and_everything_on_the_page(plan: Plan) -> None:
    root = ElementTree.fromstring(svg(describe("m" * 63, plan, 900.0)))
    style = str(root.findtext(f"{SVG}style"))
    letter = {
        kind: LETTER * float(size)
        for kinds, size in re.findall(r"([.\w,]+)\{font-size:(\d+)px", style)
        for kind in re.findall(r"\w+", kinds)
    }
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    boxes = [
        Rect(*(float(box.get(key, "nan")) for key in ("x", "y", "width", "height"))) for box in root.iter(f"{SVG}rect")
    ]
    page, boxes = boxes[0], boxes[1:]
    assert page.right <= width
    assert all(page.x < box.x and box.right < page.right and box.bottom < page.bottom for box in boxes)
    assert not any(meet(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    ways = [
        [float(number) for number in re.findall(r"-?[\d.]+", str(path.get("d")))]
        for path in root.iter(f"{SVG}path")
        if str(path.get("class")).startswith("line ")
    ]
    highest = min([*(box.y for box in boxes), *(y for way in ways for y in way[1::2])])
    for element in root.iter(f"{SVG}text"):
        kind, text = str(element.get("class")), element.text or ""
        x, y = float(element.get("x", "nan")), float(element.get("y", "nan"))
        if kind == "title":
            assert x + len(text) * letter[kind] < width
            assert y + 4 < highest, "the title stands above everything"
        if kind in ("name", "note"):
            half = len(text) * letter[kind] / 2
            inside = [box for box in boxes if box.x < x - half and x + half < box.right and box.y < y < box.bottom]
            assert len(inside) == 1, f"{text!r} stands in no box"
    assert all(0 <= x <= width for way in ways for x in way[::2])
    assert all(0 <= y <= height for way in ways for y in way[1::2])


def meet(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


@each_plan
def test_the_undo_goes_from_box_to_box_in_the_order_of_the_plan(plan: Plan) -> None:
    graph = describe("web", plan, 900.0)
    layout = Layout(graph)
    where = {step.name: layout.back(number) for number, step in enumerate(plan.steps)}
    wanted = [layout.failure, *(where[step.name] for step in plan.undo_of(names(plan.steps))), layout.report]
    drawn = list(lines.back(layout))
    assert [line[0] for line in drawn] == [(box.x, box.middle[1]) for box in wanted[:-1]]
    assert [line[-1] for line in drawn] == [(box.right, box.middle[1]) for box in wanted[1:]]
    forward = [layout.start, *(layout.forward(number) for number in range(len(plan.steps))), layout.done]
    assert [line[-1] for line in lines.forward(layout)] == [(box.x, box.middle[1]) for box in forward[1:]]


@each_plan
def test_the_two_ways_cross_neither_each_other_nor_a_box(plan: Plan) -> None:
    layout = Layout(describe("web", plan, 900.0))
    on = [part for line in lines.forward(layout) for part in pairwise(line)]
    back = [part for line in lines.back(layout) for part in pairwise(line)]
    assert not [(a, b) for a in on for b in back if meet(around(*a), around(*b))]
    steps = [layout.forward(number) for number in range(len(plan.steps))]
    undone = [layout.back(n) for n, step in enumerate(plan.steps) if step.undoable]
    assert not [(part, box) for part in (*on, *back) for box in (*steps, *undone) if meet(around(*part), box)]


def around(a: lines.Point, b: lines.Point) -> Rect:
    """Give the rectangle of a line's part; where it ends at a box it doesn't meet it."""
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return Rect(x, y, max(abs(a[0] - b[0]), 0.01), max(abs(a[1] - b[1]), 0.01))


def test_many_steps_go_on_in_a_row_below() -> None:
    layout = Layout(describe("web", PLANS["many"], 900.0))
    assert layout.bands > 1
    assert layout.forward(0).y == layout.forward(1).y < layout.forward(layout.columns).y
    assert layout.width < 1300, "a README's column would draw it too small to read"


def test_the_small_print_says_what_is_used_and_how_often_it_is_tried() -> None:
    step = PlannedStep("smoke", StepSpec("verify"), retries=0, deadline=90.0)
    text = mermaid(describe("web", Plan(((step,),)), None))
    root = ElementTree.fromstring(svg(describe("web", Plan(((step,),)), None)))
    for words in ("uses verify", "changes nothing", "no retries", "1m30s a try", "no deadline"):
        assert words in text
        assert words in [element.text for element in root.iter(f"{SVG}text")]


def test_the_description_tells_the_order_and_what_stays() -> None:
    said = describe("web", MIXED, 900.0).description
    assert "Forward: validate, deploy, migrate, again, verify." in said
    assert "in this order: again, deploy, report." in said
    assert "What migrate did stays." in said
    assert "stays" not in describe("web", PLANS["harmless"], 900.0).description


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.25, "250ms"), (90, "1m30s"), (900, "15m"), (3723.5, "1h2m3s500ms"), (86400, "24h")]
)  # fmt: skip
def test_durations_are_written_as_the_configuration_writes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    "text", ["", "a", "m" * 63, "one two three four five", "a-name-of-many-parts-" * 3, " - " * 20]
)
def test_wrapping_loses_nothing_but_blanks(text: str) -> None:
    broken = wrapped(text, 9)
    assert all(len(line) <= 9 for line in broken)
    assert "".join(broken).replace(" ", "") == text.replace(" ", "")


def test_the_command_draws_the_plan_that_is_run(tmp_path: Path) -> None:
    config = load(WEB)
    plan = make_plan(config.steps, {name: step.spec for name, step in builtin_steps().items()})
    graph, out = describe(config.name, plan, config.deadline), tmp_path / "saga.SVG"
    out.write_text("old")
    shown = sternway("graph", "-c", str(WEB), kubeconfig="/none")
    as_svg = sternway("graph", "-c", str(WEB), "--format", "svg", kubeconfig="/none")
    written = sternway("graph", "-c", str(WEB), "-o", str(out), kubeconfig="/none")
    assert (shown.returncode, shown.stdout) == (0, mermaid(graph)), shown.stderr
    assert (as_svg.returncode, as_svg.stdout) == (0, svg(graph)), as_svg.stderr
    assert (written.returncode, out.read_text()) == (0, svg(graph)), written.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["saga.SVG"], "nothing is left beside it"
    shown = sternway("graph", "--help", kubeconfig="/none").stdout
    assert "\n  Example: sternway graph --config sternway.yaml --output saga.svg\n" in shown


def test_the_command_needs_neither_hera_nor_a_client() -> None:
    code = (
        "import sys; sys.modules['hera'] = None\n"
        "from sternway_templates.graph.command import graph\n"
        f"graph(['-c', {str(WEB)!r}], standalone_mode=False)\n"
        "assert not {'kubernetes', 'urllib3'} & set(sys.modules), 'a client was loaded'\n"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STERNWAY_")}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("flowchart LR\n")


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--format", "dot"], Exit.USAGE, "'mermaid', 'svg'"),
        (["--output", "saga.png"], Exit.USAGE, "saga.png: its ending names no format"),
        (["--set", "replicas=x"], Exit.USAGE, "--set replicas: replicas:"),
        (["--config", "none.yaml"], Exit.USAGE, "none.yaml: the file can't be read"),
        (["--output", "{tmp}/no/saga.svg"], Exit.REFUSED, "mkdir -p {tmp}/no"),
        (["--output", "{tmp}", "--format", "svg"], Exit.REFUSED, "is no file"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, arguments: list[str], code: Exit, why: str) -> None:
    (tmp_path / "empty").mkdir()
    filled = [word.format(tmp=tmp_path) for word in arguments]
    done = sternway("graph", "-c", str(WEB), *filled, kubeconfig="/none")
    assert (done.returncode, done.stdout) == (code, "")
    assert why.format(tmp=tmp_path) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_mistake_in_the_file_is_named_by_line_and_field(tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text("name: web\nimage: web:1\nreplicas: many\n")
    done = sternway("graph", "-c", str(tmp_path / "sternway.yaml"), "-o", str(tmp_path / "x.svg"), kubeconfig="/none")
    assert done.returncode == Exit.USAGE
    assert f"{tmp_path}/sternway.yaml:3:11: replicas:" in done.stderr
    assert not (tmp_path / "x.svg").exists()


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "saga.svg"
    file.write_text("old")

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Refused, match="No space left") as refused:
        write("new", file)
    assert refused.value.remedy
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("saga.svg", "old")]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to("real.svg")
    write("new", tmp_path / "link.svg")
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "real.svg").read_text() == "new"
