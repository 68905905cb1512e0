"""What manifests mean: two tables, each line held against our own reader and against kubectl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GROUP = "manifests.tests.example"
REFUSED = "refused"


@dataclass(frozen=True)
class Case:
    """A file of objects of the kind Table. `ours` and `kubectl`: the specs by the objects' names, or REFUSED."""

    name: str
    content: bytes
    ours: Any
    kubectl: Any


def cases() -> Iterator[Case]:
    yield from _scalars()
    yield from _documents()


def _scalars() -> Iterator[Case]:
    """Lines of scalars.txt: `VALUE => JSON`, and where we differ on purpose `VALUE => OURS kubectl THEIRS`."""
    for number, line in enumerate((HERE / "scalars.txt").read_text("utf-8").splitlines(), 1):
        text, _, expected = line.rpartition(" => ")
        ours, _, theirs = expected.partition(" kubectl ")
        name = f"line-{number}"
        head = f"apiVersion: {GROUP}/v1\nkind: Table\nmetadata: {{name: {name}}}\nspec:\n  v: {text}\n"
        yield Case(name, head.encode(), _spec(name, ours), _spec(name, theirs or ours))


def _spec(name: str, expected: str) -> Any:
    return REFUSED if expected == REFUSED else {name: {"v": json.loads(expected)}}


def _documents() -> Iterator[Case]:
    for row in json.loads((HERE / "documents.json").read_text()):
        content = bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode()
        ours, theirs = (
            REFUSED if row.get(key, row["read"]) is None else row.get(key, row["read"]) for key in ("read", "kubectl")
        )
        yield Case(row["name"], content, ours, theirs)
