"""A file is written whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from sternway_steps.atomic import write_whole


def test_what_is_there_is_replaced_and_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    file, link = tmp_path / "real", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_whole(link, "new ü\n")
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777, link.is_symlink()) == ("new ü\n", 0o640, True)  # fmt: skip


def test_a_private_file_is_its_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    for name in ("new", "old"):
        file = tmp_path / name
        if name == "old":
            file.write_text("x")
            file.chmod(0o644)
        before = os.umask(0)
        try:
            write_whole(file, "secret", private=True)
        finally:
            os.umask(before)
        assert (file.read_text(), file.stat().st_mode & 0o777) == ("secret", 0o600)


def test_a_new_file_has_the_mode_that_the_user_wants_for_new_ones(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["f", "x" * 255, "ü" * 127, "\udcff" * 200])
def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("old")
    write_whole(file, "new")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "half \udcff")
    assert (file.read_text(), [each.name for each in tmp_path.iterdir()]) == ("new", [name])


def test_a_reader_sees_the_old_or_the_new_and_never_a_part(tmp_path: Path) -> None:
    file, texts, seen = tmp_path / "f", {"a" * 200_000, "b" * 300_000}, set[str]()
    write_whole(file, "a" * 200_000)
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(file.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for text in texts:
            write_whole(file, text)
    done.set()
    reader.join()
    assert seen <= texts


@pytest.mark.parametrize("private", [False, True])
def test_what_is_no_file_is_written_into_and_stays_what_it_is(tmp_path: Path, *, private: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "whole\n", private=private)
    reader.join(30)
    assert (heard, pipe.is_fifo(), [each.name for each in tmp_path.iterdir()]) == (["whole\n"], True, ["pipe"])
