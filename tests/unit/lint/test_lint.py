"""The command `sternway lint`: what it reads, how it shows findings, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.yamltree.parser import parse_all
from sternway_templates.lint.catalogue import RULES
from sternway_templates.lint.check import check
from sternway_templates.lint.cron import wrong_schedule
from sternway_templates.lint.documents import read
from sternway_templates.lint.findings import Finding, Severity
from sternway_templates.lint.formats import as_github
from sternway_templates.lint.tags import guarded, variables

from tests.conftest import ROOT, WEB
from tests.helpers import command
from tests.unit.lint.test_check import CRON, DAG, RBAC, SAGA

BAD = SAGA.replace("onExit: undo", "onExit: undoo")
ACCOUNT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: a, namespace: shop}
spec: {serviceAccountName: saga, entrypoint: a, templates: [{name: a, suspend: {}}]}
"""
WARNS = SAGA.replace("command: [unmake], ", "")


def lint(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command("lint", *arguments), input=stdin, capture_output=True, timeout=60, check=False, cwd=cwd
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_findings_name_file_line_column_rule_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    done = lint("a.yaml", cwd=tmp_path)
    assert done.returncode == Exit.REFUSED
    assert "a.yaml:6:11: error unknown-template: onExit names the template 'undoo', which is not there; did you mean undo? (docs/reference/lint/unknown-template.md)\n" in done.stdout  # fmt: skip
    assert "1 error, 0 warnings in 1 workflow of 1 file\n" in done.stderr


def test_warnings_fail_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WARNS)
    lax, strict, ignored = lint("a.yaml", cwd=tmp_path), lint("a.yaml", "--strict", cwd=tmp_path), lint("a.yaml", "--strict", "--ignore", "missing-command", cwd=tmp_path)  # fmt: skip
    assert [lax.returncode, strict.returncode, ignored.returncode] == [Exit.DONE, Exit.REFUSED, Exit.DONE]
    assert lax.stdout == strict.stdout != ""
    assert ignored.stdout == ""


def test_a_folder_and_standard_input_are_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/b.yml").write_text(BAD)
    (tmp_path / "deep/c.json").write_text(json.dumps({"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1"}))
    (tmp_path / "notes.txt").write_text("a: b: c")
    done = lint(str(tmp_path), "-", "--output", "json", stdin=RBAC.replace("create, patch", "get").encode())
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(Path(f["file"]).name, f["rule"]) for f in found} == {("b.yml", "unknown-template"), ("c.json", "wrong-shape"), ("stdin", "rbac-too-small")}  # fmt: skip
    assert all(
        f["schema"] == 1
        and f["type"] == "finding"
        and f["line"]
        and f["column"]
        and f["remedy"]
        and f["page"] == f"docs/reference/lint/{f['rule']}.md"
        for f in found
    )
    assert done.returncode == Exit.REFUSED


def test_a_role_in_another_file_counts() -> None:
    workflow, rest = RBAC.split("---\n", 1)
    whole = read(["-"], (workflow + "---\n" + rest.replace("create, patch", "get")).encode())
    assert [finding.rule for finding in check(whole)] == ["rbac-too-small"]


def test_github_commands_are_escaped() -> None:
    from sternway_steps.yamltree.errors import SourceLocation

    finding = Finding(SourceLocation("a,b:c%.yaml", 3, 7), "x", Severity.WARNING, "50%\r\nof: a, b", "do")
    assert (
        as_github(finding)
        == "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=7,title=x::50%25%0D%0Aof: a, b; do (docs/reference/lint/x.md)"
    )
    done = lint("-", "-o", "github", stdin=BAD.encode())
    assert done.stdout.startswith("::error file=stdin,line=6,col=11,title=unknown-template::")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"a: b: c", 1, "no valid YAML"),
        (b"", 1, "no YAML document"),
        (b"# nothing\n---\n", 1, "no YAML document"),
        (b"\x00\x01\x02\xff\xfe", 1, "no UTF-8 text"),
        (b"\x00\x01", 1, "no valid YAML"),
        (b"just words", 1, "no Kubernetes object"),
        (b"kind: A\nkind: B", 2, "stands twice"),
        (BAD.encode() + b"---\na: [\n", 39, "no valid YAML"),
        (b"a: &a [*a]", 1, "holds itself"),
        (b"[" * 100_000, 1, "no valid YAML"),
        (b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(8)), 1, "over 100000 values"),
    ],
    ids=["broken", "empty", "comment", "binary", "nul", "words", "twice", "second", "loop", "deep", "bomb"],
)  # fmt: skip
def test_broken_input_is_named_with_its_line_and_never_a_traceback(content: bytes, line: int, why: str) -> None:
    done = lint("-", stdin=content)
    assert done.returncode == Exit.USAGE
    assert why in done.stderr
    assert f"stdin:{line}:" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_broken_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD + "---\nkind: A\nkind: B\n---\n" + CRON.replace("Forbid", "Replace"))
    done = lint("a.yaml", "no-such.yaml", "-o", "json", cwd=tmp_path)
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert [s["type"] for s in shown] == ["finding", "finding", "error", "error"]
    assert {s.get("rule") for s in shown} == {"unknown-template", "cron-replace", None}
    assert done.returncode == Exit.USAGE
    assert "no-such.yaml: there is no such file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a file"),
        (("x", "--ignore", "rot-outputs"), "did you mean root-outputs?"),
        (("x", "-o", "xml"), "xml"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    done = lint(*arguments)
    assert done.returncode == Exit.USAGE
    assert said in done.stderr


def test_comments_switch_rules_off() -> None:
    line = BAD.replace("onExit: undoo", "onExit: undoo  # sternway-lint: ignore=unknown-template")
    top = "# sternway-lint: ignore=root-outputs, unknown-template\n" + BAD
    second = DAG + "--- # sternway-lint: ignore=unknown-template\n" + BAD
    other = top.replace("unknown-template", "privileged")
    elsewhere = DAG.replace("kind", "# sternway-lint: ignore=unknown-template\nkind", 1) + "---\n" + BAD
    counts = [len(check(read(["-"], text.encode()))) for text in (BAD, line, top, second, other, elsewhere)]
    assert counts == [1, 0, 0, 0, 1, 1]


def test_the_catalogue_is_listed() -> None:
    text, data = lint("--rules"), lint("--rules", "-o", "json")
    rules = [json.loads(line) for line in data.stdout.splitlines()]
    assert (
        [rule["id"] for rule in rules]
        == [rule.id for rule in RULES]
        == [t.split()[0] for t in text.stdout.splitlines()]
    )
    assert all(rule["why"] and rule["source"] and rule["severity"] in ("error", "warning") for rule in rules)
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_a_finding_leads_to_what_its_rule_says(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    found = lint("a.yaml", cwd=tmp_path)
    words = found.stderr.splitlines()[-1].removeprefix("why: sternway lint ").split()
    told = lint(*words)
    assert told.returncode == Exit.DONE
    assert told.stdout.splitlines()[:2] == ["unknown-template (error)", "  Find calls of templates that do not exist."]
    assert "  Why: Argo refuses a template that is not there;" in told.stdout
    assert [json.loads(line)["id"] for line in lint(*words, "-o", "json").stdout.splitlines()] == ["unknown-template"]
    assert "did you mean unknown-template?" in lint("--explain", "unknown-templat").stderr
    assert "why:" not in lint("a.yaml", "-o", "json", cwd=tmp_path).stderr


def test_a_list_of_objects_and_objects_of_other_kinds() -> None:
    inside = [
        {"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1"},
        {"kind": "Workflow", "apiVersion": "other.io/v1"},
    ]
    text = json.dumps({"kind": "List", "items": [*inside, {"kind": "Sensor", "spec": {"onExit": "x"}}, 7]})
    findings = check(read(["-"], (text + "\n---\n- op: add\n---\nno: kind\n").encode()))
    assert [finding.rule for finding in findings] == ["wrong-shape"]


def test_shapes_that_nobody_expects_are_no_bugs() -> None:
    """Every value of a good document is replaced by every kind of junk in turn; no rule may stumble over it."""
    tried = 0
    for document in (SAGA, DAG, CRON.split("---")[0], RBAC.split("---\n", 1)[1] + "---\n" + ACCOUNT):
        objects = list(yaml.safe_load_all(document))
        for holder, key in places_in(objects):
            before = holder[key]
            for junk in (None, 7, "", [], {}, [[{"name": ["x"]}]], {"name": {"name": 1}}):
                holder[key] = junk
                check(read(["-"], "\n---\n".join(map(json.dumps, objects)).encode()))
                tried += 1
            holder[key] = before
    assert tried > 1000


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places_in(value[key])


@pytest.mark.parametrize(
    ("schedule", "good"),
    [("* * * * *", True), ("0 0 29 2 ?", True), ("@hourly", True), ("@every 5m", True), ("0-59/5 * * * sun", True),
     ("60 * * * *", False), ("* * 0 * *", False), ("* * * 13 *", False), ("* * * * 7", False), ("5-2 * * * *", False),
     ("*/0 * * * *", False), ("* * * *", False), ("* * * * * *", False), ("@reboot", False), ("* * L * *", False),
     ("", False), ("1,2,x * * * *", False), ("@every soon", False)],
)  # fmt: skip
def test_schedules_are_read_as_argo_reads_them(schedule: str, good: bool) -> None:
    assert bool(wrong_schedule(schedule)) != good


def test_variables_are_found_in_expressions() -> None:
    text = """inputs.parameters['a-b'] + steps["x"].outputs.result + 'item.no' + foo.item + asInt(item.yes)"""
    assert [str(v) for v in variables(text)] == ["inputs.parameters.a-b", "steps.x.outputs.result", "item.yes"]
    assert guarded("a?.b")
    assert not guarded("a ? b : c")


def test_a_stream_is_read_document_by_document() -> None:
    errors: list[object] = []
    nodes = parse_all("a: 1\n---\nb: 1\nb: 2\n---\n\n---\nc: 3\n--- {\n", "x", errors)  # type: ignore[arg-type]
    assert [node.data() for node in nodes] == [{"a": 1}, {"c": 3}]
    assert [str(error)[:5] for error in errors] == ["x:4:1", "x:10:"]


def test_what_we_generate_has_no_findings(tmp_path: Path) -> None:
    pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
    from sternway_steps.registry.load import load_with_source
    from sternway_templates.argo.pipeline import pipeline
    from sternway_templates.output import write

    path = tmp_path / "sternway.yaml"
    path.write_text(WEB.read_text() + "schedule: 30 2 * * *\ndeploy: {prune: true}\n")
    write(pipeline(*load_with_source(path, overrides=("namespace=shop",))), tmp_path / "argo")
    whole = read([str(tmp_path / "argo")], b"")
    assert len(whole.objects) > 5
    assert check(whole) == []


EXAMPLES = sorted(
    file for glob in ("*/argo.yaml", "*/argo/*.yaml") for file in (ROOT / "templates/examples").glob(glob)
)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_examples_have_no_findings(file: Path) -> None:
    whole = read([str(file)], b"")
    assert not whole.broken
    assert check(whole) == []


def test_lint_needs_no_hera() -> None:
    code = "import sys, sternway_templates.lint.command; print(sorted(m for m in sys.modules if m.split('.')[0] in ('hera', 'kubernetes', 'croniter')))"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env={**os.environ})  # fmt: skip
    assert done.stdout.strip() == "[]"
