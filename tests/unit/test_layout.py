"""A change finds its test: tests/unit and tests/component have the rooms of the sources, and their files the modules' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = [ROOT / "steps/sternway_steps", ROOT / "templates/sternway_templates"]
UNIT, COMPONENT = ROOT / "tests/unit", ROOT / "tests/component"


def test_each_unit_test_is_named_for_what_it_tests() -> None:
    files = [file for file in UNIT.rglob("test_*.py") if file != Path(__file__)]
    assert files
    wrong = [str(file.relative_to(ROOT)) for file in files if not _is_named_for_a_module(file)]
    assert not wrong, "tests/unit/ROOM/test_MODULE.py or test_MODULE_ASPECT.py, as the sources are called"


@pytest.mark.parametrize("tests", [UNIT, COMPONENT], ids=lambda folder: folder.name)
def test_each_folder_of_tests_is_a_room_of_the_sources(tests: Path) -> None:
    folders = {str(file.parent.relative_to(tests)) for file in tests.rglob("test_*.py")} - {"examples"}
    wrong = [folder for folder in folders if not any((source / folder).is_dir() for source in SOURCES)]
    assert not wrong


def _is_named_for_a_module(file: Path) -> bool:
    """test_MODULE.py, test_MODULE_ASPECT.py, or the name of the room itself; MODULE may be a room in the room."""
    rooms = [room for source in SOURCES if (room := source / file.parent.relative_to(UNIT)).is_dir()]
    names = {path.stem for room in rooms for path in room.iterdir()} | {room.name for room in rooms}
    name = file.stem.removeprefix("test_")
    return any(name == known or name.startswith(f"{known}_") for known in names)
