"""What is in a journal and is no record: named, and left out by whoever lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.errors import Refused
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.replay import replay, story_of
from sternway_steps.journal.writer import RunJournal
from sternway_steps.step import Action


@pytest.mark.parametrize("text", [b"\xff\xfe\n", b"{}\n", b'{"schema":1,"kind":"run-started","data":"x"}\n', b"null\n"])
def test_a_file_that_is_no_record_hides_no_other_run(tmp_path: Path, text: bytes) -> None:
    noted: list[str] = []
    store = FileStore(tmp_path, noted.append)
    for run in ("good", "bad"):
        RunJournal(store, run, "t").start({})
    (tmp_path / "bad/run.jsonl").write_bytes(text)
    assert [head.key.run for head in store.heads()] == ["good"]
    assert [info.run for info in store.index("t")] == ["good"]
    assert any(f"run {tmp_path}/bad is left out" in line for line in noted), noted
    assert story_of(store.records("bad")) is None
    with pytest.raises(Refused, match="damaged"):
        replay(store.records("bad"))


def test_a_file_that_is_called_otherwise_is_no_record(tmp_path: Path) -> None:
    noted: list[str] = []
    store = FileStore(tmp_path, noted.append)
    journal = RunJournal(store, "r1", "t")
    journal.start({})
    journal.begin("deploy", Action.EXECUTE)
    (tmp_path / "r1/notes.jsonl").write_text("{}\n")
    assert [str(record.key) for record in store.records("r1")] == ["run", "deploy.execute.1"]
    assert noted == [f"{tmp_path}/r1/notes.jsonl is no record of a run: it is left out"]


def test_a_damaged_record_of_a_step_says_so(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    journal = RunJournal(store, "r1", "t")
    journal.start({})
    journal.begin("deploy", Action.EXECUTE).end({"result": "done"})
    file = tmp_path / "r1/deploy.execute.1.jsonl"
    file.write_text(file.read_text().replace('"result":"done"', '"result":7'))
    story = replay(store.records("r1"))
    assert list(story.damaged) == ["deploy"]
    assert (story.begun(), story.succeeded(["deploy"])) == ({"deploy"}, False)
