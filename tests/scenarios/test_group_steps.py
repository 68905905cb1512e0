"""The steps of a group as processes of their own, at the same time: what Argo does, here with a session each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.errors import Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.entries import Kind
from sternway_steps.journal.locks.lock import held
from sternway_steps.journal.replay import Status
from sternway_steps.journal.writer import RunJournal
from sternway_steps.saga.result import Result
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Request, delay
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import config_map, config_of, until

RUN = "w-1"
Start = Callable[..., "Future[Result]"]


def config() -> Config:
    one, two = config_map("one", a="1"), config_map("two", a="1")
    one["metadata"]["labels"], two["metadata"]["labels"] = {"of": "one"}, {"of": "two"}
    group = tuple(StepConfig(name, "deploy", {"selector": f"of={name}"}, retries=0) for name in ("one", "two"))
    return config_of("default", one, two, steps=(group,))


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        yield session


@pytest.fixture
def start(sternway_sandbox: Sandbox) -> Iterator[Start]:
    """Start one action of one step, with a session of its own, as a pod has."""
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:

        def begin(name: str, action: Action = Action.EXECUTE, run: str | None = RUN) -> Future[Result]:
            own = stack.enter_context(Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default"))
            return pool.submit(own.step, config(), name, action, run, lambda _: None, "workflow")

        yield begin


def slow(sandbox: Sandbox, name: str, seconds: float) -> None:
    def writes(request: Request) -> bool:
        return request.method == "PATCH" and request.path.endswith(f"/configmaps/{name}")

    sandbox.faults.when(writes, delay(seconds), 1)


def works(session: Session, step: str) -> bool:
    return any(a.step == step and not a.ended for a in session.story(RUN).attempts) if session.runs() else False


def at_work(session: Session, start: Start, sandbox: Sandbox, seconds: float) -> Future[Result]:
    """Start `one`, which needs some seconds, and wait until it works."""
    slow(sandbox, "one", seconds)
    execution = start("one")
    until(lambda: works(session, "one"), what="one works")
    return execution


def ends(session: Session) -> int:
    (head,) = SecretStore(session.book, "default").heads()
    return sum(entry.kind is Kind.RUN_ENDED for entry in head.entries)


def test_both_work_at_once_and_whoever_ends_last_ends_the_run(
    session: Session, start: Start, sternway_sandbox: Sandbox
) -> None:
    first = at_work(session, start, sternway_sandbox, 3)
    assert start("two").result(30).exit_code == Exit.DONE
    assert works(session, "one"), "two did not wait for one"
    assert session.story(RUN).status is Status.OPEN
    assert first.result(30).status is Status.SUCCEEDED
    assert (session.story(RUN).status, ends(session)) == (Status.SUCCEEDED, 1)


def test_both_may_be_the_first_and_both_the_last(session: Session, start: Start) -> None:
    for done in [start("one"), start("two")]:
        assert done.result(60).exit_code == Exit.DONE
    assert (session.story(RUN).status, ends(session), len(session.runs())) == (Status.SUCCEEDED, 1, 1)


def test_an_end_that_was_missed_is_made_up_for_when_argo_asks_again(
    session: Session, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Refused("the journal can't be written")

    assert start("one").result(30).exit_code == Exit.DONE
    with monkeypatch.context() as patched:
        patched.setattr(RunJournal, "end", full)
        missed = start("two").result(30)
    assert (missed.status, missed.exit_code) == (Status.SUCCEEDED, Exit.TRANSIENT)
    assert session.story(RUN).status is Status.OPEN
    assert start("two").result(60).exit_code == Exit.DONE
    assert session.story(RUN).status is Status.SUCCEEDED


def test_a_rollback_waits_for_its_own_steps_execution(
    session: Session, start: Start, sternway_sandbox: Sandbox
) -> None:
    execution = at_work(session, start, sternway_sandbox, 4)
    rollback = start("one", Action.ROLLBACK)
    assert rollback.result(60).exit_code == Exit.DONE
    assert execution.done(), "it did not begin before the execution was over"
    assert session.client.list("v1", "ConfigMap", "default", labels="of=one").items == []


def test_who_undoes_the_whole_run_is_told_that_one_of_its_group_still_works(
    session: Session, start: Start, sternway_sandbox: Sandbox
) -> None:
    execution = at_work(session, start, sternway_sandbox, 6)
    with pytest.raises(Transient, match="is at work: run w-1"):
        session.rollback(RUN)
    execution.result(30)
    assert session.rollback(RUN).status is Status.UNDONE


def test_nothing_begins_while_another_run_of_the_target_is_at_work(session: Session, start: Start) -> None:
    assert start("one").result(30).exit_code == Exit.DONE
    at = session.locate(config())
    lock = at.store.lock(at.target)
    with held(lock, "somebody-else", session.stop):
        refused = start("two").result(60)
    assert (refused.exit_code, str(refused.error)[:34]) == (Exit.TRANSIENT, "another run of this target is at w")
