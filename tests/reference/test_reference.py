"""The pages are what the generator makes of the sources, and lead where they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sternway_templates.lint.catalogue import RULES
from sternway_templates.lint.findings import page_of

from tests.conftest import ROOT

from . import DOCS, FOLDERS, pages


def test_the_pages_are_as_the_sources_have_it() -> None:
    made = pages()
    old = [path.name for path, text in made.items() if not path.is_file() or path.read_text() != text]
    assert not old, "python -m tests.reference makes them anew"
    for folder in FOLDERS:
        assert set((DOCS / folder).iterdir()) <= made.keys(), "a page of what there is not"


def test_each_rule_has_a_page_with_an_example_and_findings_name_it() -> None:
    for rule in RULES:
        text = (ROOT / page_of(rule.id)).read_text()
        assert text.startswith(f"# {rule.id}\n")
        assert "```diff" in text, rule.id
        assert "\n> " in text, rule.id


def test_a_block_that_has_no_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tests.reference as reference

    for path in pages():
        if path.parent == reference.DOCS:
            (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "lint.md").write_text("# Lint\n")
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    with pytest.raises(ValueError, match="there is no place for 'rules'"):
        pages()


WEB = "name: web\nnamespace: default\nimage: localhost/app:1\nport: 80\nverify: {deadline: 5s}\n"
WRONG = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec: {entrypoint: b, templates: [{name: a, suspend: {}}]}\n"
SAID = [
    ["plan", "-c", "web.yaml", "--sandbox"], ["run", "-c", "web.yaml", "--sandbox", "--run", "one"], ["run", "-c", "web.yaml", "--sandbox", "--set", "image=registry.example/nope:9"],
    ["runs", "--sandbox"], ["show", "one", "--sandbox"], ["status", "-c", "web.yaml", "--sandbox"], ["unhold", "-c", "web.yaml", "--sandbox"],
    ["rollback", "one", "--sandbox"], ["steps"], ["config", "show", "-c", "web.yaml"], ["lint", "wrong.yaml"], ["explain", "Held"], ["show", "nothing", "--sandbox"],
]  # fmt: skip
TYPES = {
    "run-started", "step-started", "step-progress", "step-ended", "undo-started", "run-ended", "plan-object", "run", "target", "unheld", "step", "config-value", "finding", "error-explained", "error",
}  # fmt: skip


def test_every_field_that_programs_are_told_is_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(WEB)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    rows = dict(re.findall(r"^\| ([\w, -]+) \| (.*)\|$", (ROOT / "docs/reference/events.md").read_text(), re.M))
    fields = {kind: set(re.findall(r"\w+", text)) for kinds, text in rows.items() for kind in kinds.split(", ")}
    seen = set()
    for words in SAID:
        done = subprocess.run([sys.executable, "-m", "sternway_steps", *words, "--output", "json"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        for line in map(json.loads, done.stdout.splitlines()):
            kind = line.pop("type")
            assert line.pop("schema") == 1
            of_any_event = {"time", "run", "namespace"} if "time" in line else set()
            assert not line.keys() - fields.get(kind, set()) - of_any_event, (kind, words)
            seen.add(kind)
    assert seen >= TYPES
