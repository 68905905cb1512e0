"""The digests of a record: each entry's binds it to its run, its record, its place there, and all before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.backends.store import Store
from sternway_steps.journal.entries import Record
from sternway_steps.journal.replay import replay
from sternway_steps.journal.writer import RunJournal
from sternway_steps.step import Action

Tamper = Callable[[list[str]], list[str]]


def written(store: Store, run: str = "r1") -> RunJournal:
    journal = RunJournal(store, run, "t")
    journal.start({"config": {"name": "é"}})
    journal.reserve("a")
    step = journal.begin("a", Action.EXECUTE)
    step.intent({"x": 1, "y": [1.5, None, "é"]})
    step.evidence({"x": 2})
    step.end({"result": "done"})
    return journal


def record(store: Store) -> Record:
    return next(record for record in store.records("r1") if record.key.step == "a")


def test_what_is_written_holds(store: Store) -> None:
    """Also in a reserved record, once it is filled, and when another process goes on with the run's own."""
    written(store)
    back = RunJournal(store, "r1", "t").begin("a", Action.ROLLBACK)
    back.end({"result": "done"})
    RunJournal(store, "r1", "t").end({"status": "undone"})
    story = replay(store.records("r1"))
    assert (story.chained, story.damaged, len(story.attempts)) == (True, {}, 2)


TAMPERED: dict[str, Tamper] = {
    "a value": lambda lines: [lines[0], lines[1].replace('"x":1', '"x":7'), *lines[2:]],
    "the time": lambda lines: [lines[0].replace('"time":"2', '"time":"3'), *lines[1:]],
    "two exchanged": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "one gone": lambda lines: [lines[0], *lines[2:]],
    "one twice": lambda lines: [*lines[:2], *lines[1:]],
    "the first gone": lambda lines: lines[1:],
}


@pytest.mark.parametrize("tampered", TAMPERED)
def test_what_was_changed_since_is_damaged(tmp_path: Path, tampered: str) -> None:
    store = FileStore(tmp_path)
    written(store)
    file = tmp_path / "r1/a.execute.1.jsonl"
    lines = file.read_text().splitlines()
    changed = TAMPERED[tampered](lines)
    assert changed != lines
    file.write_text("".join(f"{line}\n" for line in changed))
    assert "digest of entry" in record(store).damage


@pytest.mark.parametrize("source", ["r2/a.execute.1", "r1/b.execute.1", "r1/a.execute.2"])
def test_a_record_that_is_another_ones_is_damaged(tmp_path: Path, source: str) -> None:
    store = FileStore(tmp_path)
    journal = written(store)
    written(store, "r2")
    for step in ("b", "a"):
        journal.begin(step, Action.EXECUTE).end({"result": "done"})
    (tmp_path / "r1/a.execute.1.jsonl").write_bytes((tmp_path / f"{source}.jsonl").read_bytes())
    assert "digest of entry 0" in record(store).damage


def test_without_digests_it_is_one_of_an_older_version(tmp_path: Path) -> None:
    """Whoever takes them away has a record that nothing undoes by itself."""
    store = FileStore(tmp_path)
    written(store)
    file = tmp_path / "r1/a.execute.1.jsonl"
    bare = [json.loads(line) for line in file.read_text().splitlines()]
    for entry in bare[1:]:
        del entry["chain"]
    file.write_text("".join(json.dumps(entry, separators=(",", ":"), ensure_ascii=False) + "\n" for entry in bare))
    story = replay(store.records("r1"))
    assert (story.chained, story.damaged) == (False, {})


def test_an_older_version_may_go_on_with_a_record(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    journal = written(store)
    file = tmp_path / "r1/run.jsonl"
    with file.open("a", encoding="utf-8") as end:
        end.write('{"schema":1,"kind":"run-started","time":"2026","data":{"target":"t","resumed":true}}\n')
    journal.records()
    journal.end({"status": "undone"})
    story = replay(store.records("r1"))
    assert (story.chained, story.damaged, story.status.value) == (False, {}, "undone")
