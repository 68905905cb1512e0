"""Records that a key of one's own encrypts: what they hide, and what they are called that can't be read."""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import Refused
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.backends.secret_form import secret_name
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import Store
from sternway_steps.journal.codec import from_chunks, from_line, stored_line, to_chunks
from sternway_steps.journal.encryption import NO_KEYS, JournalKeys
from sternway_steps.journal.entries import Entry, Key, Kind
from sternway_steps.journal.key_source import keys_in
from sternway_steps.journal.replay import Status, locked_story, replay, require_unlocked, story_of
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.trust import Trust
from sternway_steps.step import Action

Lines = list[str]


def text(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


ONE, TWO, BOTH = (keys_in(each, "a test") for each in (text(1), text(2), f"# new\n{text(2)}\n\n{text(1)}\n"))
STEP = Key("r1", "a", "execute", 1)


class Journal:
    """A journal in one of its stores, and what lies in it."""

    def __init__(self, folder: Path | None, client: Client | None) -> None:
        self.folder, self.client = folder, client
        self.noted: list[str] = []

    def store(self, keys: JournalKeys) -> Store:
        if self.folder is not None:
            return FileStore(self.folder, self.noted.append, keys)
        assert self.client is not None
        return SecretStore(self.client, "default", note=self.noted.append, keys=keys)

    def lines(self, key: Key) -> Lines:
        if self.folder is not None:
            return (self.folder / key.run / f"{key}.jsonl").read_text().splitlines()
        data = self._secret(key).get("data") or {}
        return from_chunks({name: base64.b64decode(value) for name, value in data.items()})

    def put(self, key: Key, lines: Lines) -> None:
        """Put lines in place of those of a record."""
        if self.folder is not None:
            (self.folder / key.run / f"{key}.jsonl").write_text("".join(f"{line}\n" for line in lines))
            return
        chunks = {name: piece for n, line in enumerate(lines) for name, piece in to_chunks(n, line, 480_000).items()}
        data = {name: base64.b64encode(piece).decode() for name, piece in chunks.items()}
        gone = dict.fromkeys(self._secret(key)["data"])
        assert self.client is not None
        self.client.patch(self._ref(key), {"data": {**gone, **data}}, manager="attacker")

    def everything(self) -> str:
        """Return all that is stored, in the clear as far as anybody gets without a key."""
        if self.folder is not None:
            texts = [path.read_text() for path in self.folder.rglob("*.jsonl")]
        else:
            assert self.client is not None
            secrets = self.client.list("v1", "Secret", "default").items
            texts = [json.dumps(secret) for secret in secrets]
            packed = [{k: base64.b64decode(v) for k, v in (s.get("data") or {}).items()} for s in secrets]
            texts += [line for data in packed for line in from_chunks(data)]
        boxes = [json.loads(line).get("box", "") for text in texts for line in text.splitlines()]
        return "\n".join([*texts, *(base64.b64decode(box).decode("latin-1") for box in boxes)])

    def _secret(self, key: Key) -> dict[str, Any]:
        assert self.client is not None
        found = self.client.get(self._ref(key))
        assert found is not None
        return found

    def _ref(self, key: Key) -> Ref:
        return Ref("v1", "Secret", "default", secret_name(key, 1))


@pytest.fixture(params=["files", "secrets"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "files":
        return Journal(tmp_path / "journal", None)
    return Journal(None, request.getfixturevalue("client"))


def begun(store: Store, run: str = "r1", **data: Any) -> RunJournal:
    made = RunJournal(store, run, "t")
    made.start({"config": {"name": "t"}, **data})
    step = made.begin("a", Action.EXECUTE)
    step.intent({"was": "hunter2", **data})
    step.evidence({"x": 2})
    step.end({"result": "done"})
    return made


def test_nothing_of_a_record_is_in_the_clear_and_all_of_it_is_read(journal: Journal) -> None:
    begun(journal.store(ONE)).end({"status": "undone", "error": "hunter2 again", "holds": "a" * 32})
    there = journal.everything()
    assert all(word not in there for word in ("hunter2", "aHVudGVyM", "config", "a" * 32))
    assert all(word in there for word in ('"undone"', ONE.ids()[0])), "what labels show of any run"
    records = journal.store(ONE).records("r1")
    story = replay(records)
    assert (story.status, story.chained, story.clear, story.damaged) == (Status.UNDONE, True, False, {})
    assert next(r for r in records if r.key == STEP).entries[1].data == {"was": "hunter2"}
    (info,) = journal.store(ONE).index("t")
    assert info.holds in ("a" * 32, ONE.hidden("a" * 32)), "in the clear only where it was read"
    assert story.holds == "a" * 32


@pytest.mark.parametrize("keys", [NO_KEYS, TWO], ids=["no key", "another key"])
def test_without_its_key_a_run_is_locked_and_never_nothing(journal: Journal, keys: JournalKeys) -> None:
    begun(journal.store(ONE))
    store = journal.store(keys)
    records = store.records("r1")
    assert [(r.locked, r.entries) for r in records] == [(True, ())] * 2
    assert story_of(records) is None
    with pytest.raises(Refused, match=ONE.ids()[0]) as refused:
        replay(records)
    assert "STERNWAY_JOURNAL_KEY_FILE" in (refused.value.remedy or "")
    assert [(i.run, i.target, i.status) for i in store.index("t")] == [("r1", "t", Status.OPEN)]
    assert store.heads() == []
    (head,) = store.heads("t", locked=True)
    story = locked_story(head)
    assert story is not None
    assert (story.run, story.target, story.status) == ("r1", "t", Status.LOCKED)
    assert any("r1" in note and "can't be read" in note for note in journal.noted)
    with pytest.raises(Refused, match="can't be read"):
        RunJournal(store, "r1", "t").end({"status": "undone"})


@pytest.mark.parametrize("keys", [NO_KEYS, TWO], ids=["no key", "another key"])
def test_how_a_locked_run_ended_is_told(journal: Journal, keys: JournalKeys) -> None:
    begun(journal.store(ONE)).end({"status": "rollback-failed"})
    store = journal.store(keys)
    assert [info.status for info in store.index("t")] == [Status.ROLLBACK_FAILED]
    assert RunJournal(store, "r2", "t").prune(keep=0) == []
    assert [str(record.key) for record in journal.store(ONE).records("r1")] == ["run", "a.execute.1"]


def flipped(line: str) -> str:
    head = json.loads(line)
    box = bytearray(base64.b64decode(head["box"]))
    box[-20] ^= 1
    return json.dumps({**head, "box": base64.b64encode(box).decode()}, separators=(",", ":"))


TAMPERED: dict[str, Callable[[Lines], Lines]] = {
    "a bit": lambda lines: [lines[0], flipped(lines[1]), *lines[2:]],
    "two exchanged": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "one gone": lambda lines: [lines[0], *lines[2:]],
    "the first gone": lambda lines: lines[1:],
    "one twice": lambda lines: [*lines[:2], *lines[1:]],
    "its time": lambda lines: [lines[0].replace('"time":"2', '"time":"3'), *lines[1:]],
    "its kind": lambda lines: [*lines[:3], lines[3].replace('"step-ended"', '"evidence"')],
}


@pytest.mark.parametrize("tampered", TAMPERED)
def test_what_was_changed_or_moved_within_a_record_is_damaged(journal: Journal, tampered: str) -> None:
    begun(journal.store(ONE))
    lines = journal.lines(STEP)
    changed = TAMPERED[tampered](lines)
    assert changed != lines
    journal.put(STEP, changed)
    story = replay(journal.store(ONE).records("r1"))
    assert "changed, or moved from elsewhere" in story.damaged["a"]


@pytest.mark.parametrize("source", [Key("r2", "a", "execute", 1), Key("r1", "b", "execute", 1), Key("r1", "a", "execute", 2)], ids=str)  # fmt: skip
def test_what_was_moved_from_another_record_is_damaged(journal: Journal, source: Key) -> None:
    made = begun(journal.store(ONE))
    begun(journal.store(ONE), "r2")
    for step in ("b", "a"):
        made.begin(step, Action.EXECUTE).end({"result": "done"})
    journal.put(STEP, journal.lines(source))
    assert "changed, or moved from elsewhere" in replay(journal.store(ONE).records("r1")).damaged["a"]


def test_a_tampered_run_is_named_listed_as_locked_and_hinders_no_other(journal: Journal) -> None:
    for run in ("r1", "r2"):
        begun(journal.store(ONE), run).end({"status": "succeeded"})
    lines = journal.lines(Key("r1"))
    journal.put(Key("r1"), [flipped(lines[0]), *lines[1:]])
    store = journal.store(ONE)
    listed = {head.key.run: locked_story(head) for head in store.heads("t", locked=True)}
    assert listed["r2"] is None
    assert listed["r1"] is not None
    assert (listed["r1"].status, listed["r1"].error) == (
        Status.LOCKED,
        "its content is not what a run writes (ValueError: entry 0 was changed, or moved from elsewhere, since it was encrypted)",
    )
    assert [head.key.run for head in store.heads("t")] == ["r2"]
    with pytest.raises(Refused, match="damaged"):
        replay(store.records("r1"))


def test_what_is_in_the_clear_beside_encrypted_entries_is_forged(journal: Journal) -> None:
    begun(journal.store(ONE))
    encrypted = journal.lines(STEP)
    forged = Entry(Kind.STEP_ENDED, {"result": "refused"}, "2031-01-01T00:00:00.000+00:00")
    journal.put(STEP, [*encrypted[:3], stored_line(STEP, 3, forged)])
    assert "entry 3 is not encrypted" in replay(journal.store(ONE).records("r1")).damaged["a"]
    journal.put(STEP, [stored_line(STEP, 0, Entry(Kind.STEP_BEGAN, {}, forged.time)), stored_line(STEP, 1, forged)])
    story = replay(journal.store(ONE).records("r1"))
    assert story.damaged["a"].endswith("it is not encrypted, though the record of its run is")


def test_a_run_in_the_clear_is_undone_by_a_person_alone_once_there_is_a_key(journal: Journal) -> None:
    """It is of before the key, or forged; who goes on with it encrypts what he writes."""
    begun(journal.store(NO_KEYS))
    store = journal.store(ONE)
    story = replay(store.records("r1"))
    assert (story.clear, story.chained, story.damaged) == (True, True, {})
    with pytest.raises(Refused, match="not encrypted"):
        Trust().require_chained(story)
    Trust(everything=True).require_chained(story)
    on = RunJournal.of(store, store.records("r1"))
    on.resume()
    on.begin("a", Action.ROLLBACK).end({"result": "done"})
    on.end({"status": "undone"})
    assert replay(journal.store(ONE).records("r1")).status is Status.UNDONE
    assert replay(journal.store(ONE).records("r1")).damaged == {}
    with pytest.raises(Refused, match="none is at hand"):
        replay(journal.store(NO_KEYS).records("r1"))


def test_keys_are_changed_by_putting_a_new_one_before_the_old(journal: Journal) -> None:
    begun(journal.store(ONE))
    store = journal.store(BOTH)
    on = RunJournal.of(store, store.records("r1"))
    on.begin("b", Action.EXECUTE).end({"result": "done"})
    assert {json.loads(line)["key"] for line in journal.lines(STEP)} == {ONE.ids()[0]}
    assert {json.loads(line)["key"] for line in journal.lines(Key("r1", "b", "execute", 1))} == {TWO.ids()[0]}
    assert replay(journal.store(BOTH).records("r1")).begun() == {"a", "b"}
    with pytest.raises(Refused, match=r"b\.execute\.1 can't be read"):
        replay(journal.store(ONE).records("r1"))
    with pytest.raises(Refused, match=ONE.ids()[0]):
        require_unlocked(journal.store(TWO).records("r1"))


def test_an_entry_of_several_chunks_is_read_again(journal: Journal) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(1_500_000)).decode()
    begun(journal.store(ONE), noise=noise)
    record = next(r for r in journal.store(ONE).records("r1") if r.key == STEP)
    assert (record.damage, record.entries[1].data.get("noise")) == ("", noise)
    if journal.client is not None:
        size = sum(
            len(base64.b64decode(value))
            for secret in journal.client.list("v1", "Secret", "default").items
            for value in (secret.get("data") or {}).values()
        )
        assert size < 2 * 1_550_000, "base64 within is packed again: the run's record and the step's"


def test_an_older_version_refuses_it_by_name() -> None:
    line = stored_line(Key("r1"), 0, Entry.now(Kind.RUN_STARTED, {"target": "t"}), ONE)
    with pytest.raises(Refused, match="schema 2, this Sternway reads up to 1"):
        from_line(line)


def test_what_is_written_once_more_is_the_same_and_nothing_else_is() -> None:
    entry = Entry.now(Kind.INTENT, {"x": 1})
    assert stored_line(STEP, 1, entry, ONE) == stored_line(STEP, 1, entry, ONE)
    boxes = {
        json.loads(stored_line(key, index, entry, keys))["box"]
        for key in (STEP, Key("r2", "a", "execute", 1))
        for index in (0, 1)
        for keys in (ONE, TWO)
    }
    nonces = {base64.b64decode(box)[:12] for box in boxes}
    assert (len(boxes), len(nonces)) == (8, 8)


def mangled(rng: random.Random, value: Any) -> Any:
    """Give JSON of another shape in some place of a line."""
    odd: list[Any] = [None, 7, "", "x" * 50, [], {}, [[1, 2]], {"a": [1]}, True, -1.5, "\x1b[31m", "é"]
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        return {**value, key: mangled(rng, value[key])}
    return rng.choice(odd)


@pytest.mark.parametrize("keys", [NO_KEYS, ONE, TWO], ids=["no key", "its key", "another key"])
def test_whatever_an_encrypted_line_is_made_into_it_is_damaged_or_locked(tmp_path: Path, keys: JournalKeys) -> None:
    rng, whole = random.Random(7), Journal(tmp_path, None)
    begun(whole.store(ONE)).end({"status": "succeeded", "holds": "a" * 32})
    good = whole.lines(Key("r1"))
    last = json.loads(good[-1])
    ends = [json.dumps({**last, "told": {**last["told"], "status": odd}}, separators=(",", ":")) for odd in ([], {}, 7)]
    for turn in range(150):
        at = rng.randrange(len(good))
        line = json.dumps(mangled(rng, json.loads(good[at])), separators=(",", ":"))
        if turn < len(ends):
            at, line = len(good) - 1, ends[turn]
        elif rng.random() < 0.3:
            cut = rng.randrange(len(line) + 1)
            line = line[:cut] + rng.choice(["", "\x00", '"', "}"]) + line[cut + rng.randrange(3) :]
        if line == good[at]:
            continue
        whole.put(Key("r1"), [*good[:at], line, *good[at + 1 :]])
        store = whole.store(keys)
        assert store.heads() == []
        assert story_of(store.records("r1")) is None
        for head in store.heads(locked=True):
            told = locked_story(head)
            assert told is None or told.status is Status.LOCKED
        assert {info.run for info in store.index()} <= {"r1"}


def test_a_key_shows_nowhere() -> None:
    assert text(1) not in repr(ONE)
    assert "\\x01" not in repr(ONE)
    assert all(len(each) == 12 and bytes.fromhex(each) not in bytes([1]) * 32 for each in ONE.ids())
    assert os.environ.get("STERNWAY_JOURNAL_KEY") is None
