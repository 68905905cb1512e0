"""Starting a run on Argo: what is asked, what must be there, and what is refused."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import HASH
from sternway_templates.submit.submission import read_submission

from tests.component.submit.playing import API, submitted, written


@pytest.mark.parametrize(
    ("overrides", "words", "remedy"),
    [
        (("env.LEVEL=debug",), "no parameter of the pipeline; its parameters are image, replicas, env.MODE", "name env.LEVEL under"),
        (("namespace=x",), "no parameter", "parameters:"),
        (("chart.set.tag=x",), "no parameter", "change the values; sternway submit --apply"),
        (("image={{workflow.name}}",), "tag of its own", "{{"),
        (("env.MODE=loud",), "'loud' is not among the values", "quiet, normal"),
    ],
)  # fmt: skip
def test_only_parameters_can_be_changed(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, overrides: tuple[str, ...], words: str, remedy: str
) -> None:
    path = written(
        tmp_path, env={"LEVEL": "info", "MODE": "quiet"}, parameters={"env.MODE": {"enum": ["quiet", "normal"]}}
    )
    with pytest.raises(Refused) as refused:
        submitted(sternway_sandbox.kubeconfig, path, *overrides, wait=False)
    assert words in str(refused.value)
    assert remedy in str(refused.value.remedy)
    assert argo.list(API, "Workflow", "shop").items == []


def test_values_are_checked_as_the_configuration_checks_them(
    sternway_sandbox: Sandbox, argo: Client, tmp_path: Path
) -> None:
    done = sternway(
        "submit",
        "-c",
        str(written(tmp_path)),
        "--set",
        "replicas=many",
        "--apply",
        kubeconfig=sternway_sandbox.kubeconfig,
    )
    assert done.returncode == Exit.USAGE, done.stderr
    assert "--set replicas" in done.stderr
    assert argo.list(API, "WorkflowTemplate", "shop").items == []


def test_the_workflow_is_a_reference_with_values(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path, env={"A_B": "1"}, parameters={"env.A_B": {}}, argo={"labels": {"team": "a"}})
    done = sternway(
        "submit",
        "-c",
        str(path),
        "--apply",
        "-s",
        "env.A_B=2",
        "-s",
        "image=web:7",
        kubeconfig=sternway_sandbox.kubeconfig,
    )
    assert done.returncode == 0, done.stderr
    (made,) = argo.list(API, "Workflow", "shop").items
    assert made["metadata"]["name"].startswith("web-")
    assert made["metadata"]["labels"]["team"] == "a"
    assert made["metadata"]["labels"]["app.kubernetes.io/name"] == "web"
    assert made["spec"] == {
        "workflowTemplateRef": {"name": "web"},
        "arguments": {"parameters": [{"name": "env-A_B", "value": "2"}, {"name": "image", "value": "web:7"}]},
    }
    uid, name = made["metadata"]["uid"], made["metadata"]["name"]
    assert f"Workflow {name} in namespace shop, run {uid}" in done.stdout
    assert f"sternway show shop/{uid}" in done.stdout
    assert f"argo get {name} -n shop" in done.stdout
    done = sternway("submit", "-c", str(path), "-o", "json", kubeconfig=sternway_sandbox.kubeconfig)
    told = json.loads(done.stdout)
    assert (told["type"], told["namespace"], told["schema"]) == ("submitted", "shop", 1)
    assert {w["metadata"]["uid"] for w in argo.list(API, "Workflow", "shop").items} == {uid, told["run"]}


def test_a_template_of_another_configuration_is_refused(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    kubeconfig, path = sternway_sandbox.kubeconfig, written(tmp_path)
    with pytest.raises(Refused, match="is not there") as refused:
        submitted(kubeconfig, path, wait=False, apply=False)
    assert f"sternway template --config {path} --output - | kubectl apply --server-side -f -" in str(
        refused.value.remedy
    )
    assert "--apply" in str(refused.value.remedy)
    assert submitted(kubeconfig, path, wait=False)[0] == 0
    assert submitted(kubeconfig, path, wait=False, apply=False)[0] == 0
    written(tmp_path, port=8081)
    with pytest.raises(Refused, match="another configuration"):
        submitted(kubeconfig, path, wait=False, apply=False)
    assert len(argo.list(API, "Workflow", "shop").items) == 2


def test_what_kubectl_applied_is_taken_over_and_what_others_changed_is_not(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written(tmp_path)
    for obj in read_submission(str(path), (), {}, StringIO()).objects:
        argo.apply(obj, manager="kubectl")
    written(tmp_path, deadline="5m")
    assert submitted(sternway_sandbox.kubeconfig, path, wait=False)[0] == 0
    template = argo.get(Ref(API, "WorkflowTemplate", "shop", "web"))
    assert template is not None
    assert template["spec"]["activeDeadlineSeconds"] == 300
    argo.apply(
        {
            "apiVersion": API,
            "kind": "WorkflowTemplate",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"activeDeadlineSeconds": 7},
        },
        manager="somebody",
        force=True,
    )
    with pytest.raises(Refused, match=r"changed by somebody: spec\.activeDeadlineSeconds"):
        submitted(sternway_sandbox.kubeconfig, path, wait=False)


def test_the_hash_is_of_all_that_is_generated_but_itself(tmp_path: Path) -> None:
    def digest(**keys: Any) -> str:
        return read_submission(str(written(tmp_path, **keys)), (), {}, StringIO()).digest

    assert digest() == digest()
    assert (
        len({digest(), digest(replicas=3), digest(argo={"annotations": {"a": "b"}}), digest(schedule="1 2 * * *")}) == 4
    )
    template = read_submission(str(written(tmp_path, argo={"annotations": {"a": "b"}})), (), {}, StringIO()).template
    assert {"a", HASH} < set(template["metadata"]["annotations"])


def test_a_cluster_without_argo_is_refused(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    done = sternway("submit", "-c", str(written(tmp_path)), "--apply", kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == Exit.REFUSED
    assert "no Argo Workflows on this cluster" in done.stderr
    assert "sternway run" in done.stderr
    assert "sternway-web" not in json.dumps(sternway_sandbox.store.all(("", "ConfigMap")))


def test_an_environment_is_submitted_by_its_own_file(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    written(tmp_path, env={"LEVEL": "debug"})
    overlay = tmp_path / "config/eu.yaml"
    overlay.parent.mkdir()
    overlay.write_text("extends: ../sternway.yaml\nname: web-eu\nenv: {LEVEL: info}\nparameters: {env.LEVEL: {}}\n")
    done = sternway(
        "submit", "-c", str(overlay), "--apply", "-s", "env.LEVEL=error", kubeconfig=sternway_sandbox.kubeconfig
    )
    assert done.returncode == 0, done.stderr
    (template,) = argo.list(API, "WorkflowTemplate", "shop").items
    assert template["metadata"]["name"] == "web-eu"
    values = {p["name"]: p["value"] for p in template["spec"]["arguments"]["parameters"]}
    assert values["env-LEVEL"] == "info"
    (workflow,) = argo.list(API, "Workflow", "shop").items
    assert workflow["spec"]["arguments"]["parameters"] == [{"name": "env-LEVEL", "value": "error"}]
