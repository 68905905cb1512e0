"""The JSON Schema and the form, by thousands of broken configurations: they take and refuse the same."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from sternway_steps.config.overlay import merge
from sternway_steps.registry.load import schema
from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.errors import ConfigErrors
from sternway_steps.yamltree.parser import parse

from tests.docs.blocks import shown_configurations

from . import trees
from .corpus import configurations
from .shapes import BEYOND, refusals

ROUNDS, PARTS = 400, 4


@cache
def documents() -> list[dict[str, Any]]:
    """Give the examples, and all that the pages show, which together have most keys of the form."""
    texts = [files[name].decode() for name, files in configurations()]
    found = [root.data() for text in texts if (root := parse(text, "a.yaml")) is not None]
    parts = [root.data() for block in shown_configurations() if (root := parse(block.text, "a.yaml"))]
    whole: dict[str, Any] = {}
    for part in parts:
        whole |= {**part, "steps": [*whole.get("steps", []), *part.get("steps", [])]}
    return [{key: value for key, value in each.items() if key != "extends"} for each in (*found, *[whole] * len(found))]


@cache
def validator(*, partial: bool) -> Draft7Validator:
    return Draft7Validator(schema(partial=partial))


def broken(rng: random.Random) -> Node | None:
    """Give a document that was broken; None when no YAML came of it."""
    data, _ = trees.broken(rng, rng.choice(documents()))
    try:
        text = yaml.safe_dump(data, sort_keys=False)
        text.encode()
        return parse(text, "a.yaml")
    except (ConfigErrors, UnicodeEncodeError):
        return None


@pytest.mark.parametrize("part", range(PARTS))
def test_both_refuse_the_same(part: int) -> None:
    seen = set()
    for seed in range(part, ROUNDS, PARTS):
        root = broken(random.Random(seed))
        if root is None or (isinstance(root.value, dict) and "extends" in root.value):
            continue
        said = refusals(root)
        taken = validator(partial=False).is_valid(root.data())
        beyond = all(any(words in error for words in BEYOND) for error in said)
        assert taken == (not said) or (taken and beyond), (seed, said)
        seen.add(taken)
    assert seen == {True, False}


@pytest.mark.parametrize("part", range(PARTS))
def test_what_a_file_lays_over_another_is_refused_where_it_spoils_it(part: int) -> None:
    """A schema sees one file. That a key was removed which has to be there, or null removes none, the form alone sees."""
    seen = set()
    for seed in range(part, ROUNDS // 2, PARTS):
        rng = random.Random(seed)
        base, over = (parse(yaml.safe_dump(rng.choice(documents())), "base.yaml"), broken(rng))
        if base is None or over is None or not isinstance(over.value, dict) or "extends" in over.value:
            continue
        said = [error for error in refusals(merge(base, over)) if not any(words in error for words in (*BEYOND, "is required", "this is empty", "is no mapping"))]  # fmt: skip
        taken = validator(partial=True).is_valid(over.data())
        assert not (taken and said), (seed, said)
        seen.add(taken)
    assert seen == {True, False}
