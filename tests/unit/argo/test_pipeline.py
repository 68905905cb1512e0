"""What the generator writes of a saga: its rows, its containers, what they read, and their rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.exits import Exit
from sternway_steps.kube.client import Client
from sternway_steps.registry.load import load_with_source
from sternway_steps.saga.plan import make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.yamltree.errors import ConfigErrors

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.kubernetes.rbac import rights_of

from tests.unit.argo.generated import apart, templates, written


def test_the_entry_and_the_handler_keep_the_rules_of_a_saga(tmp_path: Path) -> None:
    objects = apart(tmp_path, steps=["validate", "deploy", {"name": "again", "uses": "deploy"}, "verify"])
    spec, made_of = objects["WorkflowTemplate"]["spec"], templates(objects)
    assert (spec["entrypoint"], spec["onExit"]) == ("execute", "undo")
    forward = [row[0]["name"] for row in made_of["execute"]["steps"]]
    back = [row[0] for row in made_of["undo"]["steps"]]
    assert forward == ["validate", "deploy", "again", "verify"]
    assert [step["template"] for step in back] == 2 * ["rollback-again", "rollback-deploy", "report"], (
        "once more if need be"
    )
    assert len({step["name"] for step in back}) == len(back)
    assert all(step["when"] == "{{workflow.status}} != Succeeded" for step in back[:3])
    assert all("steps['report'].outputs?.parameters?.code ?? 'none'" in step["when"] for step in back[3:])
    assert all(step["continueOn"] == {"failed": True, "error": True} for step in back[:-1])
    assert "continueOn" not in back[-1], "the report decides how the handler ends"
    assert "outputs" not in json.dumps(made_of["execute"])
    assert "templateRef" not in json.dumps(spec)
    assert made_of["execute-again"]["container"]["image"].startswith("localhost/sternway-deploy:")


def test_every_container_is_restricted_and_named(tmp_path: Path) -> None:
    objects = apart(tmp_path)
    for name, template in templates(objects).items():
        if name in ("execute", "undo"):
            continue
        main = {**objects["WorkflowTemplate"]["spec"]["templateDefaults"]["container"], **template["container"]}
        assert main["command"] == ["sternway"]
        assert main["securityContext"]["readOnlyRootFilesystem"]
        assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert template["activeDeadlineSeconds"] > 0
        assert ("retryStrategy" in template) is not name.startswith("execute-")
        if name.startswith("rollback-"):
            assert f"[{int(Exit.TRANSIENT)}" in template["retryStrategy"]["expression"]


def test_a_step_is_tried_again_in_its_process_so_that_its_pod_may_be_pending_for_a_while_only(tmp_path: Path) -> None:
    """Argo 4.1 looks at the pendingTimeout of no pod that has a retryStrategy, whose node is never pending."""
    argo = {"pendingTimeout": "4m", "backoff": {"first": "2s", "most": "9s"}}
    step = {"name": "deploy", "retries": 3, "deadline": "1m"}
    made = templates(apart(tmp_path, argo=argo, steps=["validate", step]))
    args = made["execute-deploy"]["container"]["args"]
    assert args[args.index("--retries") + 1] == "3"
    assert args[args.index("--backoff") + 1] == "2s..9s"
    assert {name: t["pendingTimeout"] for name, t in made.items() if "pendingTimeout" in t} == {
        "execute-validate": "240s",
        "execute-deploy": "240s",
    }
    assert made["execute-deploy"]["activeDeadlineSeconds"] == 4 * 60 + (2 + 4 + 8) + 30


def test_what_was_killed_is_left_to_the_second_round_and_no_limit_is_too_low(tmp_path: Path) -> None:
    made = templates(apart(tmp_path))
    for name in ("rollback-deploy", "report"):
        assert "137" not in made[name]["retryStrategy"]["expression"]
    with pytest.raises(ConfigErrors, match="33Mi are needed for 2 objects, and the limit is 28Mi"):
        apart(tmp_path, argo={"resources": {"limits": {"memory": "28Mi"}}})
    assert apart(tmp_path, argo={"resources": {"limits": {"memory": "64Mi"}}})


def test_what_the_pods_read_is_what_was_configured(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: '1e3'}\n")
    objects = written(tmp_path, manifests=["m.yaml"], argo={"labels": {"team": "a"}}, schedule="5 4 * * *")
    folder = tmp_path / "pod"
    folder.mkdir()
    for name, text in objects["ConfigMap"]["data"].items():
        (folder / name).write_text(text)
    there = load_with_source(folder / "sternway.yaml")[0]
    here = load_with_source(tmp_path / "sternway.yaml")[0]
    assert [m.obj for m in there.manifests] == [m.obj for m in here.manifests]
    assert there.verify == here.verify
    assert there.name == here.name


def test_rights_are_what_validate_asks_for(tmp_path: Path) -> None:
    """What the Role grants and what validate asks the server for are one set: neither too small nor too wide."""
    objects = written(tmp_path)
    config, _ = load_with_source(tmp_path / "sternway.yaml")
    plan = make_plan(config.steps, {n: s.spec for n, s in builtin_steps().items()})
    granted = {
        (group, resource, verb)
        for (group, resource), verbs in rights_of(config, plan, "shop")["shop"].items()
        for verb in verbs
    }
    asked: set[tuple[str, str, str]] = set()
    with Sandbox() as sandbox, Session(kubeconfig=sandbox.kubeconfig) as session:
        client: Client = session.client
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")

        def can_i(verb: str, resource: Any, namespace: str | None, sub: str = "") -> bool:
            asked.add((resource.group, resource.plural + (f"/{sub}" if sub else ""), verb))
            return True

        client.can_i = can_i  # type: ignore[method-assign]
        assert not session.plan(config).findings
    own = {("argoproj.io", "workflowtaskresults", "create"), ("argoproj.io", "workflowtaskresults", "patch"), ("", "events", "create"), ("", "events", "patch"),
           ("argoproj.io", "workflows", "get"), ("argoproj.io", "workflows", "patch"), ("batch", "cronjobs", "get"), ("batch", "jobs", "create")}  # fmt: skip
    assert granted - own == asked
    assert own <= granted
    assert objects["RoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "sternway-web", "namespace": "shop"}
    ]
