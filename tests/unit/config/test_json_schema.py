"""The configuration's JSON Schema takes what the form takes, and refuses what the form refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft7Validator
from sternway_steps.builtin import builtin_steps
from sternway_steps.config.json_schema import duration_text
from sternway_steps.registry.load import READERS, schema
from sternway_steps.yamltree import scalars as s
from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.errors import ConfigErrors, SourceLocation
from sternway_steps.yamltree.parser import decode, parse

from tests.conftest import ROOT
from tests.docs.blocks import shown_configurations
from tests.inputs.corpus import configurations
from tests.inputs.shapes import BEYOND, refusals
from tests.unit.builtin.build import test_options as test_build
from tests.unit.builtin.command import test_options as test_command
from tests.unit.config import test_config, test_extends

GOOD = {name: files[name] for name, files in configurations()}
GOOD |= {str(block): block.text.encode() for block in shown_configurations()}
BAD: dict[str, str | bytes] = {case: text for case, (text, _) in test_config.BAD.items()}
BAD |= {f"{case}: {name}": text for case, (files, _) in test_extends.BAD.items() for name, text in files.items()}
BAD |= {
    f"command: {case}": f"name: web\nimage: web:1\nsteps:\n  - {step}\n" for case, (step, _) in test_command.BAD.items()
}
BAD |= {f"build: {text}": f"{test_build.BASE}{text}\n" for text, _ in test_build.BAD}


@cache
def validator(*, partial: bool = False) -> Draft7Validator:
    return Draft7Validator(schema(partial=partial))


def document(content: str | bytes) -> Node | None:
    """Give what a file holds, None for what is no YAML."""
    try:
        return parse(decode(content if isinstance(content, bytes) else content.encode(), "a.yaml"), "a.yaml")
    except ConfigErrors:
        return None


@pytest.mark.parametrize("name", GOOD)
def test_what_stands_in_examples_and_pages_is_taken(name: str) -> None:
    root = document(GOOD[name])
    assert root is not None
    data = root.data()
    alone = data.keys() & {"name", "extends"}
    assert [error.message for error in validator(partial=not alone).iter_errors(data)] == []
    assert validator(partial=True).is_valid(data)


def test_what_the_form_refuses_is_refused_and_nothing_else() -> None:
    """What keys mean together, and which files there are, the schema does not know."""
    refused = 0
    for case, content in BAD.items():
        root = document(content)
        if root is None or (isinstance(root.value, dict) and "extends" in root.value):
            continue
        said = refusals(root)
        taken = validator().is_valid(root.data())
        assert taken == (not said) or (taken and all(any(words in error for words in BEYOND) for error in said)), case
        refused += not taken
    assert refused > 45


@pytest.mark.parametrize(
    "data",
    [
        {"extends": "a.yaml", "replcas": 3}, {"extends": "https://a/b.yaml"}, {"extends": []}, {"extends": None}, {"extends": "a", "replicas": "many"},
        {"extends": "a", "verify": {"http": [None]}}, {"extends": "a", "steps": [{"uses": "verify"}]}, {"extends": "a", "schedule": {"cron": None, "zone": "x"}},
    ],
)  # fmt: skip
def test_a_file_that_extends_others_is_refused_for_what_it_says(data: dict[str, Any]) -> None:
    assert not validator().is_valid(data)
    assert not validator(partial=True).is_valid(data)


def test_a_part_may_lack_what_another_file_has_and_remove_keys() -> None:
    part = {
        "replicas": None,
        "env": {"DEBUG": None},
        "schedule": {"timezone": "Etc/UTC"},
        "image": None,
        "verify": None,
    }
    assert validator(partial=True).is_valid(part)
    assert validator().is_valid({"extends": "a", **part})
    assert not validator().is_valid({"name": "web", **part})


@pytest.mark.parametrize(
    ("step", "good"),
    [
        ({"name": "up", "uses": "verify", "with": {"selector": "app=web"}}, True), ({"name": "verify", "with": {"selctor": "app=web"}}, False),
        ({"name": "verify", "uses": "flag", "with": {"selctor": "app=web"}}, True), ({"name": "validate", "with": {"x": 1}}, False),
        ({"name": "build", "with": {"image": "web"}}, False), ({"name": "build", "with": {"image": "web:1"}}, True), ({"name": "other", "with": {"x": [1]}}, True),
    ],
)  # fmt: skip
def test_what_a_step_takes_is_known_by_what_it_uses(step: dict[str, Any], good: bool) -> None:
    assert validator().is_valid({"name": "web", "steps": [step]}) == good
    assert validator().is_valid({"name": "web", "steps": [[step, "deploy"]]}) == good


def test_the_form_knows_all_that_a_step_says_it_takes() -> None:
    known = {reader.step: set(reader.options.keys) for reader in READERS if reader.options is not None}
    assert known == {name: set(step.spec.options) for name, step in builtin_steps().items() if name != "command"}


def test_it_is_a_schema_that_editors_read_and_explains_each_key() -> None:
    whole = schema()
    Draft7Validator.check_schema(whole)
    found = list(_properties(whole))
    assert len(found) > 200
    for key, told in found:
        assert told["description"].endswith("."), key
        checked = Draft7Validator({**told, "definitions": whole["definitions"]})
        for value in [*told.get("examples", []), *([told["default"]] if "default" in told else [])]:
            assert checked.is_valid(value), (key, value)
    # Words of Python's regular expressions that mean something else, or nothing, in ECMAScript.
    assert not [pattern for pattern in _patterns(whole) if any(word in pattern for word in (r"\w", r"\d", r"\b", "(?P", r"\A", r"\Z"))]  # fmt: skip


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 30.0, 90.0, 900.0, 3600.0, 604800.0])
def test_a_default_is_written_as_a_file_has_it(seconds: float) -> None:
    assert s.seconds_in(duration_text(seconds)) == seconds
    assert s.duration(Node(duration_text(seconds), SourceLocation("a", 1, 1))) == seconds


@pytest.mark.parametrize("partial", [False, True])
def test_the_command_prints_it(partial: bool) -> None:
    words = ["config", "schema", *(["--partial"] if partial else [])]
    done = subprocess.run([sys.executable, "-m", "sternway_steps", *words], capture_output=True, text=True, check=True, cwd=ROOT)  # fmt: skip
    assert json.loads(done.stdout) == schema(partial=partial)


def _properties(part: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give each key that a schema explains: not those by which it tells steps apart."""
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield from part.get("properties", {}).items()
        for below in part.values():
            yield from _properties(below)
    elif isinstance(part, list):
        for below in part:
            yield from _properties(below)


def _patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["pattern"]] if isinstance(part.get("pattern"), str) else []
        for below in part.values():
            yield from _patterns(below)
    elif isinstance(part, list):
        for below in part:
            yield from _patterns(below)
