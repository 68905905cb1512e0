"""What becomes of a step whose record somebody else writes to, or deletes, while it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import secret_name
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import JournalConflict, RecordGone
from sternway_steps.journal.entries import Entry, Key, Kind
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.steps import Steps
from sternway_steps.session import Session
from sternway_steps.step import Action, Context, Effects, Outcome, StepSpec

from tests.conftest import Cluster
from tests.helpers import config_map, config_of


@dataclass
class Disturbed:
    """Records, and before it does so again somebody disturbs its first attempt."""

    disturb: Callable[[Context, int], None]
    spec: StepSpec = StepSpec("disturbed", needs_cluster=True, effects=Effects.NONE)
    attempts: list[int] = field(default_factory=list)

    def execute(self, context: Context) -> Outcome:
        self.attempts.append(len(self.attempts) + 1)
        context.journal.intent({"attempt": self.attempts[-1]})
        if self.attempts == [1]:
            self.disturb(context, 2)
        context.journal.evidence({"attempt": self.attempts[-1]})
        return Outcome("recorded")

    def rollback(self, context: Context) -> Outcome:
        raise AssertionError("it changes nothing")


@contextmanager
def disturbed(
    cluster: Cluster, disturb: Callable[[Context, int], None], retries: int
) -> Iterator[tuple[Session, Config, Disturbed]]:
    step = Disturbed(disturb)
    steps = (StepConfig("deploy", "deploy"), StepConfig("disturbed", "disturbed", retries=retries))
    config = config_of(cluster.namespace, config_map("m", a="1"), steps=steps)
    with Session(kubeconfig=cluster.kubeconfig) as session:
        session.steps = Steps({**session.steps, "disturbed": step}, tuple)
        yield session, config, step


def key(context: Context) -> Key:
    return Key(context.run, "disturbed", "execute", 1)


def write(context: Context, index: int, cluster: Cluster) -> None:
    entry = Entry.now(Kind.EVIDENCE, {"of": "somebody else"})
    SecretStore(cluster.client, cluster.namespace).append(key(context), index, entry, {})


def delete(context: Context, _: int, cluster: Cluster) -> None:
    ref = Ref("v1", "Secret", cluster.namespace, secret_name(key(context), 1))
    cluster.client.delete(ref, uid=None, propagation="Background")


def test_who_meets_another_writer_is_undone_or_tries_again(cluster: Cluster) -> None:
    with disturbed(cluster, partial(write, cluster=cluster), 0) as (session, config, step):
        once = session.run(config)
        assert (once.status, once.exit_code, len(step.attempts)) == (Status.UNDONE, Exit.FAILED, 1)
        assert isinstance(once.error, JournalConflict)
        assert cluster.client.get(Ref("v1", "ConfigMap", cluster.namespace, "m")) is None
    with disturbed(cluster, partial(write, cluster=cluster), 1) as (session, config, step):
        twice = session.run(config)
        assert (twice.status, twice.exit_code, len(step.attempts)) == (Status.SUCCEEDED, Exit.DONE, 2), twice.error


def test_a_step_whose_record_is_deleted_does_not_try_again_and_what_went_before_is_undone(cluster: Cluster) -> None:
    """Another attempt would take what this one has changed for how it was before."""
    with disturbed(cluster, partial(delete, cluster=cluster), 2) as (session, config, step):
        result = session.run(config)
    assert (result.status, result.exit_code, len(step.attempts)) == (Status.UNDONE, Exit.FAILED, 1), result.error
    assert isinstance(result.error, RecordGone)
    assert "was deleted, or cut, by somebody else" in str(result.error)
    assert cluster.client.get(Ref("v1", "ConfigMap", cluster.namespace, "m")) is None


@pytest.mark.parametrize(("disturb", "code"), [(write, Exit.TRANSIENT), (delete, Exit.FAILED)], ids=["write", "delete"])
def test_a_container_of_it_ends_so_that_argo_calls_it_again_or_does_not(
    cluster: Cluster, disturb: Callable[..., None], code: Exit
) -> None:
    with disturbed(cluster, partial(disturb, cluster=cluster), 0) as (session, config, _):
        run = session.step(config, "deploy", Action.EXECUTE).run
        assert session.step(config, "disturbed", Action.EXECUTE, run).exit_code == code
        again = session.step(config, "disturbed", Action.EXECUTE, run)
        assert again.exit_code == Exit.DONE, again.error
