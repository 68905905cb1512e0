"""The list of runs, which tells what their records tell, and is read without them."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.journal.backends.secret_form import STARTED, STATUS, records_of
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import Store, info_of
from sternway_steps.journal.codec import to_chunks, to_line
from sternway_steps.journal.entries import Entry, Kind
from sternway_steps.journal.replay import Status, replay
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import cut
from sternway_steps.session import Session

from tests.helpers import config_map, config_of, deployment


def begun(store: Store, run: str, target: str = "t", **data: Any) -> RunJournal:
    journal = RunJournal(store, run, target)
    journal.start(data)
    return journal


def check_index(store: Store) -> None:
    """The index of each target, and of all, says what the runs' own records say."""
    for target in (None, "t", "u"):
        assert list(store.index(target)) == [info_of(head) for head in store.heads(target)]


def test_the_index_says_what_the_records_say(store: Store) -> None:
    begun(store, "open")
    begun(store, "done").end({"status": "succeeded"})
    begun(store, "other", "u").end({"status": "refused"})
    again = begun(store, "again")
    again.end({"status": "rollback-failed"})
    check_index(store)
    again.resume()
    check_index(store)
    assert {info.run for info in store.index("t") if info.status is Status.OPEN} == {"open", "again"}
    again.end({"status": "undone"})
    check_index(store)
    assert (store.target_of("other"), store.target_of("nobody")) == ("u", None)


def test_a_record_that_goes_on_in_a_further_secret_is_open_until_all_of_it_has_ended(client: Client) -> None:
    store = SecretStore(client, "default")
    journal = begun(store, "big", config={"noise": os.urandom(700_000).hex()})
    parts = [o["metadata"]["name"] for o in client.list("v1", "Secret", "default").items]
    assert parts == ["sternway.big.run"]
    check_index(store)
    journal.end({"status": "rollback-failed", "error": os.urandom(400_000).hex()})
    assert len(client.list("v1", "Secret", "default").items) == 2
    check_ended(store, Status.ROLLBACK_FAILED)
    journal.resume()
    assert store.index("t")[0].status is Status.OPEN
    journal.end({"status": "undone"})
    check_ended(store, Status.UNDONE)


def check_ended(store: Store, status: Status) -> None:
    """The records say so; the index may say `open` of a record in parts, and never that another end came."""
    assert replay(store.heads("t")).status is status
    assert store.index("t")[0].status in (status, Status.OPEN)


def test_heads_of_older_versions_bear_no_label_and_are_read_all_the_same(client: Client) -> None:
    store = SecretStore(client, "default")
    for run, end in (("r1", "succeeded"), ("r2", "undone"), ("r3", ""), ("r4", "succeeded")):
        journal = begun(store, run)
        if end:
            journal.end({"status": end})
        if run != "r4":
            bare = {"metadata": {"labels": {STATUS: None}, "annotations": {STARTED: None}}}
            client.patch(Ref("v1", "Secret", "default", f"sternway.{run}.run"), bare, manager="old")
    check_index(store)
    old = RunJournal(store, "r3", "t")
    old.records()
    old.end({"status": "undone"})  # ended by this version: the label is there, and the moment of its start is not
    check_index(store)
    assert RunJournal(store, "r4", "t").prune(1) == ["r1", "r2", "r3"]


def test_a_record_that_an_older_version_went_on_with_is_read(client: Client) -> None:
    """It adds its entry, and leaves the label as it is."""
    store = SecretStore(client, "default")
    begun(store, "r1").end({"status": "rollback-failed"})
    resumed = Entry.now(Kind.RUN_STARTED, {"target": "t", "resumed": True})
    chunks = {name: base64.b64encode(piece).decode() for name, piece in to_chunks(2, to_line(resumed), 480_000).items()}
    client.patch(Ref("v1", "Secret", "default", "sternway.r1.run"), {"data": chunks}, manager="sternway-journal")
    assert store.index("t")[0].status is Status.OPEN
    check_index(store)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_an_end_of_which_the_answer_is_lost_is_never_half_written(
    sternway_sandbox: Sandbox, client: Client, before: bool
) -> None:
    journal = begun(SecretStore(client, "default"), "r1")
    sternway_sandbox.faults.when(lambda request: request.method == "PATCH", cut(before=before))
    journal.end({"status": "succeeded"})
    check_label_at_every_moment(sternway_sandbox, {"open", "succeeded"})


def test_the_label_is_written_with_the_entry_at_every_moment_of_runs_and_undos(sternway_sandbox: Sandbox) -> None:
    def config(image: str) -> Config:
        return replace(config_of("default", config_map("m", image=image), deployment("web", image)), name="web")

    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        good = session.run(config("localhost/app:1"))
        session.run(config("localhost/app:2"))
        assert session.run(config("nope:1")).status is Status.UNDONE
        session.rollback_to(good.run)
        session.rollback(good.run)
    check_label_at_every_moment(sternway_sandbox, {"open", "succeeded", "undone"})


def check_label_at_every_moment(sandbox: Sandbox, statuses: set[str]) -> None:
    changes = sandbox.store.since(1)
    assert changes is not None
    heads = [obj for _, _, key, obj in changes if key == ("", "Secret") and obj["metadata"]["labels"].get(STATUS)]
    for head in heads:
        assert head["metadata"]["labels"][STATUS] == replay(records_of([head])).status.value
    assert {head["metadata"]["labels"][STATUS] for head in heads} == statuses
