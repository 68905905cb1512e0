"""A seeded sample of how commands end; more: `python -m tests.ends`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ends.case import BEFALLS, case_of
from tests.ends.oracle import expected
from tests.ends.play import Wrong, play

SEED = int(os.environ.get("STERNWAY_ENDS_SEED") or 1)
CASES = [case_of(number) for number in range(SEED, SEED + 6)]


@pytest.mark.timeout(240)
def test_commands_end_as_the_oracle_says(tmp_path: Path) -> None:
    def played(case: object) -> str:
        folder = tmp_path / str(CASES.index(case))  # type: ignore[arg-type]
        folder.mkdir()
        try:
            play(CASES[int(folder.name)], folder)
        except Wrong as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(3) as pool:
        assert list(filter(None, pool.map(played, CASES))) == []


def test_the_cases_are_of_all_kinds() -> None:
    cases = [case_of(number) for number in range(1, 400)]
    assert {case.befalls for case in cases} == set(BEFALLS)
    assert {expected(case).code for case in cases} == {0, 4, 5, 143, -9}
    assert {case.forward.end.split()[0] for case in cases} == {"exit", "signal", "hang", "hang,"}
