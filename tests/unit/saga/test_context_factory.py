"""What steps are asked before a run begins, and what is made of their answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.errors import Refused, Stopped, Transient
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.registry.load import load
from sternway_steps.saga.assembly import AssembledRun
from sternway_steps.saga.context_factory import contexts
from sternway_steps.saga.plan import Plan, make_plan
from sternway_steps.saga.refusals import refusals
from sternway_steps.step import Action, Context, Outcome, StepSpec
from sternway_steps.yamltree.errors import SourceLocation


class Asked:
    """A step that answers with an error, or with none."""

    def __init__(self, name: str, error: Exception | None = None, programs: tuple[str, ...] = ()) -> None:
        self.spec = StepSpec(name, needs_cluster=False, programs=programs)
        self._error = error

    def check(self, _: Context) -> None:
        if self._error is not None:
            raise self._error

    def execute(self, _: Context) -> Outcome:
        return Outcome("done")

    def rollback(self, _: Context) -> Outcome:
        return Outcome("undone")


def assembled(config: Config, plan: Plan, steps: dict[str, Any], folder: Path) -> AssembledRun:
    store, no_cluster = FileStore(folder), cast("Client", None)
    return AssembledRun(config, plan, steps, no_cluster, RunJournal(store, "r", "t"), store.lock("t"))


def asked(folder: Path, *steps: Asked) -> list[Refused]:
    path = folder / "s.yaml"
    path.write_text(f"name: t\nimage: t:1\nsteps: [{', '.join(step.spec.name for step in steps)}]\n")
    by_name: dict[str, Any] = {step.spec.name: step for step in steps}
    config = load(path)
    plan = make_plan(config.steps, {name: step.spec for name, step in by_name.items()})
    found = refusals(assembled(config, plan, by_name, folder / "journal"), threading.Event())
    assert not (folder / "journal").exists(), "nothing is written for a question"
    return found


def test_all_steps_are_asked_and_all_refusals_given(tmp_path: Path) -> None:
    found = asked(tmp_path, Asked("a", Refused("no a")), Asked("b"), Asked("c", Refused("no c"), ("no-such-program",)))
    assert [bad.message for bad in found] == [
        "step c needs the program no-such-program, which is not on PATH", "no a", "no c",
    ]  # fmt: skip


@pytest.mark.parametrize("order", [("away", "wrong"), ("wrong", "away")])
def test_what_is_surely_wrong_is_said_before_what_can_not_be_told_now(tmp_path: Path, order: tuple[str, str]) -> None:
    errors = {"away": Transient("the registry is away"), "wrong": Refused("no such folder")}
    assert [bad.message for bad in asked(tmp_path, *(Asked(name, errors[name]) for name in order))] == [
        "no such folder"
    ]


def test_what_can_not_be_told_now_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="the registry is away"):
        asked(tmp_path, Asked("a", Transient("the registry is away")), Asked("b"))


def test_what_is_wrong_with_a_step_is_said_at_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "name: web\nimage: web:1\nsteps:\n  - validate\n  - [deploy, flagg]\n  - {name: validate, uses: verify, with: {x: 1}}\n"
    )
    config = load(tmp_path / "s.yaml")
    specs = {name: StepSpec(name, options=("selector",)) for name in ("validate", "deploy", "verify", "flag")}
    with pytest.raises(Refused) as refused:
        make_plan(config.steps, specs)
    lines = refused.value.message.splitlines()
    assert [line.removeprefix(f"{tmp_path}/") for line in lines] == [
        "s.yaml:5:14: steps: there is no step 'flagg'",
        "s.yaml:6:5: steps: 'validate' stands twice",
        "s.yaml:6:5: steps: validate has an option that verify does not know: 'x'",
    ]
    assert "did you mean 'flag'?" in str(refused.value.remedy)


def test_a_key_of_deploy_that_is_taken_for_a_step_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: web\nimage: web:1\nsteps: [deploy, prune]\n")
    with pytest.raises(Refused) as refused:
        make_plan(load(tmp_path / "s.yaml").steps, {"deploy": StepSpec("deploy")})
    assert str(refused.value.remedy) == "known are deploy; prune is no step, but a key of another one: deploy: {prune: true}"  # fmt: skip


@pytest.mark.parametrize("text", ["a/b.yaml:3:14", "--set image", "STERNWAY_IMAGE", "C:x", "a:1"])
def test_a_place_is_read_as_it_was_written(text: str) -> None:
    assert str(SourceLocation.parse(text)) == text
    assert SourceLocation.parse("a/b.yaml:3:14") == SourceLocation("a/b.yaml", 3, 14)


def test_an_undo_is_stopped_by_a_lost_lock_alone(tmp_path: Path) -> None:
    config = Config("t", steps=(StepConfig("a", "a"),), deadline=0.001)
    plan = make_plan(config.steps, {"a": StepSpec("a", needs_cluster=False)})
    run = assembled(config, plan, {}, tmp_path)
    stop, lost = threading.Event(), threading.Event()
    made = contexts(run, stop=stop, undo_stop=lost)
    forward = made(plan.steps[0], Action.EXECUTE, run.journal.unwritten("a"))
    back = made(plan.steps[0], Action.ROLLBACK, run.journal.unwritten("a"))
    stop.set()
    with pytest.raises(Stopped):
        forward.check()
    back.check()
    lost.set()
    with pytest.raises(Stopped):
        back.check()
