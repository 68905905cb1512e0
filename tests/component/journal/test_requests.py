"""How often the journal is read: once for each decision, and a start reads no configuration of earlier runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qs

import pytest
from sternway_steps.config import Config
from sternway_steps.journal.locks.lock import held
from sternway_steps.journal.replay import Status
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import config_map, config_of, deployment

INDEX, RECORDS, FOUND = "index", "records", "in which namespace a run is"


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        yield session


def config(image: str) -> Config:
    return replace(config_of("default", config_map("m", image=image), deployment("web", image)), name="web")


def lists(sandbox: Sandbox, work: Callable[[], object]) -> list[str]:
    """Do something, and give which lists of Secrets it asked for."""
    before = len(sandbox.requests)
    work()
    found = []
    for request in sandbox.requests[before:]:
        if request.method == "GET" and request.path.endswith("/secrets"):
            selector = parse_qs(request.query).get("labelSelector", [""])[0]
            if "sternway.dev/" not in selector:  # of what was deployed, not of the journal
                continue
            metadata = "PartialObjectMetadataList" in request.accept
            found.append(RECORDS if not metadata else FOUND if "sternway.dev/run=" in selector else INDEX)
            assert metadata == ("record=run" in selector), "nobody reads the runs' own records with their data"
    return found


def test_a_run_that_succeeds(sternway_sandbox: Sandbox, session: Session) -> None:
    """The index when it starts, for what was left open and for what is held; what was deployed; the index to forget."""
    session.run(config("localhost/app:1"))
    for _ in range(2):
        read = lists(sternway_sandbox, lambda: session.run(config("localhost/app:2")))
        assert read == [INDEX, INDEX, RECORDS, INDEX]


def test_a_run_that_fails_and_is_undone(sternway_sandbox: Sandbox, session: Session) -> None:
    session.run(config("localhost/app:1"))
    read = lists(sternway_sandbox, lambda: session.run(config("nope:1")))
    assert session.runs()[0].status is Status.UNDONE
    assert read == [INDEX, INDEX, *[RECORDS] * 4, INDEX]


def test_an_undo_that_was_asked_for(sternway_sandbox: Sandbox, session: Session) -> None:
    """What it was (for its lock), what came after it, what it is now that the lock is held, the step's history,
    and because of what, for the Events.
    """
    session.run(config("localhost/app:1"))
    run = session.run(config("localhost/app:2")).run
    read = lists(sternway_sandbox, lambda: session.rollback(run))
    assert read == [FOUND, RECORDS, RECORDS, INDEX, RECORDS, RECORDS]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (("validate",), [RECORDS, RECORDS, INDEX, INDEX, RECORDS]),
        (("validate", "deploy"), [RECORDS, RECORDS, INDEX]),
        (("validate", "deploy", "verify"), [RECORDS, RECORDS, RECORDS, RECORDS, INDEX]),
        (("validate", "deploy", "-deploy"), [RECORDS, RECORDS, RECORDS, RECORDS]),
    ],
    ids=lambda each: each[-1],
)
def test_a_step_in_a_process_of_its_own(
    sternway_sandbox: Sandbox, session: Session, steps: tuple[str, ...], wanted: list[str]
) -> None:
    """Whether the run has begun, and whether it goes on now that the lock is held (a rollback asks for its values
    first); for the first step before that once more, what was left open and what is held; for a deploy whether a run
    before it went back, and may have written since; for the last one what was deployed,
    whether all others are done, and the index to forget the oldest; for a rollback the history, and because of what.
    """
    given, read = config("localhost/app:1"), []
    for step in steps:
        action = Action.ROLLBACK if step.startswith("-") else Action.EXECUTE
        work = partial(session.step, given, step.lstrip("-"), action, "r", workflow="w")
        read = lists(sternway_sandbox, work)
    assert read == wanted


def test_a_target_that_nobody_holds_is_locked_by_one_request(sternway_sandbox: Sandbox, session: Session) -> None:
    """A step's process locks it for itself, so that each of its requests delays the next step."""
    session.run(config("localhost/app:1"))
    before = len(sternway_sandbox.requests)
    with held(session.locate(config("localhost/app:1")).store.lock("default.web"), "r", threading.Event()):
        pass
    asked = [request.method for request in sternway_sandbox.requests[before:] if "coordination" in request.path]
    assert asked == ["POST", "DELETE"]
