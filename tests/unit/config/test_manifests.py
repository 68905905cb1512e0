"""How manifests are read: as kubectl reads them, within bounds, and with the place of every mistake."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sternway_steps.config import ConfigError, ConfigErrors, SourceLocation
from sternway_steps.config.manifests import read_all
from sternway_steps.kube.body import encode
from sternway_steps.registry.load import load
from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.from_yaml import from_yaml
from sternway_steps.yamltree.stream import documents
from sternway_templates.yaml_text import to_yaml

from tests.manifests import GROUP, REFUSED, cases

TABLE = list(cases())


def read(folder: Path, content: bytes | str, name: str = "m.yaml", pattern: str | None = None) -> list[dict[str, Any]]:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "sternway.yaml").write_text(f"name: t\nmanifests: [{json.dumps(pattern or name)}]\n")
    return [manifest.obj for manifest in load(folder / "sternway.yaml").manifests]


def refused(folder: Path, content: bytes | str, **how: Any) -> str:
    with pytest.raises(ConfigErrors) as raised:
        read(folder, content, **how)
    return str(raised.value)


def test_every_line_of_the_tables(tmp_path: Path) -> None:
    wrong = []
    for case in TABLE:
        (tmp_path / case.name).write_bytes(case.content)
        errors: list[ConfigError] = []
        manifests = read_all([Node(case.name, SourceLocation("test", 1, 1), case.name)], tmp_path, None, errors)
        found: Any = {manifest.obj["metadata"]["name"]: manifest.obj.get("spec") for manifest in manifests}
        found = REFUSED if errors else found
        # As JSON, where true is not 1 and 1.0 not 1.
        if json.dumps(found, sort_keys=True) != json.dumps(case.ours, sort_keys=True):
            wrong.append((case.name, found, case.ours, errors))
        assert all(error.location.line for error in errors), case.name
    assert wrong == []


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(TABLE) > 300
    assert sum(case.ours != case.kubectl for case in TABLE) < 20


CONF = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CONF + "data: {a: x}\ndata: {b: y}\n", ["m.yaml:5:1", "'data' stands twice, first in line 4"]),
        (CONF + "data:\n  1: x\n  '1': y\n", ["m.yaml:6:3", "'1' stands twice, first in line 5"]),
        (CONF + "data:\n  on: x\n  'true': y\n  on: z\n", ["m.yaml:6:3", "m.yaml:7:3", "first in line 5"]),
        ('{"apiVersion": "v1",\n "kind": "ConfigMap",\n "kind": "Secret", "metadata": {"name": "x"}}', ["m.yaml:3:1", "'kind' stands twice, first in line 2"]),
        ('{"a": {"b": ["}", {"c": 1,\n"\\u0063": 2}]}}', ["m.yaml:2:1", "'c' stands twice, first in line 1"]),
        (CONF + "---\n" + CONF + "data: {a: .nan}\n", ["m.yaml:8:11", "JSON has no such number"]),
        ("---\n%YAML 1.2\n---\n" + CONF, ["m.yaml:2:1", "directives of YAML are not read"]),
        (CONF + "...\n" + CONF, ["m.yaml:5:1", "begin the next document with a line ---"]),
        (CONF + "data: {a: !!binary gIE=}\n", ["m.yaml:4:11", "binaryData"]),
        ("apiVersion: v1\nkind: List\nitems:\n- kind: A\n  apiVersion: v1\n- 3\n", ["m.yaml:4:3: metadata.name", "this is no Kubernetes object"]),
        (CONF + "data: {a: *x}\n", ["m.yaml:4:11", "there is no anchor &x"]),
        (CONF + CONF, ["m.yaml:4:1", "'apiVersion' stands twice, first in line 1; remove one of the two, or begin the next document with a line ---"]),
        (CONF + "data:\n\ta: x\n", ["m.yaml:5:1", "indent with spaces, not with tabs"]),
        (CONF + "data:\n  a: x\n b: y\n", ["m.yaml:6:2", "indented as they belong together"]),
        (CONF + "data:\n  a: {{ .Values.a }}-b\n", ["m.yaml:5:19", "render it first (helm template"]),
        (CONF + "{{- if .Values.a }}\ndata: {a: b}\n", ["m.yaml:5:1", "render it first (helm template"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(content: str, words: list[str], tmp_path: Path) -> None:
    said = refused(tmp_path, content)
    for word in words:
        assert word in said


def test_one_bad_document_does_not_hide_the_next_one(tmp_path: Path) -> None:
    said = refused(tmp_path, CONF + "data: {a: .inf}\n---\n" + CONF + "kind: X\n---\na: [\n")
    assert [line.split(":")[1] for line in said.splitlines()] == ["4", "9", "12"]


def bomb(width: int, depth: int) -> str:
    lines = [f"  a0: &a0 [{','.join(['x'] * width)}]"]
    lines += [f"  a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return CONF + "data:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (bomb(10, 9), "over 200000 values"),
        (bomb(1, 300), "nested over 200 levels deep"),
        (CONF + "data:\n  a: &a " + "x" * 100_000 + f"\n  b: [{','.join(['*a'] * 1000)}]\n", "over 16777216 characters"),
        (CONF + "data: [" + "1," * 200_000 + "]\n", "over 200000 values"),
        (json.dumps({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "x": [1] * 200_000}), "over 200000 values"),
        (CONF + "data: " + "[" * 100_000, "exceeded maximum nesting depth"),
        (CONF + "data: " + "{a: " * 900 + "}" * 900, "nested over 200 levels deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested"),
        ('{"a":' * 300 + "1" + "}" * 300, "nested over 200 levels deep"),
        (CONF + "a: &a {b: *a}\n", "this holds itself"),
    ],
    ids=["bomb", "deep aliases", "long texts", "many values", "many values in JSON", "no end", "deep", "JSON without end", "deep JSON", "ring"],
)  # fmt: skip
def test_what_unfolds_without_end_is_refused_within_bounds(content: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(content)
    (tmp_path / "sternway.yaml").write_text("name: t\nmanifests: [m.yaml]\n")
    code = """if True:
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (300 * 2**20,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        from sternway_steps.config import ConfigErrors
        from sternway_steps.registry.load import load
        try: load("sternway.yaml")
        except ConfigErrors as bad: print(bad)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert word in done.stdout
    assert "m.yaml:" in done.stdout


def test_an_object_that_etcd_would_not_take_is_refused(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        json.dumps(
            {"apiVersion": "t.example/v1", "kind": "Blob", "metadata": {"name": "b"}, "spec": {"x": "y" * 1_900_000}}
        ),
    )
    assert "Blob b holds 19000" in said
    assert "etcd takes 1572864" in said
    assert read(
        tmp_path,
        json.dumps(
            {"apiVersion": "t.example/v1", "kind": "Blob", "metadata": {"name": "b"}, "spec": {"x": "y" * 1_500_000}}
        ),
    )


def test_items_of_a_list_have_places_of_their_own_and_may_leave_out_what_they_are(tmp_path: Path) -> None:
    text = f"apiVersion: {GROUP}/v1\nkind: TableList\nitems:\n- metadata: {{name: a}}\n-\n  metadata: {{name: b}}\n"
    (tmp_path / "m.yaml").write_text(text)
    (tmp_path / "sternway.yaml").write_text("name: t\nmanifests: [m.yaml]\n")
    found = load(tmp_path / "sternway.yaml").manifests
    assert [(m.source, m.obj["kind"], m.obj["apiVersion"]) for m in found] == [
        ("m.yaml:4", "Table", f"{GROUP}/v1"), ("m.yaml:6", "Table", f"{GROUP}/v1"),
    ]  # fmt: skip


def test_standard_input_is_read_as_bytes(tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text("name: t\nmanifests: ['-']\n")
    stdin = io.TextIOWrapper(io.BytesIO((CONF + "data: {a: é}\n").encode("utf-16")), encoding="ascii")
    assert load(tmp_path / "sternway.yaml", stdin=stdin).manifests[0].obj["data"] == {"a": "é"}


def test_a_copy_by_an_alias_is_a_value_of_its_own(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        f"- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: {n}, labels: {'&l {a: b}' if n == 'a' else '*l'}}}\n"
        for n in "ab"
    )
    one, two = read(tmp_path, text)
    one["metadata"]["labels"]["c"] = "d"
    assert two["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize("name", ["a?b.yaml", "a#b.yaml", "a[1].yaml", "a*.yaml", "ü 1.yaml"])
def test_a_file_may_be_called_as_it_likes(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, CONF, name=name)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.sampled_from(["0o7", "1e3", "y", "22:30", "=", "<<", "~", "0x1", "- a", "%Y", ".5", "_1"]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(_JSON)
@example({"<<\0": None})
def test_what_the_templates_write_is_read_as_it_was(value: Any) -> None:
    errors: list[ConfigError] = []
    assert [document.value for document in documents(to_yaml([{"spec": value}]), "f", errors)] == [{"spec": value}]
    assert errors == []


@given(_JSON)
def test_json_is_read_as_json(value: Any) -> None:
    errors: list[ConfigError] = []
    text = json.dumps({"a": value}) + json.dumps({"b": value}, indent=1)
    assert [document.value for document in documents(text, "f", errors)] == [{"a": value}, {"b": value}]


@given(_JSON)
def test_what_is_applied_is_yaml_as_well_as_json(value: Any) -> None:
    body = encode({"spec": value})
    assert json.loads(body) == {"spec": value}
    assert from_yaml(body.decode(), "body", 1).value == {"spec": value}


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "m.yaml").open("wb") as file:
        file.truncate(2**33)
    (tmp_path / "sternway.yaml").write_text("name: t\nmanifests: [m.yaml]\n")
    with pytest.raises(ConfigErrors, match="this holds over 67108864 bytes"):
        load(tmp_path / "sternway.yaml")


def test_what_is_piped_in_and_is_no_text_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text("name: t\nmanifests: ['-']\n")
    with pytest.raises(ConfigErrors) as raised:
        load(tmp_path / "sternway.yaml", stdin=io.TextIOWrapper(io.BytesIO(b"\xff\x00"), encoding="ascii"))
    assert [str(error) for error in raised.value.errors] == ["stdin:1:1: this is no UTF-8 text; save the file as UTF-8"]
