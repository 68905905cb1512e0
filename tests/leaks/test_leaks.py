"""A few planted secrets, and a check of the looking itself; `python -m tests.leaks` plays as many as one likes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sternway_steps.process.output import Output
from sternway_steps.sandbox import Sandbox

from tests.leaks.marks import KINDS, mark_of
from tests.leaks.play import case_of, leaks
from tests.leaks.printing import WAYS, told

SEEDS = range(3)


def promised(kind: str, way: str) -> bool:
    """Files of over 8 KiB are not looked for in other encodings."""
    return kind not in ("long", "lines") or way not in ("base64", "user", "wrapped", "url")


@pytest.mark.parametrize("seed", SEEDS)
def test_no_secret_is_shown_or_written_anywhere(seed: int, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    assert not leaks(case_of(seed), sternway_sandbox, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_tell_a_secret_gets_it_into_an_output(kind: str, way: str) -> None:
    for seed in range(3 if promised(kind, way) else 0):
        mark = mark_of(kind, random.Random(seed))
        said: list[str] = []
        output = Output(said.append, [mark.value], kept=200, wide=100_000, noted="STERNWAY_UNDO=", note=said.append)
        for piece in told(way, mark.value):
            output.feed(piece)
        output.close()
        shown = "\n".join([*said, *output.lines]).encode(errors="surrogateescape")
        assert not mark.found_in(shown), (way, kind, seed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "progress"])
def test_what_leaks_is_found(kind: str, way: str) -> None:
    """Without a mask each of them is seen: the test above looks for what is there."""
    if not promised(kind, way) or (kind == "driving" and way in ("coloured", "cut")):
        return  # of the last nothing is left that can be told from other text
    mark = mark_of(kind, random.Random(1))
    said: list[str] = []
    output = Output(said.append, kept=2000, wide=100_000)
    for piece in told(way, mark.value):
        output.feed(piece)
    output.close()
    assert mark.found_in("\n".join([*said, *output.lines]).encode(errors="surrogateescape")), (way, kind)
