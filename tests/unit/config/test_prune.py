"""Where a run removes what is no longer named, and which kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.config.prune import prunes, pruning
from sternway_steps.config.schema import Config, DeployConfig, StepConfig
from sternway_steps.config.selection import taken, untaken
from sternway_steps.registry.load import load
from sternway_steps.yamltree.errors import ConfigErrors

FIRST = "name: t\nnamespace: default\nimage: web:1\n"


def loaded(folder: Path, text: str) -> Config:
    file = folder / "sternway.yaml"
    file.write_text(FIRST + text)
    return load(file)


def names(config: Config) -> list[str]:
    return [step.name for step in config.steps if isinstance(step, StepConfig)]


def test_it_is_a_step_after_all_others_and_deploys_nothing(tmp_path: Path) -> None:
    assert not prunes(loaded(tmp_path, ""))
    config = loaded(tmp_path, "deploy: {prune: true}\n")
    assert names(config) == ["validate", "deploy", "verify", "prune"]
    assert config.steps[-1] == StepConfig("prune", "deploy", {"prune": True})
    assert taken(config) == list(config.manifests)
    assert untaken(config, ()) == []
    assert pruning(loaded(tmp_path, "")) == config
    assert pruning(config) == config
    assert Config.from_dict(config.to_dict()).deploy == config.deploy


def test_it_stands_where_the_steps_say(tmp_path: Path) -> None:
    steps = "steps: [deploy, {name: gone, uses: deploy, with: {prune: true}}, verify]\n"
    for deploy in ("", "deploy: {prune: true}\n"):
        config = loaded(tmp_path, steps + deploy)
        assert names(config) == ["deploy", "gone", "verify"]
        assert prunes(config)


def test_without_a_deploy_nothing_is_removed(tmp_path: Path) -> None:
    assert names(loaded(tmp_path, "steps: [validate]\ndeploy: {prune: true}\n")) == ["validate"]


def test_kinds_are_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, "deploy: {prune: {kinds: [Job, Certificate.cert-manager.io]}}\n")
    assert config.deploy == DeployConfig(prune=True, prune_kinds=("Job", "Certificate.cert-manager.io"))
    assert Config.from_dict(config.to_dict()).deploy == config.deploy
    assert loaded(tmp_path, "deploy: {prune: {}}\n").deploy.prune


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deploy: {prune: {kinds: [Namespace]}}", "Namespace is never removed"),
        ("deploy: {prune: {kinds: [PersistentVolumeClaim]}}", "what it holds does not come back"),
        ("deploy: {prune: {kinds: [CustomResourceDefinition]}}", "CustomResourceDefinition is never removed"),
        ("deploy: {prune: {kinds: [jobs]}}", "is no kind"),
        ("deploy: {prune: maybe}", "true or false"),
        ("steps: [deploy, {name: p, uses: deploy, with: {prune: false}}]", "this is not true"),
        ("steps: [deploy, {name: p, uses: deploy, with: {prune: true, recreate: true}}]", "remove recreate"),
        ("steps: [{name: p, uses: deploy, with: {prune: true}}, deploy]", r"steps\[0\]: p removes .* after all steps"),
        ("steps: [[deploy, {name: p, uses: deploy, with: {prune: true}}]]", r"steps\[0\]\[1\]: p removes .* after"),
    ],
)
def test_nonsense_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigErrors, match=message):
        loaded(tmp_path, text + "\n")
