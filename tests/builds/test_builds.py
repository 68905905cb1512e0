"""A few cases on the real builders and the real registry; `python -m tests.builds` plays as many as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builds.case import case_of
from tests.builds.judge import faults
from tests.builds.play import play
from tests.component.builtin.build.conftest import BUILDERS, real_shop


@pytest.mark.cluster
@pytest.mark.timeout(400)
@pytest.mark.parametrize("builder", BUILDERS)
def test_runs_at_once_leave_each_tag_old_or_of_one_run(builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    next(real_shop(tmp_path, monkeypatch, builder))  # skips where there is none
    case = case_of(7, builder, tags=2, runs=6, quick=4)
    seen = play(case, tmp_path)
    assert not faults(seen), f"{case}\n{seen.output}"
