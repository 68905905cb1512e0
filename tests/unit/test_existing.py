"""Whether a file is there, whatever its name is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.existing import exists, is_dir, is_file


def test_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert (exists(tmp_path), is_dir(tmp_path), is_file(tmp_path)) == (True, True, False)
    assert (exists(tmp_path / "a"), is_dir(tmp_path / "a"), is_file(tmp_path / "a")) == (True, False, True)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "none", ""])
def test_a_name_that_the_system_does_not_take_is_not_there(name: str) -> None:
    assert not exists(name)
    assert not is_dir(name)
    assert not is_file(name)
