"""Steps side by side: in the plan, in the configuration, and walked with hand-made steps."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sternway_steps.saga.group
from sternway_steps.config import Config, ConfigErrors, StepConfig
from sternway_steps.errors import Abandoned, Failed, Refused, RollbackFailed, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.replay import Status, replay
from sternway_steps.objects.image_digests import with_digests
from sternway_steps.registry.load import load
from sternway_steps.saga.events import Event, UndoStarted
from sternway_steps.saga.orchestrator import Orchestrator
from sternway_steps.saga.plan import make_plan
from sternway_steps.step import Context, Effects, Outcome, StepSpec

from tests.unit.saga.test_orchestrator import Act, Made, orchestrator, raises


def grouped(folder: Path, *groups: tuple[Made, ...], tell: object = lambda _: None) -> Orchestrator:
    made = orchestrator(folder, *(step for group in groups for step in group), tell=tell)  # type: ignore[arg-type]
    config = [tuple(StepConfig(step.spec.name, step.spec.name) for step in group) for group in groups]
    made.plan = make_plan(config, {name: step.spec for name, step in made.steps.items()})
    return made


def meet(barrier: threading.Barrier) -> Act:
    """Wait for the others of the group: a step that ran alone would wait in vain."""

    def act(_: Context) -> None:
        barrier.wait(10)

    return act


def test_a_group_runs_and_is_undone_side_by_side(tmp_path: Path) -> None:
    diary: list[str] = []
    forth, back = threading.Barrier(3), threading.Barrier(3)
    group = tuple(Made(name, diary, meet(forth), meet(back)) for name in ("b1", "b2", "b3"))
    told: list[Event] = []
    walk = grouped(
        tmp_path, (Made("a", diary),), group, (Made("c", diary, raises(Failed("broken"))),), tell=told.append
    )
    result = walk.run({"config": {}})
    assert (result.status, str(result.error)) == (Status.UNDONE, "broken")
    assert sorted(diary[1:4]) == ["b1 execute", "b2 execute", "b3 execute"]
    assert (diary[0], diary[4:6], sorted(diary[6:9]), diary[9]) == (
        "a execute", ["c execute", "c rollback"], ["b1 rollback", "b2 rollback", "b3 rollback"], "a rollback",
    )  # fmt: skip
    assert [event.steps for event in told if isinstance(event, UndoStarted)] == [("c", "b1", "b2", "b3", "a")]


def test_the_others_of_a_group_end_and_the_first_error_is_that_of_the_configs_order(tmp_path: Path) -> None:
    diary: list[str] = []
    late = threading.Event()

    def slow(_: Context) -> None:
        assert late.wait(10)
        raise Failed("the first, and the last to fail")

    def fast(_: Context) -> None:
        late.set()
        raise Failed("the second")

    group = (Made("one", diary, slow), Made("two", diary, fast), Made("three", diary))
    result = grouped(tmp_path, group, (Made("never", diary),)).run({"config": {}})
    assert str(result.error) == "the first, and the last to fail"
    assert sorted(diary[3:]) == ["one rollback", "three rollback", "two rollback"]
    assert "never execute" not in diary


def test_in_a_group_each_step_is_tried_again_by_itself_and_a_failed_rollback_stops_no_other(tmp_path: Path) -> None:
    diary: list[str] = []
    group = (
        Made("one", diary, raises(Transient("away"), 2)),
        Made("two", diary, rollback=raises(RollbackFailed("stuck"))),
    )
    result = grouped(tmp_path, (Made("a", diary),), group, (Made("c", diary, raises(Failed("broken"))),)).run({})
    assert diary.count("one execute") == 3
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    assert [str(error) for error in result.rollback_errors] == ["stuck"]
    assert {"one rollback", "a rollback"} <= set(diary)


def test_a_run_that_is_left_waits_until_the_group_has_sealed_its_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary: list[str] = []
    begun = threading.Barrier(3)
    stop = threading.Event()

    def hang(context: Context) -> None:
        begun.wait(10)
        stop.wait(10)
        context.check()

    walk = grouped(tmp_path, (Made("one", diary, hang), Made("two", diary, hang)))
    walk.stop = stop

    def wait(futures: object, *rest: object) -> object:
        if not rest:  # the walk waits for its group, and the user asks a second time to stop
            begun.wait(10)
            stop.set()
            raise Abandoned
        return really(futures, *rest)  # type: ignore[arg-type]

    really = sternway_steps.saga.group.wait
    monkeypatch.setattr(sternway_steps.saga.group, "wait", wait)
    result = walk.run({"config": {}})
    assert result.status is Status.INTERRUPTED
    story = replay(FileStore(tmp_path).records("r1"))
    assert {(a.step, bool(a.ended)) for a in story.attempts} == {("one", True), ("two", True)}


def test_an_interrupted_run_stops_its_group_and_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diary: list[str] = []
    begun = threading.Barrier(3)
    ended: list[str] = []

    def hang(context: Context) -> None:
        begun.wait(10)
        assert context.stop.wait(10)
        ended.append(context.step)
        context.check()

    walk = grouped(tmp_path, (Made("one", diary, hang), Made("two", diary, hang)))
    really, interrupts = sternway_steps.saga.group.wait, [KeyboardInterrupt()]

    def wait(futures: object, *rest: object) -> object:
        if interrupts:
            begun.wait(10)
            raise interrupts.pop()
        return really(futures, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sternway_steps.saga.group, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        walk.run({"config": {}})
    assert sorted(ended) == ["one", "two"]
    assert not [step for step in diary if step.endswith("rollback")], "the next run of the target undoes it"
    assert all(a.ended for a in replay(FileStore(tmp_path).records("r1")).attempts)


def test_values_are_handed_on_through_the_journal_by_steps_that_are_done(tmp_path: Path) -> None:
    diary: list[str] = []
    seen: list[object] = []

    def gives(**images: str) -> Act:
        return lambda _: Outcome("built", hands_on={"images": images})

    def fails_with(context: Context) -> Outcome:
        if context.attempt == 1:
            raise Transient("once")
        return Outcome("built", hands_on={"images": {"b": "2"}})

    steps = (Made("one", diary, gives(a="1")), Made("two", diary, fails_with))
    walk = grouped(tmp_path, steps, (Made("use", diary, lambda c: seen.append(dict(c.handed("images")))),))
    inner = walk.context_for

    def context_for(planned, action, record):  # type: ignore[no-untyped-def]
        context = inner(planned, action, record)
        context.received = lambda: replay(walk.journal.records()).handed_on()
        return context

    walk.context_for = context_for
    assert walk.run({"config": {}}).status is Status.SUCCEEDED
    assert seen == [{"a": "1", "b": "2"}]


def test_the_configuration_of_groups_survives_the_journal(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "name: web\nimage: web:1\nsteps:\n  - validate\n"
        "  - [{name: api, uses: deploy, with: {selector: app.kubernetes.io/name=web}}, {name: web, uses: deploy}]\n  - [verify]\n"
    )
    config = load(tmp_path / "s.yaml")
    assert [isinstance(item, tuple) for item in config.steps] == [False, True, True]
    assert Config.from_dict(config.to_dict()).steps == config.steps
    specs = {name: StepSpec(name, options=("selector",)) for name in ("validate", "deploy", "verify")}
    plan = make_plan(config.steps, specs)
    assert [[step.name for step in group] for group in plan.groups] == [["validate"], ["api", "web"], ["verify"]]
    assert [plan.runs_in_parallel(step) for step in plan.steps] == [False, True, True, False]


@pytest.mark.parametrize(
    ("steps", "place", "field", "words"),
    [
        ("[validate, [deploy, [verify]]]", "3:28", "steps[1][1]", "a group holds steps, and no other groups"),
        ("[validate, []]", "3:19", "steps[1]", "this group is empty"),
        ("[validate, [deploy, 7]]", "3:28", "steps[1][1]", "put it in quotes"),
        ("[validate, &a [deploy, *a]]", "3:19", "steps[1][1]: this holds itself", "without aliases"),
        ("[[{name: a, uses: deploy, with: {selector: '!!'}}]]", "3:", "steps[0][0].with.selector", "selector"),
        ("[[{name: a, ueses: deploy}]]", "3:20", "steps[0][0].ueses", "did you mean 'uses'?"),
    ],
)
def test_mistakes_in_groups_have_their_place(tmp_path: Path, steps: str, place: str, field: str, words: str) -> None:
    (tmp_path / "s.yaml").write_text(f"name: web\nimage: web:1\nsteps: {steps}\n")
    with pytest.raises(ConfigErrors) as bad:
        load(tmp_path / "s.yaml")
    text = str(bad.value.errors[0])
    assert f"s.yaml:{place}" in text, text
    assert field in text
    assert words in text


def test_a_variable_reaches_into_steps_and_groups(tmp_path: Path) -> None:
    steps = "[{name: validate}, [{name: api, uses: deploy}, {name: web, uses: deploy}]]"
    (tmp_path / "s.yaml").write_text(
        f"name: web\nimage: web:1\nport: 80\nprobes: {{readiness: {{path: /}}}}\nsteps: {steps}\n"
    )
    environ = {
        "STERNWAY_STEPS__0__RETRIES": "7", "STERNWAY_STEPS__1__1__RETRIES": "9",
        "STERNWAY_PROBES__READINESS__PATH": "/up",
    }  # fmt: skip
    config = load(tmp_path / "s.yaml", environ=environ)
    group = config.steps[1]
    assert isinstance(group, tuple)
    assert (config.steps[0].retries, [step.retries for step in group]) == (7, [2, 9])  # type: ignore[union-attr]
    assert "/up" in str(config.manifests)


def test_a_name_stands_once_in_all_groups() -> None:
    with pytest.raises(Refused, match="'a' stands twice"):
        make_plan([StepConfig("a", "x"), (StepConfig("b", "x"), StepConfig("a", "x"))], {"x": StepSpec("x")})


def test_what_only_the_config_knows_of_a_steps_effects_is_planned() -> None:
    plan = make_plan([StepConfig("a", "x", effects="irreversible")], {"x": StepSpec("x")})
    assert plan.steps[0].spec.effects is Effects.IRREVERSIBLE
    assert [step.name for step in plan.stays_of({"a"})] == ["a"]


def test_digests_stand_behind_the_images_that_were_built_wherever_they_are_named() -> None:
    pod = {
        "initContainers": [{"image": "r/a:1"}],
        "containers": [{"image": "r/b:1"}, {"image": "r/a:10", "args": ["r/a:1"]}],
    }
    objects = [
        {"kind": "Deployment", "spec": {"template": {"spec": pod}}},
        {"kind": "Shop", "spec": {"image": "r/a:1"}},
    ]
    before = repr(objects)
    made = with_digests(objects, {"r/a:1": "sha256:0f"})
    assert made[0]["spec"]["template"]["spec"] == {
        "initContainers": [{"image": "r/a:1@sha256:0f"}],
        "containers": [{"image": "r/b:1"}, {"image": "r/a:10", "args": ["r/a:1"]}],
    }
    assert made[1]["spec"] == {"image": "r/a:1@sha256:0f"}
    assert repr(objects) == before
    assert with_digests(objects, {}) is objects
