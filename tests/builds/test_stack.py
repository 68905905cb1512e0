"""Runs on one tag that are undone in any order, killed anywhere, and two at once: `python -m tests.builds.stack_main`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builds.stack import Op, case_of
from tests.builds.stack_play import Play
from tests.component.builtin.build.conftest import REAL, require_registry
from tests.component.builtin.build.registry import Registry

A, B = Op("run", 0, "a"), Op("run", 1, "b")
KNOWN = {
    "the lower one first": [A, B, Op("undo", 0), Op("undo", 1)],
    "over what others pushed": [Op("foreign", content="x"), A, B, Op("undo", 0), Op("undo", 1)],
    "the same image twice": [A, Op("run", 1, "a"), Op("undo", 0), Op("undo", 1)],
    "back to the first image": [A, B, Op("run", 2, "a"), Op("undo", 0), Op("undo", 2), Op("undo", 1)],
    "three, from below": [A, B, Op("run", 2, "c"), Op("undo", 0), Op("undo", 1), Op("undo", 2)],
    "two undone at once": [A, B, Op("undo", 1, kill=3, meanwhile=Op("undo", 0))],
    "a run between another one's look and its move": [Op("run", 0, "a", 11, Op("run", 1, "c")), Op("undo", 0)],
    "an undo between a run's look and its move": [B, Op("run", 2, "a", 11, Op("undo", 1)), Op("undo", 2)],
    "two undone at once, the lower one first": [A, B, Op("undo", 0, kill=2, meanwhile=Op("undo", 1))],
}


@pytest.mark.parametrize("what", KNOWN)
def test_what_was_undone_below_does_not_come_back(what: str, tmp_path: Path) -> None:
    with Registry() as registry:
        play = Play(tmp_path, registry.host, 0)
        assert play.play(KNOWN[what]) == [], play.log


@pytest.mark.parametrize("seed", range(12))
def test_the_tag_is_what_the_stack_says(seed: int, tmp_path: Path) -> None:
    with Registry() as registry:
        play = Play(tmp_path, registry.host, seed)
        assert play.play(case_of(seed)) == [], "\n".join(play.log)


@pytest.mark.cluster
@pytest.mark.parametrize("seed", range(100, 106))
def test_at_a_real_registry_too(seed: int, tmp_path: Path) -> None:
    require_registry()
    play = Play(tmp_path, REAL, seed)
    assert play.play(case_of(seed)) == [], "\n".join(play.log)
