"""`sternway config show`: the merged configuration, and where each value comes from."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sternway_steps.config import Config
from sternway_steps.config.origins import to_yaml, values
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load, load_with_source
from sternway_steps.yamltree.document import Entry, Node
from sternway_steps.yamltree.errors import ConfigErrors, SourceLocation
from sternway_steps.yamltree.parser import parse

from tests.conftest import ROOT
from tests.helpers import sternway

EXAMPLES = ROOT / "templates/examples"
CONFIGS = sorted([*EXAMPLES.glob("*/sternway.yaml"), *EXAMPLES.glob("*/config/*.yaml")])
PRODUCTION = EXAMPLES / "environments/config/production.yaml"
NOWHERE = "/nowhere/kubeconfig"


def bare(config: Config) -> Config:
    """Give a configuration without the names of the files that its objects came from."""
    return replace(config, manifests=tuple(replace(each, source="") for each in config.manifests))


def parsed(text: str) -> Any:
    return yaml.safe_load(text)


def test_each_value_is_shown_with_the_file_the_flag_or_the_variable_that_it_comes_from() -> None:
    shown = sternway(
        "config", "show", "--config", str(PRODUCTION), "--set", "image=1.10", "--set", "env.X=yes",
        kubeconfig=NOWHERE, environ={"STERNWAY_VERIFY__GRACE__PULL": "9s"},
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    base = PRODUCTION.parent.parent / "sternway.yaml"
    for line in (
        f"name: cart  # {base}:2",
        "image: '1.10'  # --set image",
        f"replicas: 4  # {PRODUCTION}:3",
        f"  LEVEL: warning  # {PRODUCTION}:5",
        "  X: 'yes'  # --set env.X",
        f"  readiness: /ready  # {base}:10",
        "    pull: 9s  # STERNWAY_VERIFY__GRACE__PULL",
        f"- production/  # {PRODUCTION}:10",
    ):
        assert line in shown.stdout.splitlines()
    assert "extends" not in parsed(shown.stdout)
    assert parsed(shown.stdout)["resources"]["limits"] == {"memory": "256Mi"}, "the overlay took cpu away"


def test_programs_get_an_object_for_each_value() -> None:
    shown = sternway("config", "show", "-c", str(PRODUCTION), "-s", "replicas=9", "-o", "json", kubeconfig=NOWHERE)
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {(line["schema"], line["type"]) for line in lines} == {(1, "config-value")}
    found = {line["key"]: (line["value"], line["source"]) for line in lines}
    assert found["replicas"] == (9, "--set replicas")
    assert found["steps[2].deadline"] == ("10m", f"{PRODUCTION}:11")
    assert found["verify.http[0].path"] == ("/ready", f"{PRODUCTION.parent.parent / 'sternway.yaml'}:18")


def test_mistakes_are_told_as_by_all_commands(tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text("extends: nix.yaml\n")
    shown = sternway("config", "show", "-c", str(tmp_path / "sternway.yaml"), "-o", "json", kubeconfig=NOWHERE)
    assert shown.returncode == Exit.USAGE
    assert json.loads(shown.stdout)["type"] == "error"
    assert ":1:10: extends: 'nix.yaml' can't be read" in json.loads(shown.stdout)["message"]
    shown = sternway("config", "show", "-c", str(tmp_path / "nix.yaml"), kubeconfig=NOWHERE)
    assert (shown.returncode, shown.stdout) == (Exit.USAGE, "")
    assert "can't be read" in shown.stderr


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: str(config.relative_to(EXAMPLES)))
def test_what_is_shown_is_an_equal_configuration_when_it_is_saved(config: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    there = tmp_path / "examples" / config.relative_to(EXAMPLES)
    shown = sternway("config", "show", "--config", str(there), "--set", "history=3", kubeconfig=NOWHERE)
    assert shown.returncode == 0, shown.stderr
    before = load(there, overrides=["history=3"])
    saved = there.with_name("saved.yaml")
    saved.write_text(shown.stdout)
    assert bare(load(saved)) == bare(before)
    assert load(there) != before


def test_paths_of_a_base_elsewhere_are_still_found_when_it_is_saved(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "top").mkdir()
    (tmp_path / "base/m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n")
    (tmp_path / "base/base.yaml").write_text("name: web\nmanifests: [m.yaml]\n")
    (tmp_path / "top/web.yaml").write_text("extends: ../base/base.yaml\n")
    config, document = load_with_source(tmp_path / "top/web.yaml")
    (tmp_path / "top/saved.yaml").write_text(to_yaml(document))
    assert bare(load(tmp_path / "top/saved.yaml")) == bare(config)


ODD = """\
name: web
image: web:1
port: 0x1F90
replicas: !!int "2"
args: ["{%- x", "# no comment", "a: b", "two\\nlines", "  two\\n lines \\n", "", " ", "\\t", "é😀\\u2028\\x07\\x85", "text\\n  more\\n\\n", "-", "?", "null", "1e3", "0o17", "12:30:45", "2026-11-24", "=", "<<", "*a", "&a", "!a", "a\\rb"]
labels: {"no": "off", LONG: a, "~": "~", "a\\nb": "1", "": "x", "# x": "[", "KEY": "value"}
resources: {requests: {cpu: 0.5, memory: 1e3}, limits: {}}
steps:
  - {name: validate, with: {a: 2026-11-24, b: 2026-11-24 10:00:00, c: .inf, d: !!binary aGVsbG8=, e: null, f: [[], {}, [[1]]], g: 1_000, h: 1:30, i: !!float 1, j: 010, k: yes, l: ~, m: , n: !!str 5}}
  - deploy
""".replace("LONG", "long" * 50)  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Compare with types, and NaN with itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)


def test_odd_values_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "sternway.yaml"
    path.write_text(ODD)
    node = parse(ODD, "odd.yaml")
    assert node is not None
    text = to_yaml(node)
    again = parse(text, "again.yaml")
    assert again is not None
    assert same(again.data(), node.data()), text
    assert [each.split("  # ")[-1] for each in text.splitlines() if "# odd.yaml:" in each] == [
        source for _, _, source in values(node)
    ]


def node_of(value: Any, location: SourceLocation) -> Node:
    if isinstance(value, dict):
        return Node({key: Entry(location, node_of(below, location)) for key, below in value.items()}, location)
    if isinstance(value, list):
        return Node([node_of(item, location) for item in value], location)
    if isinstance(value, str):
        return Node(value, location, value)
    return Node(value, location, yaml.safe_dump(value).splitlines()[0])


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn"]), max_size=12) | st.text(
    alphabet="ab:-#\n \t'\"[]{},&*!|>%@`0.~\u2028\x85\ufeff", max_size=200
)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), TEXTS)
def test_any_document_comes_back_as_it_was_with_a_comment_at_each_value(data: dict[str, Any], source: str) -> None:
    text = to_yaml(node_of(data, SourceLocation(source, 7)))
    again = parse(text, "again.yaml")
    assert again is not None
    assert same(again.data(), data), text


@pytest.mark.parametrize("url", ["https://token@host/x.git", "https://me:p%40ss@host/x.git#main", "https://me:p@ss@host/x.git", "ssh://me:word@host:22/x"])  # fmt: skip
def test_no_password_of_a_url_is_shown(url: str, tmp_path: Path) -> None:
    file = tmp_path / "sternway.yaml"
    file.write_text(f"name: web\nimage: web:1\nenv: {{DB: '{url}', PLAIN: 'a@b'}}\nbuild: {{context: '{url}'}}\n")
    document = load_with_source(str(file), overrides=[f"env.MORE={url}"], environ={"STERNWAY_ENV__LAST": url})[1]
    shown = to_yaml(document) + repr(list(values(document)))
    for word in ("token", "//me", "p%40ss", "p@ss", ":word", "ss@"):
        assert word not in shown
    assert shown.count("***@host") == 8
    assert "a@b" in shown
    file.write_text(f"name: web\nimage: '{url}'\nbuild: {{context: '{url} x', image: 'http://{url}'}}\nport: '{url}'\n")
    with pytest.raises(ConfigErrors) as bad:
        load_with_source(str(file))
    for word in ("token", "//me", "p%40ss", "p@ss", ":word", "ss@"):
        assert word not in str(bad.value), bad.value
