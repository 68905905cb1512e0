"""Generated YAML: any parser reads what was meant, and yamllint's default configuration finds nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sternway_steps.plain_text import plain
from sternway_templates.yaml_text import to_yaml, within
from yamllint import linter
from yamllint.config import YamlLintConfig

_ODD = st.text(alphabet=" ab#:-\n'\"{}%&*!|>?,[]é\t", max_size=120)
_SCALARS = st.one_of(st.text(), _ODD, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
_VALUES = st.recursive(
    _SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=12), below, max_size=4),
    max_leaves=12,
)


def found(text: str) -> list[Any]:
    return list(linter.run(text, YamlLintConfig("extends: default")))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=10), _VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back_and_keeps_yamllints_default(data: dict[str, Any]) -> None:
    text = to_yaml([data, data])
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        assert list(yaml.load_all(text, Loader=loader)) == [data, data]
    assert list(yaml.safe_load_all(within(data, 4))) == [data]
    assert found(text) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([{"name": "a", "args": ["--x", ["b"]]}, {}], "---\na:\n  - name: a\n    args:\n      - \"--x\"\n      - - b\n  - {}\n"),
        ("one\n two\n", "---\na: |\n  one\n   two\n"),
        ("one\n\ntwo", "---\na: |-\n  one\n\n  two\n"),
        (f"{'x' * 50} {'y' * 30} {'z' * 90}", f"---\na: >-\n  {'x' * 50}\n  {'y' * 30}\n  {'z' * 90}\n"),
        (f"{'x' * 90}\n", f"---\na: |\n  {'x' * 90}\n"),
        (f"{'x ' * 50}\ny", f'---\n# yamllint disable rule:line-length\na: "{"x " * 50}\\ny"\n'),
    ],
)  # fmt: skip
def test_it_looks_as_people_write_it(value: Any, text: str) -> None:
    assert to_yaml([{"a": value}]) == text


UNSEEN = (
    "a\u200bb",
    "a\u202eb",
    "lines\u2060\nof\u00ad it\n",
    "long " * 30 + "\ufeffx",
    "\U000e0041",
    "می\u200cخو 👩\u200d💻",
    "\u061c",
)


@pytest.mark.parametrize("text", UNSEEN)
def test_what_is_not_seen_is_escaped_as_yaml_does_before_a_terminal_would(text: str) -> None:
    written = to_yaml([{"a": text, text: [text]}])
    assert plain(written) == written
    assert yaml.safe_load(written) == {"a": text, text: [text]}
