"""The scenarios that every runner must end alike: read from saga/*.yaml, played, and compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml
from sternway_steps.journal.replay import Story
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.step import Action

from tests.helpers import state_of, until

FOLDER = Path(__file__).parent / "saga"
OBJECTS = (("apps/v1", "Deployment", "web"), ("v1", "Service", "web"), ("v1", "ConfigMap", "settings"))
PATIENCE = 240.0


@dataclass(frozen=True)
class Scenario:
    """One file. `hurdle` stands in the way of one object; `then` is what somebody does while a step works."""

    name: str
    what: str
    change: Mapping[str, Any]
    expect: Mapping[str, Any]
    hurdle: Mapping[str, Any] = field(default_factory=dict)
    then: Mapping[str, Any] = field(default_factory=dict)
    deadline: Mapping[str, str] = field(default_factory=dict)


SCENARIOS = [Scenario(path.stem, **yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))]


class Runner(Protocol):
    """What plays a scenario: one process, or Argo."""

    kind: str
    client: Client
    namespace: str
    unready: str
    """How long what never gets ready is looked at; "" as the scenario says, which is long enough for Argo."""

    def good(self, files: Mapping[str, str]) -> None:
        """Run the old version to its good end."""

    def start(self, files: Mapping[str, str]) -> None:
        """Start the run that the scenario is about."""

    def story(self) -> Story | None:
        """Tell that run as its journal does; None while there is nothing."""

    def act(self, do: str) -> None:
        """Do what the scenario does to the step that works: stop, delete, restart."""

    def ended(self) -> int:
        """Wait for the end and give the exit code of the run."""


class Hurdles(Protocol):
    """Puts something in the way of one object, and takes it away."""

    def place(self, kind: str, plural: str, name: str, dry: bool) -> None:
        """Place it; returns when it works."""

    def remove(self) -> None:
        """Take it away."""


def files(namespace: str, version: int, change: Mapping[str, Any], deadline: str = "") -> dict[str, str]:
    """Give the files of a pipeline: the simple form, and a ConfigMap beside it."""
    keys = {
        "name": "web", "namespace": namespace, "image": "localhost/app:1", "port": 8080, "replicas": 1,
        "probes": {"readiness": "/ready"}, "manifests": ["settings.yaml"],
        "verify": {"deadline": "1m", "grace": {"pull": "2s"}}, **change,
    }  # fmt: skip
    if deadline:
        keys["deadline"] = deadline
    settings = {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"version": str(version)},
        "metadata": {"name": "settings", "labels": {"tier": "base"}},
    }  # fmt: skip
    return {"sternway.yaml": yaml.safe_dump(keys), "settings.yaml": yaml.safe_dump(settings)}


def play(scenario: Scenario, runner: Runner, hurdles: Hurdles) -> Story:
    """Play a scenario and hold its end against what is expected."""
    runner.good(files(runner.namespace, 1, {}))
    before = _left(runner)
    hurdle, then = scenario.hurdle, scenario.then
    if hurdle and "at" not in hurdle:
        _place(hurdle, hurdles)
    change = _at_the_pace_of(runner, scenario.change)
    runner.start(files(runner.namespace, 2, change, scenario.deadline.get(runner.kind, "")))
    if "at" in hurdle:
        _at(hurdle["at"], runner, before)
        _place(hurdle, hurdles)
    if "at" in then:
        for step in [then["at"]] if isinstance(then["at"], str) else then["at"]:
            _at(step, runner, before)
        runner.act(then["do"])
    if "until" in hurdle:
        until(lambda: hurdle["until"] in _attempts(runner), PATIENCE, hurdle["until"])
        hurdles.remove()
    if hurdle.get("kind") == "hang":
        until(lambda: any(a.endswith("stopped") for a in _attempts(runner)), PATIENCE, "the attempt is sealed")
        hurdles.remove()
    code = runner.ended()
    story = runner.story()
    assert story is not None
    expect = scenario.expect
    attempts = _in_groups(_attempts(runner), expect["attempts"])
    told = {"status": story.status.value, "exit": code, "attempts": attempts, "left": _which(before, runner)}
    assert told == {key: value for key, value in expect.items() if key != "error"}, story.error
    assert re.search(expect.get("error", ""), story.error), story.error
    return story


def _at_the_pace_of(runner: Runner, change: Mapping[str, Any]) -> Mapping[str, Any]:
    if runner.unready and "verify" in change:
        return {**change, "verify": {**change["verify"], "deadline": runner.unready}}
    return change


def _place(hurdle: Mapping[str, Any], hurdles: Hurdles) -> None:
    plural, _, name = hurdle["object"].partition("/")
    hurdles.place(hurdle["kind"], plural, name, bool(hurdle.get("dry")))


def _at(step: str, runner: Runner, before: list[Any]) -> None:
    """Wait until a step works; for verify, until what it verifies is there."""

    def works() -> bool:
        story = runner.story()
        return story is not None and any(a.step == step and not a.ended for a in story.attempts)

    until(works, PATIENCE, f"{step} works")
    if step == "verify":
        until(lambda: _left(runner) != before, PATIENCE, "the change arrives")


def _attempts(runner: Runner) -> list[str]:
    story = runner.story()
    return [f"{a.step} {Action(a.action).value} {a.result}" for a in story.attempts] if story else []


def _in_groups(told: list[str], expected: Sequence[str | list[str]]) -> list[Any]:
    """Put attempts that ran side by side, in whatever order they began, into the order of what is expected."""
    found: list[Any] = []
    for item in expected:
        here, told = (told[: len(item)], told[len(item) :]) if isinstance(item, list) else (told[:1], told[1:])
        if isinstance(item, list):
            found.append(item if sorted(here) == sorted(item) else here)
        else:
            found += here
    return found + told


def _left(runner: Runner) -> list[Any]:
    return [state_of(runner.client.get(Ref(version, kind, runner.namespace, name))) for version, kind, name in OBJECTS]


def _which(before: list[Any], runner: Runner) -> str:
    now = _left(runner)
    if now == before:
        return "old"
    settings = runner.client.get(Ref("v1", "ConfigMap", runner.namespace, "settings")) or {}
    return "new" if settings.get("data") == {"version": "2"} and now[0] != before[0] else "half"
