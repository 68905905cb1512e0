"""Commands in the configuration: what is taken, and every mistake with its place and what helps."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config, ConfigErrors, StepConfig
from sternway_steps.registry.load import load
from sternway_steps.saga.plan import make_plan
from sternway_steps.step import Effects

NO_IMAGE = "this key is for a container, and there is no image; expected image: NAME"
BOTH = "a step is a command or one of Sternway's, not both"
EMPTY = "this command is empty; expected [PROGRAM, ARGUMENT, …]"
BAD = {
    "no rollback, no effects": ("{name: a, execute: [x]}", "execute: nothing says what becomes of it when the run is undone; rollback: […] undoes it, effects: none leaves nothing, effects: irreversible stays whatever happens"),
    "rollback of nothing": ("{name: a, execute: [x], rollback: [y], effects: none}", "rollback: there is nothing to roll back: effects is none; remove one of the two"),
    "rollback of what stays": ("{name: a, execute: [x], rollback: [y], effects: irreversible}", "rollback: there is nothing to roll back: effects is irreversible"),
    "reversible by nothing": ("{name: a, execute: [x], effects: reversible}", "effects: what is reversible needs the command that undoes it; expected rollback: [PROGRAM, ARGUMENT, …]"),
    "unknown effects": ("{name: a, execute: [x], effects: some}", "effects: 'some' is not known; expected reversible or irreversible or none"),
    "uses beside it": ("{name: a, uses: deploy, execute: [x], effects: none}", f"uses: {BOTH}; remove uses, or execute"),
    "with beside it": ("{name: a, execute: [x], effects: none, with: {selector: a=b}}", f"with: {BOTH}; remove with, or execute"),
    "empty": ("{name: a, execute: [], effects: none}", f"execute: {EMPTY}"),
    "empty word": ("{name: a, execute: ['', x], effects: none}", f"execute: {EMPTY}"),
    "empty rollback": ("{name: a, execute: [x], rollback: []}", f"rollback: {EMPTY}"),
    "a shell's line": ("{name: a, execute: make all, effects: none}", "execute: this is no list; expected a list: one line for each item, with '- ' before it; the program and each argument is an item, and no shell reads them; if one is meant: [sh, -c, 'LINE']"),
    "a number in it": ("{name: a, execute: [sleep, 5], effects: none}", 'execute[1]: YAML reads 5 as a number; expected a string; put it in quotes: "5"'),
    "a NUL in it": ('{name: a, execute: ["a\\0"], effects: none}', "execute[0]: this holds a NUL character, which no program can be given"),
    "docker without image": ("{name: a, execute: [x], effects: none, runner: docker}", "runner: docker runs containers, and there is no image; expected image: NAME"),
    "a Job without image": ("{name: a, execute: [x], effects: none, runner: kubernetes}", "runner: kubernetes runs containers, and there is no image"),
    "a process with image": ("{name: a, execute: [x], effects: none, runner: process, image: i}", "image: a process of this machine has no image; remove image, or runner: process"),
    "unknown runner": ("{name: a, execute: [x], effects: none, runner: dcoker}", "runner: 'dcoker' is not known; expected auto or docker or podman or process or kubernetes"),
    "a user of no container": ("{name: a, execute: [x], effects: none, user: 5}", f"user: {NO_IMAGE}"),
    "root": ("{name: a, execute: [x], effects: none, image: i, user: 0}", "user: 0 is out of range"),
    "a folder in a Job": ("{name: a, execute: [x], effects: none, image: i, runner: kubernetes, folder: .}", "folder: a pod has no folder of this machine; put the files into the image, or into arguments"),
    "a network of a Job": ("{name: a, execute: [x], effects: none, image: i, runner: kubernetes, network: host}", "network: this key is for docker and podman"),
    "a bad image": ("{name: a, execute: [x], effects: none, image: 'A b'}", "image: 'A b' is not valid; expected an image reference"),
    "unknown key": ("{name: a, execute: [x], effects: none, imgae: i}", "imgae: this key is not known; did you mean 'image'?"),
    "half a source": ("{name: a, execute: [x], effects: none, env: {K: {secret: s}}}", "env.K: this says not where the value comes from; expected a string, {secret: NAME, key: KEY} or {config: NAME, key: KEY}"),
    "a field of no pod": ("{name: a, execute: [x], effects: none, env: {K: {field: metadata.name}}}", "env.K: this says not where the value comes from"),
    "what Sternway tells": ("{name: a, execute: [x], effects: none, env: {STERNWAY_RUN: r}}", "env.STERNWAY_RUN: Sternway sets this itself; take another name"),
    "no execute": ("{name: a, rollback: [x]}", "rollback: this key belongs to a step that is a command; expected execute: [PROGRAM, ARGUMENT, …]"),
    "an image of deploy": ("{name: deploy, image: i}", "image: this key belongs to a step that is a command"),
    "the step by its name": ("command", "execute: this step is a command, and has none; expected execute: [PROGRAM, ARGUMENT, …]"),
    "in a group": ("[validate, {name: a, execute: [x]}]", "[1].execute: nothing says what becomes of it"),
}  # fmt: skip


def read(folder: Path, *steps: str) -> Config:
    path = folder / "sternway.yaml"
    path.write_text("name: web\nimage: web:1\nsteps:\n" + "".join(f"- {step}\n" for step in steps))
    return load(path)


@pytest.mark.parametrize(("step", "said"), BAD.values(), ids=BAD)
def test_a_mistake_is_named_with_its_place_and_what_helps(tmp_path: Path, step: str, said: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        read(tmp_path, step)
    assert len(found.value.errors) == 1, str(found.value)
    text = str(found.value)
    field = f"steps[0]{said}" if said.startswith("[") else f"steps[0].{said}"
    assert text.startswith(f"{tmp_path}/sternway.yaml:4:"), text
    assert f": {field}" in text


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as found:
        read(tmp_path, "{name: a, execute: []}", "{name: b, execute: [x], rollback: [y], effects: none, user: 7}")
    assert [(error.field, error.location.line) for error in found.value.errors] == [
        ("steps[0].execute", 4), ("steps[0].execute", 4), ("steps[1].rollback", 5), ("steps[1].user", 5),
    ]  # fmt: skip


def test_a_command_is_what_its_keys_say_and_the_journal_gives_it_back(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "{name: a, image: 'i:1', execute: [x, '$(A)'], rollback: [y], env: {A: b, S: {secret: s, key: k}}, deadline: 5s}",
        "{name: b, execute: [./x], effects: irreversible, folder: sub, retries: 0}",
        "[{name: c, execute: [x], effects: none}, deploy]",
    )
    again = Config.from_dict(config.to_dict())
    assert again.steps == config.steps
    a, b, (c, _) = again.steps
    assert isinstance(a, StepConfig)
    assert isinstance(b, StepConfig)
    assert (a.uses, a.effects, a.deadline) == ("command", "reversible", 5.0)
    assert a.options == {"image": "i:1", "execute": ["x", "$(A)"], "rollback": ["y"], "env": {"A": "b", "S": {"secret": "s", "key": "k"}}}  # fmt: skip
    assert b.options["folder"] == str(tmp_path / "sub"), "the undo may be called from elsewhere"
    assert c.options["folder"] == str(tmp_path), "a process works beside its configuration"
    plan = make_plan(again.steps, {name: step.spec for name, step in builtin_steps().items()})
    effects = [step.spec.effects for step in plan.steps]
    assert effects == [Effects.REVERSIBLE, Effects.IRREVERSIBLE, Effects.NONE, Effects.REVERSIBLE]


def test_a_pipeline_of_commands_alone_needs_nothing_to_deploy(tmp_path: Path) -> None:
    path = tmp_path / "sternway.yaml"
    path.write_text("name: web\nsteps: [{name: a, execute: [x], effects: none}]\n")
    assert load(path).manifests == ()
