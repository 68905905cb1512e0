"""The picture of a saga: it shows what the plan says, whatever the names, and is written whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load
from sternway_steps.saga.plan import Plan, PlannedStep, make_plan
from sternway_steps.step import Effects, StepSpec
from sternway_templates.graph.draw import write
from sternway_templates.graph.mermaid import mermaid
from sternway_templates.graph.model import describe, duration
from sternway_templates.graph.svg import svg
from sternway_templates.graph.text import wrapped

from tests.conftest import WEB
from tests.helpers import sternway

SVG = "{http://www.w3.org/2000/svg}"
NONE, REVERSIBLE, IRREVERSIBLE = Effects
WEIRD = ['a"b`<i>x</i>', "end", "1. & [x](y)", "-->", "#quot;{x}|", "%% \x00\n;done)]", "]]>"]


def plan_of(*steps: tuple[str, Effects], uses: str = "") -> Plan:
    return groups_of(*([step] for step in steps), uses=uses)


def groups_of(*groups: Sequence[tuple[str, Effects]], uses: str = "") -> Plan:
    return Plan(
        tuple(tuple(PlannedStep(n, StepSpec(uses or n, effects=effects)) for n, effects in steps) for steps in groups)
    )


def ten(start: str, effects: Effects = REVERSIBLE) -> list[tuple[str, Effects]]:
    return [(f"{start}-{number}", effects) for number in range(10)]


MIXED = plan_of(
    ("validate", NONE), ("deploy", REVERSIBLE), ("migrate", IRREVERSIBLE), ("again", REVERSIBLE), ("verify", NONE)
)
SERVICES = groups_of(
    [("validate", NONE)], [("api", REVERSIBLE), ("web", REVERSIBLE), ("jobs", REVERSIBLE)], [("verify", NONE)]
)
GROUPS = {
    "services": SERVICES,
    "ten": groups_of([("validate", NONE)], ten("service"), [("verify", NONE)], uses="deploy"),
    "tens": groups_of(ten("a"), ten("b"), ten("c")),
    "effects": groups_of(
        [("validate", NONE)],
        [("api", REVERSIBLE), ("schema", IRREVERSIBLE), ("lint", NONE)],
        [("one", REVERSIBLE), ("check", NONE)],
        [("two", REVERSIBLE), ("three", REVERSIBLE), ("mail", IRREVERSIBLE)],
        [("verify", NONE)],
    ),
    "nothing undone": groups_of(ten("mail", IRREVERSIBLE), ten("looks", NONE), [("a", IRREVERSIBLE), ("b", NONE)]),
    "at the ends": groups_of([("a", REVERSIBLE), ("b", NONE)], [("c", REVERSIBLE)], [("d", NONE), ("e", REVERSIBLE)]),
    "bands": groups_of(
        *(
            [(f"step-{n}-{i}", (REVERSIBLE, NONE, IRREVERSIBLE)[(n + i) % 3]) for i in range(n % 4 + 1)]
            for n in range(13)
        )
    ),
    "long groups": groups_of(
        *([(f"{n}{i}" + "m" * 61, tuple(Effects)[i]) for i in range(3)] for n in range(4)), uses="w" * 63
    ),
    "weird groups": groups_of([(name, REVERSIBLE) for name in WEIRD[:4]], [(name, IRREVERSIBLE) for name in WEIRD[4:]]),
}
PLANS = {
    "mixed": MIXED,
    "empty": Plan(()),
    "harmless": plan_of(("validate", NONE)),
    "many": plan_of(*((f"step-{n}", (REVERSIBLE, NONE, IRREVERSIBLE)[n % 3]) for n in range(20))),
    "long": plan_of(*((f"{n}" + "m" * 62, REVERSIBLE) for n in range(7)), uses="w" * 63),
    "weird": plan_of(*((name, REVERSIBLE) for name in WEIRD)),
    **GROUPS,
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


def way(text: str, first: str) -> list[list[str]]:
    """Give the nodes on a way; those of a frame that it goes to are side by side."""
    frames = {
        ident: nodes.split()
        for ident, nodes in re.findall(
            r'^  subgraph (\w+)\["side by side"\]\n((?:    \w+\n)+)  end$', text, re.MULTILINE
        )
    }
    (line,) = (line for line in text.splitlines() if line.startswith(f"  {first} -->"))
    stops = [frames.pop(ident, [ident]) for ident in line.strip().split(" --> ")]
    assert all(len(nodes) > 1 for nodes in frames.values()), "one alone needs no frame"
    return stops


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


@each_plan
def test_mermaid_shows_the_groups_in_order_and_the_undo_as_the_plan_gives_it(plan: Plan) -> None:
    text = mermaid(describe("web", plan, 900.0))
    nodes, undo = labels(text), plan.undo_groups(names(plan.steps))
    (start, *forward, ok), (failed, *back, report) = way(text, "start"), way(text, "failed")
    assert [[nodes[i][0] for i in group] for group in forward] == [list(map(printable, names(g))) for g in plan.groups]
    assert [[nodes[i][0] for i in group] for group in back] == [
        [printable(f"undo {step.name}") for step in group] for group in undo
    ]
    assert [start, ok, failed, report] == [["start"], ["ok"], ["failed"], ["report"]]
    drawn = [ident for ident in nodes if ident.startswith("j")]
    assert len(drawn) == sum(step.spec.effects is not NONE for step in plan.steps)
    assert text.count("subgraph") == sum(len(group) > 1 for group in (*plan.groups, *undo)) == text.count("  style ")
    assert text.count("--> ") + text.count("-.-> ") < 500, "Mermaid draws no more lines"


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
            r'|  \w+(\[""\]|\(\[""\]\)|\[\(""\)\]):::\w+|  \w+( (-->|-\.->) \w+)+'
            r'|  subgraph g\w+\[""\]|    [su]\d+|  end|  style g\w+ [\w#:,]+',
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
    assert shown.count("intent, evidence") == sum(any(s.spec.effects is not NONE for s in g) for g in plan.groups)
    assert shown.count("side by side") == sum(
        len(group) > 1 for group in (*plan.groups, *plan.undo_groups(names(plan.steps)))
    )
    assert shown.count("stays") == len(plan.stays_of(names(plan.steps)))
    for ident in re.findall(r"url\(#(\w+)\)", text):
        assert by_id[ident].tag == f"{SVG}marker"


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


def test_the_description_tells_what_runs_side_by_side() -> None:
    said = describe("web", SERVICES, 900.0).description
    assert "Forward: validate, then api, web and jobs side by side, then verify." in said
    assert "in this order: api, web and jobs side by side, then report." in said
    said = describe("web", GROUPS["effects"], 900.0).description
    assert "in this order: two and three side by side, then one, then api, then report." in said
    assert "What schema and mail did stays." in said


def test_small_print_that_holds_for_a_whole_group_stands_once() -> None:
    api, web = (PlannedStep(name, StepSpec("deploy", effects=REVERSIBLE)) for name in ("api", "web"))
    root = ElementTree.fromstring(svg(describe("web", Plan(((api, replace(web, retries=0)),)), None)))
    shown = [element.text for element in root.iter(f"{SVG}text")]
    assert [shown.count(words) for words in ("uses deploy", "can be undone", "2 retries", "no retries")] == [1] * 4
    assert "of each step" in shown


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

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
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


def test_what_runs_at_the_end_stands_behind_the_ends_that_it_waits_for() -> None:
    ending = (
        PlannedStep("told", StepSpec("command"), on="always"),
        PlannedStep("page", StepSpec("command"), on="failure"),
    )
    graph = describe("web", replace(MIXED, on_end=ending), None)
    assert "After a success run told, which" in graph.description
    assert "After a failure run told and page, which" in graph.description
    text = mermaid(graph)
    assert "  ok -.-> e1\n" in text
    assert "  report -.-> e1 & e2\n" in text
    words = [element.text for element in ElementTree.fromstring(svg(graph)).iter(f"{SVG}text")]
    assert words.count("then told") == 2
    assert words.count("then page") == 1
