"""Hooks of Helm in a configuration: what is told apart, where their steps stand, and that Argo gets the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config, ConfigErrors
from sternway_steps.config.each_step import each_step
from sternway_steps.registry.load import load, load_with_source
from sternway_steps.saga.plan import make_plan
from sternway_templates.argo.pipeline import pipeline


def hook(name: str, events: str, **notes: str) -> dict[str, Any]:
    annotations = {
        "helm.sh/hook": events,
        **{f"helm.sh/hook-{key.replace('_', '-')}": value for key, value in notes.items()},
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "annotations": annotations}}


PLAIN = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
ALL = [
    PLAIN,
    hook("up", "pre-install,post-upgrade"),
    hook("down", "pre-rollback"),
    hook("test", "test"),
    hook("old", "test-success"),
]


def config(folder: Path, *objects: dict[str, Any], **keys: Any) -> Config:
    (folder / "m.json").write_text("\n".join(map(json.dumps, objects)))
    (folder / "sternway.yaml").write_text(json.dumps({"name": "t", "namespace": "n", "manifests": ["m.json"], **keys}))
    return load(folder / "sternway.yaml")


def names(manifests: Any) -> list[str]:
    return [manifest.obj["metadata"]["name"] for manifest in manifests]


@pytest.mark.parametrize(
    ("mode", "hooks", "left_out"), [("run", ["up"], ["down", "test", "old"]), ("ignore", [], ["up", "down", "test", "old"])]
)  # fmt: skip
def test_what_is_deployed_what_runs_and_what_is_left_out(
    mode: str, hooks: list[str], left_out: list[str], tmp_path: Path
) -> None:
    found = config(tmp_path, *ALL, hooks=mode)
    assert (names(found.manifests), names(found.hooks), names(found.left_out)) == (["m"], hooks, left_out)
    again = Config.from_dict(json.loads(json.dumps(found.to_dict())))
    assert (again.manifests, again.hooks, again.left_out) == (found.manifests, found.hooks, ())
    assert make_plan(again.steps, {n: s.spec for n, s in builtin_steps().items()}).steps


def test_without_a_word_of_the_user_tests_alone_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        config(tmp_path, *ALL)
    assert [(e.location.line, e.message.split(",")[0]) for e in raised.value.errors] == [
        (2, "Job up is a hook of Helm (pre-install"), (3, "Job down is a hook of Helm (pre-rollback)"),
    ]  # fmt: skip
    assert names(config(tmp_path, PLAIN, *ALL[3:]).left_out) == ["test", "old"]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (hook("a", "pre-instal"), "pre-instal is no hook of Helm"),
        (hook("a", "crd-install"), "crd-install is no hook of Helm"),
        (hook("a", "pre-install", weight="x"), "'x' is no weight"),
        (hook("a", "pre-install", delete_policy="never"), "never is no delete policy"),
    ],
)
def test_words_that_helm_does_not_have_are_named(wrong: dict[str, Any], word: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=word):
        config(tmp_path, PLAIN, wrong, hooks="run")


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (None, "validate hooks-before deploy verify hooks-after"),
        (["deploy"], "hooks-before deploy hooks-after"),
        (["validate"], "validate"),
        (["validate", ["deploy", {"name": "two", "uses": "deploy"}], "verify", {"name": "x", "execute": ["true"], "effects": "none"}], "validate hooks-before deploy two verify hooks-after x"),
        ([{"name": "mine", "uses": "deploy", "with": {"hooks": "before"}}, "deploy"], "mine deploy"),
    ],
)  # fmt: skip
def test_the_steps_stand_around_deploy_and_verify(steps: Any, found: str, tmp_path: Path) -> None:
    made = config(tmp_path, PLAIN, ALL[1], hooks="run", **({"steps": steps} if steps else {}))
    assert " ".join(step.name for step, _, _ in each_step(made.steps)) == found
    assert made.to_dict()["steps"]


def test_without_hooks_there_are_no_steps_for_them(tmp_path: Path) -> None:
    assert len(config(tmp_path, PLAIN, ALL[2], hooks="run").steps) == 3


def test_on_argo_the_pods_read_the_same(tmp_path: Path) -> None:
    config(tmp_path, *ALL, hooks="run")
    here, document = load_with_source(tmp_path / "sternway.yaml")
    objects = {obj["kind"]: obj for obj in pipeline(here, document).values()}
    (tmp_path / "pod").mkdir()
    for name, text in objects["ConfigMap"]["data"].items():
        (tmp_path / "pod" / name).write_text(text)
    there = load(tmp_path / "pod/sternway.yaml")
    assert there.steps == here.steps
    for field in ("manifests", "hooks", "left_out"):
        assert [m.obj for m in getattr(there, field)] == [m.obj for m in getattr(here, field)]
    sets = {
        t["name"]: t["containerSet"] for t in objects["WorkflowTemplate"]["spec"]["templates"] if "containerSet" in t
    }
    names = {name: {each["name"] for each in found["containers"]} for name, found in sets.items()}
    assert {"hooks-before", "hooks-after"} <= names["forward"]
    assert "rollback-hooks-before" in names["back"]
    jobs = [rule for rule in objects["Role"]["rules"] if "jobs" in rule["resources"]]
    assert {"create", "delete", "watch"} <= {verb for rule in jobs for verb in rule["verbs"]}
