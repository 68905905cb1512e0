"""A step that was written for contract 1 runs, is undone and goes on with its undo as before; it is told what to change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import StepConfig
from sternway_steps.journal.replay import Status
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Context, Effects, Item, Outcome, Ref, RollbackFailed, Rule, StepSpec

from tests.helpers import config_map, config_of, deployment

FLAGS = Ref("v1", "ConfigMap", "default", "flags")


class Flag:
    """Sets a key of a ConfigMap; reads the journal as steps did before there was a history."""

    spec = StepSpec(
        name="flag",
        effects=Effects.REVERSIBLE,
        execute_rules=(Rule("", ("configmaps",), ("get", "patch")),),
        rollback_rules=(Rule("", ("configmaps",), ("get", "patch")),),
        options=("value",),
    )

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": self._value(context)})
        context.check()
        self._set(context, context.options["value"])
        context.journal.evidence({"set": context.options["value"]})
        return Outcome("set", (Item("flag", "changed"),))

    def rollback(self, context: Context) -> Outcome:
        intents, evidences = context.journal.intents(), context.journal.evidences()
        if not intents:
            return Outcome("nothing to undo")
        if self._value(context) not in [intents[0]["before"], *(data["set"] for data in evidences)]:
            raise RollbackFailed("somebody set it since")
        going_on = bool(context.journal.undo_intents())
        context.journal.intent({"to": intents[0]["before"]})
        self._set(context, intents[0]["before"])
        return Outcome("put back again" if going_on else "put back")

    def _value(self, context: Context) -> Any:
        live = context.client.get(FLAGS)
        assert live is not None
        return live["data"].get("flag")

    def _set(self, context: Context, value: str | None) -> None:
        context.client.patch(FLAGS, {"data": {"flag": value}}, manager="flag")


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    steps = {**builtin_steps(), "flag": Flag()}
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default", steps=steps) as session:
        flags = config_map(FLAGS.name, flag="off")
        session.client.create({**flags, "metadata": {"name": FLAGS.name, "namespace": "default"}}, manager="test")
        yield session


def test_it_runs_and_is_undone_and_each_old_read_says_what_takes_its_place(session: Session) -> None:
    steps = (
        StepConfig("flag", "flag", {"value": "on"}),
        StepConfig("deploy", "deploy"),
        StepConfig("verify", "verify"),
    )
    config = config_of("default", deployment("web", "nope:1"), steps=steps)
    with pytest.warns(DeprecationWarning, match="of contract 1") as warned:
        result = session.run(config)
    assert result.status is Status.UNDONE, result
    flags = session.client.get(FLAGS)
    assert flags is not None
    assert flags["data"] == {"flag": "off"}
    said = [str(one.message) for one in warned]
    assert [text.partition(" is of contract 1")[0] for text in said] == [
        "journal.intents()", "journal.evidences()", "journal.undo_intents()",
    ]  # fmt: skip
    assert [text.partition("use journal.")[2].partition(",")[0] for text in said] == [
        "history().execute.intents", "history().execute.evidence", "history().rollback.intents",
    ]  # fmt: skip
    assert {one.filename for one in warned} == {__file__}, "it points to the step's own line"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_second_rollback_reads_what_the_first_one_was_about_to_do(session: Session) -> None:
    config = config_of("default", steps=(StepConfig("flag", "flag", {"value": "on"}),))
    result = session.run(config)
    assert result.status is Status.SUCCEEDED, result
    for _ in range(2):
        assert session.rollback(result.run).status is Status.UNDONE
    summaries = [a.data["summary"] for a in session.story(result.run).attempts if a.action == "rollback"]
    assert summaries == ["put back", "put back again"]
