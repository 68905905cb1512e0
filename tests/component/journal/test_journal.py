"""The journal's two stores, held to the same rules."""

from __future__ import annotations

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
from sternway_steps.errors import Failed, Refused, Transient
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import JournalConflict, RecordGone, Store
from sternway_steps.journal.codec import from_chunks, to_chunks, to_line
from sternway_steps.journal.entries import Entry, Key, Kind
from sternway_steps.journal.replay import Status, replay
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube import transport
from sternway_steps.kube.client import Client
from sternway_steps.kube.transport import Transport
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Fault, cut, delay, fail
from sternway_steps.step import Action, Recorded


def noise(size: int) -> str:
    return os.urandom(size // 2).hex()  # does not compress well


def test_what_is_written_is_read(store: Store) -> None:
    journal = RunJournal(store, "r1", "shop.web")
    journal.start({"config": {"name": "web"}})
    step = journal.begin("deploy", Action.EXECUTE)
    step.intent({"objects": ["é", {"a": None}]})
    step.end({"result": "done"})
    journal.end({"status": "succeeded"})
    head, record = journal.records()
    assert [e.kind for e in head.entries] == [Kind.RUN_STARTED, Kind.RUN_ENDED]
    assert [e.kind for e in record.entries] == [Kind.STEP_BEGAN, Kind.INTENT, Kind.STEP_ENDED]
    assert record.entries[1].data == {"objects": ["é", {"a": None}]}
    assert record.key == Key("r1", "deploy", "execute", 1)


@pytest.mark.parametrize("run", ["x" * 5000, "é" * 200, "../r", ""])
def test_what_can_be_no_id_of_a_run_has_no_records(store: Store, run: str) -> None:
    assert list(store.records(run)) == []


def test_an_entry_of_some_megabytes_is_split_and_put_together(store: Store) -> None:
    journal = RunJournal(store, "r1", "t")
    step = journal.begin("deploy", Action.EXECUTE)
    big, more = noise(3_000_000), noise(900_000)
    step.intent({"big": big})
    step.evidence({"more": more})
    step.end({"result": "done"})
    again = journal.begin("deploy", Action.ROLLBACK)
    assert again.history().execute == Recorded(({"big": big},), ({"more": more},))


def test_a_record_that_others_deleted_is_not_gone_on_with(store: Store) -> None:
    """An entry without those before it could never be read: the run's record would be damaged, not gone."""
    journal = RunJournal(store, "r1", "t")
    journal.start({})
    open_here = RunJournal.of(store, store.records("r1"))
    store.remove("r1")
    for writer in (journal, open_here):
        with pytest.raises(RecordGone, match="deleted, or cut"):
            writer.end({"status": "succeeded"})
    assert not store.records("r1")


def test_a_second_writer_of_the_same_record_is_told(store: Store) -> None:
    key = Key("r1", "deploy", "execute", 1)
    store.append(key, 0, Entry.now(Kind.STEP_BEGAN, {"by": "one"}), {})
    with pytest.raises(JournalConflict):
        store.append(key, 0, Entry.now(Kind.STEP_BEGAN, {"by": "two"}), {})


@pytest.mark.parametrize("unsure", [False, True], ids=["known", "not known"])
def test_who_was_not_the_first_goes_on_when_it_has_read_what_the_other_wrote(
    store: Store, client: Client, unsure: bool
) -> None:
    """Also when it does not know whether an entry of its own was stored before: that one's place is taken, too."""
    RunJournal(store, "r1", "t").start({})
    here, there = store, store if isinstance(store, FileStore) else SecretStore(client, "default", keys=store.keys)
    one, other = (RunJournal.of(each, store.records("r1")) for each in (there, here))
    if unsure:
        with (
            mock.patch.object(store, "append", side_effect=Transient("the API server is away")),
            pytest.raises(Transient),
        ):
            other.end({"status": "failed"})
    one.resume()
    with pytest.raises(JournalConflict):
        other.end({"status": "undone"})
    assert replay(other.records()).resumed
    other.end({"status": "undone"})
    assert replay(store.records("r1")).status is Status.UNDONE


def test_two_attempts_at_once_get_a_number_each(store: Store) -> None:
    journals = [RunJournal(store, "r1", "t") for _ in range(3)]
    assert [j.begin("deploy", Action.ROLLBACK).key.attempt for j in journals] == [1, 2, 3]


def test_threads_that_write_one_record_lose_nothing(store: Store) -> None:
    """An undo makes several objects anew side by side, and writes before each."""
    journal = RunJournal(store, "r1", "t")
    step = journal.begin("deploy", Action.ROLLBACK)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: step.intent({"number": number}), range(24)))
    assert {data["number"] for data in step.history().rollback.intents} == set(range(24))


def test_the_oldest_ended_runs_are_forgotten(store: Store) -> None:
    for number in range(5):
        journal = RunJournal(store, f"r{number}", "t")
        journal.start({})
        if number != 1:
            journal.end({"status": "succeeded"})
    other = RunJournal(store, "other", "u")
    other.start({})
    other.end({"status": "succeeded"})
    assert RunJournal(store, "r3", "t").prune(2) == ["r0", "r2"]
    assert [head.key.run for head in store.heads("t")] == ["r1", "r3", "r4"]
    assert len(store.heads()) == 4


def test_what_could_not_be_put_back_is_kept_until_it_is_put_right(store: Store) -> None:
    failed = RunJournal(store, "r0", "t")
    failed.start({})
    failed.end({"status": "rollback-failed"})
    for number in range(1, 4):
        journal = RunJournal(store, f"r{number}", "t")
        journal.start({})
        journal.end({"status": "succeeded"})
    assert RunJournal(store, "r9", "t").prune(1) == ["r1", "r2"]
    assert [info.run for info in store.index("t")] == ["r0", "r3"]
    failed.resume()
    failed.end({"status": "undone"})
    assert RunJournal(store, "r9", "t").prune(1) == ["r0"]


def test_a_line_that_was_cut_off_never_counted(tmp_path: Path) -> None:
    journals = tmp_path / "above" / "journals"
    store = FileStore(journals)
    journal = RunJournal(store, "r1", "t")
    step = journal.begin("a", Action.EXECUTE)
    path = journals / "r1" / "a.execute.1.jsonl"
    path.write_text(path.read_text() + '{"schema":1,"kind":"inte')
    assert [e.kind for e in journal.records()[0].entries] == [Kind.STEP_BEGAN]
    step.intent({"x": 1})
    assert [e.kind for e in journal.records()[0].entries] == [Kind.STEP_BEGAN, Kind.INTENT]
    assert path.stat().st_mode & 0o077 == 0
    assert not [each for each in (path.parent, journals, journals.parent) if each.stat().st_mode & 0o077]


def test_a_record_takes_little_more_memory_than_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sternway_steps.journal.codec._ANYHOW", 100_000)
    blank = Entry(Kind.INTENT, {"x": " " * 1_000_000})
    chunks = to_chunks(0, to_line(blank), 400_000)
    assert from_chunks(chunks) == [to_line(blank)], "what packs too well to be read again is not packed"
    forged = zlib.compress(to_line(blank).encode(), 9)
    assert len(forged) < 2000
    with pytest.raises(ValueError, match="has over"):
        from_chunks({"0000.001-001": forged})
    with pytest.raises(ValueError, match="has over"):
        from_chunks({f"{n:04d}.001-001": zlib.compress(b"[" + b" " * 40_000) for n in range(4)})


def test_what_would_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sternway_steps.journal.codec._LARGEST", 10_000)
    store, key = FileStore(tmp_path), Key("r1", "deploy", Action.EXECUTE, 1)
    with pytest.raises(Failed, match="what the undo needs has over 10000 bytes"):
        store.append(key, 0, Entry(Kind.INTENT, {"x": "ä" * 6_000}), {})
    assert not store.records("r1")


def test_an_entry_of_which_a_chunk_is_missing_never_counted() -> None:
    chunks = to_chunks(0, to_line(Entry.now(Kind.INTENT, {"x": noise(4000)})), 500)
    assert len(chunks) > 3
    assert len(from_chunks(chunks)) == 1
    del chunks[sorted(chunks)[1]]
    assert from_chunks(chunks) == []


def test_a_newer_schema_is_refused() -> None:
    line = to_line(Entry(Kind.INTENT, {}, "", schema=99))
    from sternway_steps.journal.codec import from_line

    with pytest.raises(Refused, match="schema 99"):
        from_line(line)


@pytest.mark.parametrize("answer", ["before", "after"])
def test_an_answer_that_is_lost_is_no_second_entry(sternway_sandbox: Sandbox, client: Client, answer: str) -> None:
    store = SecretStore(client, "default")
    journal = RunJournal(store, "r1", "t")
    step = journal.begin("a", Action.EXECUTE)
    is_patch = lambda request: request.method == "PATCH"  # noqa: E731
    sternway_sandbox.faults.when(is_patch, cut(before=answer == "before"))
    try:
        step.intent({"x": 1})
    except Transient:
        step.intent({"x": 1})
    assert [e.kind for e in journal.records()[0].entries] == [Kind.STEP_BEGAN, Kind.INTENT]


def test_a_forbidden_journal_says_which_rights_it_needs(sternway_sandbox: Sandbox, client: Client) -> None:
    sternway_sandbox.access.deny("create", "secrets")
    with pytest.raises(Refused, match="can't be written") as raised:
        RunJournal(SecretStore(client, "default"), "r1", "t").start({})
    assert "secrets in namespace default" in str(raised.value.remedy)


def test_secrets_have_labels_and_no_owner(client: Client) -> None:
    RunJournal(SecretStore(client, "default"), "r1", "shop.web").begin("deploy", Action.EXECUTE)
    [secret] = client.list("v1", "Secret", "default").items
    assert secret["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "sternway", "sternway.dev/run": "r1", "sternway.dev/target": "shop.web",
        "sternway.dev/step": "deploy", "sternway.dev/record": "step",
    }  # fmt: skip
    assert "ownerReferences" not in secret["metadata"]


FAULTS = {
    "429": fail(429, Retry_After="0"), "500": fail(500), "503": fail(503), "cut before": cut(), "cut after": cut(before=False),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_fault_while_the_journal_is_written_is_no_matter(
    sternway_sandbox: Sandbox, client: Client, method: str, fault: Fault
) -> None:
    journal = RunJournal(SecretStore(client, "default"), "r1", "t")
    sternway_sandbox.faults.when(lambda request: request.method == method, fault, times=2)
    journal.start({})
    step = journal.begin("a", Action.EXECUTE)
    step.intent({"x": 1})
    step.end({"result": "done"})
    assert step.key.attempt == 1, "its own entry, whose answer was lost, is nobody else's"
    head, record = journal.records()
    assert [e.kind for e in head.entries] == [Kind.RUN_STARTED]
    assert [e.kind for e in record.entries] == [Kind.STEP_BEGAN, Kind.INTENT, Kind.STEP_ENDED]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_answer_that_does_not_come_in_time_is_asked_for_again(
    sternway_sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(transport, "READ", 0.2)
    client.transport._patience = (
        0.25  # the time is over when the answer is late; it is asked for once more all the same
    )
    sternway_sandbox.faults.when(lambda request: request.method == method, delay(0.4))
    journal = RunJournal(SecretStore(client, "default"), "r1", "t")
    step = journal.begin("a", Action.EXECUTE)
    step.intent({"x": 1})
    assert step.key.attempt == 1
    assert [e.kind for e in journal.records()[0].entries] == [Kind.STEP_BEGAN, Kind.INTENT]


def test_an_entry_that_may_be_stored_is_written_again_before_the_next(
    sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport.__init__, "__kwdefaults__", {"on_warning": None, "patience": 0.2})
    client = Client.connect(sternway_sandbox.kubeconfig)
    step = RunJournal(SecretStore(client, "default"), "r1", "t").begin("a", Action.EXECUTE)
    away = lambda request: request.method != "POST"  # noqa: E731
    sternway_sandbox.faults.when(away, cut(before=False))
    sternway_sandbox.faults.when(away, fail(503), times=9)
    with pytest.raises(Transient):
        step.evidence({"x": 1})
    sternway_sandbox.faults.reset()
    step.end({"result": "done"})
    [record] = SecretStore(client, "default").records("r1")
    assert [e.kind for e in record.entries] == [Kind.STEP_BEGAN, Kind.EVIDENCE, Kind.STEP_ENDED]
    client.close()


def test_faults_of_the_server_are_transient(sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport.__init__, "__kwdefaults__", {"on_warning": None, "patience": 0.2})
    client = Client.connect(sternway_sandbox.kubeconfig)
    sternway_sandbox.faults.when(lambda r: r.method == "POST", fail(503), times=9)
    with pytest.raises(Transient):
        RunJournal(SecretStore(client, "default"), "r1", "t").start({})
    client.close()


def test_attempts_begun_at_the_same_moment_get_a_number_each(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda _: RunJournal(store, "r1", "t").begin("a", Action.ROLLBACK).key.attempt, range(4)))
    assert sorted(begun) == [1, 2, 3, 4]
