"""A step of another package in what is generated for Argo: its image, its rights, and what others know of it."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.registry.load import load, load_with_source
from sternway_steps.registry.steps import Specs, Steps
from sternway_steps.saga.plan import make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Context, Effects, Outcome, Ref, Rule, StepSpec
from sternway_steps.yamltree.errors import ConfigErrors

from tests.helpers import config_map

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline


class Flag:
    """A step of another package."""

    spec = StepSpec(
        "flag", Effects.REVERSIBLE, execute_rules=(Rule("", ("configmaps",), ("get", "patch")),),
        rollback_rules=(Rule("batch", ("jobs",), ("list",), only_with=("Job",)),), options=("key",),
    )  # fmt: skip

    def execute(self, context: Context) -> Outcome:
        context.client.get(Ref("v1", "ConfigMap", context.config.namespace, "m"))
        return Outcome("read")

    def rollback(self, context: Context) -> Outcome:
        return Outcome("nothing to undo")


class Other(Flag):
    """A step of one more package."""

    spec = StepSpec("other", Effects.REVERSIBLE)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this module be the packages that declare them, whatever else is installed."""
    entries = [EntryPoint(step.spec.name, f"{__name__}:{step.__name__}", "sternway.steps") for step in (Flag, Other)]
    monkeypatch.setattr("sternway_steps.registry.steps._entry_points", lambda: entries)


def written(folder: Path, **keys: Any) -> dict[str, dict[str, Any]]:
    steps = ["validate", {"name": "switch", "uses": "flag", "with": {"key": "a"}}, "deploy"]
    base = {"name": "web", "namespace": "shop", "image": "web:1", "steps": steps, "argo": {"images": {"flag": "r/flag:1"}}}  # fmt: skip
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({**base, **keys}))
    return {obj["kind"]: obj for obj in pipeline(*load_with_source(path)).values()}


def images(objects: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Give the images of all containers by template and name, of those in a pod of their own by template alone."""
    found = objects["WorkflowTemplate"]["spec"]["templates"]
    alone = {t["name"]: t["container"]["image"] for t in found if "container" in t}
    sets = [(t["name"], c) for t in found if "containerSet" in t for c in t["containerSet"]["containers"]]
    return {**alone, **{f"{name}-{c['name']}": c["image"] for name, c in sets}}


@pytest.mark.parametrize(("pods", "on", "back"), [("one", "forward", "back-rollback"), ("each", "execute", "rollback")])
def test_its_image_is_the_one_that_is_named_for_it(tmp_path: Path, pods: str, on: str, back: str) -> None:
    found = images(written(tmp_path, argo={"pods": pods, "images": {"flag": "r/flag:1"}}))
    assert found[f"{on}-switch"] == found[f"{back}-switch"] == "r/flag:1"
    assert found[f"{on}-deploy"].startswith("localhost/sternway-deploy:")
    every = images(written(tmp_path, argo={"pods": pods, "image": "r/{step}:prod"}))
    assert (every[f"{on}-switch"], every[f"{on}-deploy"]) == ("r/flag:prod", "r/deploy:prod")
    own = images(written(tmp_path, argo={"pods": pods, "image": "r/{step}:prod", "images": {"deploy": "mine:2"}}))
    assert own[f"{on}-deploy"] == "mine:2"


@pytest.mark.parametrize(
    ("argo", "words"),
    [
        ({}, "argo.images.flag: the step flag comes from another package, so its image is another one too"),
        ({"images": {"flag": "f:1", "falg": "f:2"}}, "argo.images.falg: no step of this pipeline uses it; did you mean 'flag'?"),
        ({"images": {"flag": "no image"}}, "argo.images.flag"),
    ],
)  # fmt: skip
def test_an_image_that_is_not_known_is_asked_for_with_its_place(argo: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        written(tmp_path, argo=argo)
    assert words in str(raised.value)
    assert f"{tmp_path / 'sternway.yaml'}:1:" in str(raised.value)


def test_where_one_image_runs_all_steps_it_is_named(tmp_path: Path) -> None:
    from sternway_templates.kubernetes.cronjob import cronjob

    keys = {"name": "web", "namespace": "shop", "image": "web:1", "steps": ["flag", "deploy"], "schedule": "1 2 * * *"}
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps(keys))
    with pytest.raises(ConfigErrors, match=r"argo.images.run: flag of other packages: the image .*; argo: .images"):
        cronjob(*load_with_source(path))
    path.write_text(json.dumps({**keys, "argo": {"images": {"run": "mine:1", "flag": "f:1"}}}))
    made = {o["kind"]: o for o in cronjob(*load_with_source(path)).values()}["CronJob"]
    assert made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == "mine:1"
    assert images({"WorkflowTemplate": {o["kind"]: o for o in pipeline(*load_with_source(path)).values()}["WorkflowTemplate"]})["forward-flag"] == "f:1"  # fmt: skip


def test_one_pod_sweeps_so_steps_of_several_images_need_one_that_holds_all(tmp_path: Path) -> None:
    """Argo starts each step in its own image; what a Workflow leaves that is terminated is undone by one pod."""
    steps, two = ["flag", "other", "deploy"], {"flag": "f:1", "other": "o:1"}
    for argo in ({}, {"sweep": False}, {"undoOnTerminate": False}):
        with pytest.raises(
            ConfigErrors, match=r"argo.images.run: flag, other come in several images.*run: IMAGE"
        ) as raised:
            written(tmp_path, steps=steps, argo={"images": two, **argo})
        assert f"{tmp_path / 'sternway.yaml'}:1:" in str(raised.value)
    assert "CronJob" not in written(
        tmp_path, steps=steps, argo={"images": two, "sweep": False, "undoOnTerminate": False}
    )
    for images, sweeps in (
        ({**two, "run": "all:1"}, "all:1"),
        ({"flag": "both:1", "other": "both:1"}, "both:1"),
    ):
        made = written(tmp_path, steps=steps, argo={"images": images})["CronJob"]["spec"]["jobTemplate"]["spec"]
        assert made["template"]["spec"]["containers"][0]["image"] == sweeps


def test_its_rights_are_in_the_role(tmp_path: Path) -> None:
    rules = written(tmp_path)["Role"]["rules"]
    granted = {(g, r, v) for x in rules for g in x["apiGroups"] for r in x["resources"] for v in x["verbs"]}
    assert {("", "configmaps", "get"), ("", "configmaps", "patch")} <= granted
    assert ("batch", "jobs", "list") not in granted, "no Job is deployed"


def test_what_always_holds_is_granted_in_the_home_namespace_too(tmp_path: Path) -> None:
    far = {**config_map("m"), "metadata": {"name": "m", "namespace": "far"}}
    (tmp_path / "m.json").write_text(json.dumps(far))
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({"name": "web", "namespace": "shop", "manifests": ["m.json"], "steps": ["flag"], "argo": {"images": {"flag": "f:1"}}}))  # fmt: skip
    roles = {o["metadata"]["namespace"]: o["rules"] for o in pipeline(*load_with_source(path)).values() if o["kind"] == "Role"}  # fmt: skip
    for place in ("shop", "far"):
        assert any("configmaps" in rule["resources"] and "patch" in rule["verbs"] for rule in roles[place]), place


def test_validate_asks_for_its_rights_at_home(tmp_path: Path, sternway_sandbox: Sandbox) -> None:
    far = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}}
    (tmp_path / "m.json").write_text(json.dumps(far))
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({"name": "web", "namespace": "default", "manifests": ["m.json"], "steps": ["validate", {"name": "flag", "with": {"key": "a"}}]}))  # fmt: skip
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.plan(load(path)).findings == ()
        sternway_sandbox.access.deny("patch", "configmaps")
        assert "not allowed: patch configmaps in default" in session.plan(load(path)).findings


def test_the_pods_of_the_other_steps_know_of_it_without_its_package(tmp_path: Path) -> None:
    data = written(tmp_path)["ConfigMap"]["data"]
    assert yaml.safe_load(data["sternway.yaml"])["declared"]["flag"]["effects"] == "reversible"
    pod = tmp_path / "pod"
    pod.mkdir()
    for name, text in data.items():
        (pod / name).write_text(text)
    inside: Config = load(pod / "sternway.yaml")
    from sternway_steps.builtin import builtin_steps

    def look() -> list[EntryPoint]:
        raise AssertionError("a pod of deploy looked for other packages")

    plan = make_plan(inside.steps, Specs(Steps(builtin_steps(), look), inside.declared))
    assert [(step.name, step.spec) for step in plan.steps][1] == ("switch", Flag.spec)
    assert [step.name for step in plan.undo_of(["switch", "deploy"])] == ["deploy", "switch"]


def test_a_pipeline_of_our_own_steps_carries_nothing(tmp_path: Path) -> None:
    assert "declared" not in yaml.safe_load(written(tmp_path, steps=["deploy"], argo={})["ConfigMap"]["data"]["sternway.yaml"])  # fmt: skip
