"""Breaks data (mappings, lists, scalars) where a text stays well-formed: types, keys, places, sizes."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import yaml


def _deep(levels: int) -> Any:
    value: Any = "x"
    for number in range(levels):
        value = [value] if number % 2 else {"a": value}
    return value


NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, float("inf"), float("nan"), "", " ",
    "\n", "x", "a b", "A_B", "-x", ".", "..", "../../etc/passwd", "/etc/passwd", "/dev/null", "/dev/zero", "~", "a/b", "a:b", "a" * 64, "a" * 254,
    "x" * 100_000, "0", "1e3", "5m", "-5m", "1h1h", "9" * 25 + "s", "0.5", "1Gi", "-1Gi", "1e99Gi", "{{x}}", "{{workflow.uid}}", "$(id)", "%s",
    "{0}", "\x1b[2J", "\u202e", "é", "\U0001f680", "[", "{", "null", "true", "[a]", "key=value", "a=b,c", "a in (", "!a", "http://[::1", "http://x:99999/",
    "ghcr.io/x:1@sha256:zz", "UPPER/case:tag", ":", "@", "x:", "x@y", "\ud800", "* * * * *", "99 99 * * *", "Europe/Nowhere", [], {}, [None], [[]], [{}], {"": None},
    {"a": {}}, {"name": []}, [1, "a", None], ["a"] * 3, _deep(50), _deep(150), {"secret": "a"}, {"config": 1, "secret": 2}, {"field": "x"},
]  # fmt: skip
KEYS = [
    "", " ", "x", "name", "null", "true", "1", "a.b", "a[0]", "a/b", "../x", "é", "\U0001f680", "__class__", "constructor", "<<", "=", "-", "{{x}}", "a" * 300,
    "nmae", "Name", "spec", "metadata", "kind", "items", "extends", "uses", "with", "steps", "\x1b[1m", "\n", "$patch", "$retainKeys",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each part of data, its own (an empty one) first."""
    yield path
    if isinstance(value, dict):
        for key, below in value.items():
            yield from places(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from places(below, (*path, number))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Give a part of data."""
    for part in path:
        value = value[part]
    return value


def broken_documents(rng: random.Random, documents: tuple[Any, ...]) -> tuple[bytes, str]:
    """Break one of several documents, and write all."""
    number = rng.randrange(len(documents))
    changed, what = broken(rng, documents[number])
    return as_text(rng, *documents[:number], changed, *documents[number + 1 :]), what


def broken(rng: random.Random, data: Any) -> tuple[Any, str]:
    """Give data that was broken once to three times, and say how."""
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data, how = _once(rng, copy.deepcopy(data))
        said.append(how)
    return data, "; ".join(said)


def _once(rng: random.Random, data: Any) -> tuple[Any, str]:
    found = list(places(data))
    path = rng.choice(found)
    if not path:
        value = rng.choice(NASTY) if rng.random() < 0.3 else [data]
        return copy.deepcopy(value), "the document is another"
    above, last = at(data, path[:-1]), path[-1]
    where = ".".join(map(str, path))[:80]
    how = rng.randrange(9)
    if how <= 3:
        above[last] = copy.deepcopy(rng.choice(NASTY))
        return data, f"{where} is {repr(above[last])[:40]}"
    if how == 4:
        del above[last]
        return data, f"{where} is missing"
    if how == 5:
        below = at(data, rng.choice(found))
        above[last] = copy.deepcopy(below)
        return data, f"{where} is another part"
    if how == 6:
        above[last] = [above[last]] if rng.random() < 0.5 else {rng.choice(KEYS): above[last]}
        return data, f"{where} is wrapped"
    if isinstance(above, list):
        above.insert(last, copy.deepcopy(above[last]))
        return data, f"{where} stands twice"
    key = rng.choice(KEYS)
    above[key] = above.pop(last) if how == 7 else copy.deepcopy(rng.choice(NASTY))
    return data, f"{where} has key {key[:20]!r}"


def as_text(rng: random.Random, *documents: Any) -> bytes:
    """Write documents as YAML of several styles, or as JSON."""
    if rng.random() < 0.15:
        return "\n".join(json.dumps(each) for each in documents).encode("utf-8", "surrogatepass")
    flow = rng.choice((None, False, False, True))
    try:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text = yaml.dump_all(
            documents, Dumper=dumper, default_flow_style=flow, sort_keys=False, allow_unicode=rng.random() < 0.5
        )
    except UnicodeEncodeError:
        text = "\n".join(json.dumps(each) for each in documents)
    return text.encode("utf-8", "surrogatepass")
