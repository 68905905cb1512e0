"""What the settings of a configuration make of what the generator writes, and which it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load_with_source
from sternway_steps.sandbox import Sandbox
from sternway_steps.yamltree.errors import ConfigErrors

from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from tests.unit.argo.generated import apart, templates, written


def test_what_argo_settings_say_is_what_pods_get(tmp_path: Path) -> None:
    asked = {
        "mutex": "shared", "backoff": {"first": "3s", "most": "1m"}, "podGC": "OnWorkflowSuccess", "ttl": "1h",
        "securityContext": {"readOnlyRootFilesystem": False}, "podSecurityContext": {"fsGroup": 7}, "user": 7,
        "nodeSelector": {"pool": "a"}, "tolerations": [{"key": "k", "operator": "Exists"}], "imagePullSecrets": ["r"],
        "podLabels": {"l": "1"}, "podAnnotations": {"a": "on"}, "resources": {"limits": {"memory": "1Gi"}},
        "rollbackRetries": 9, "rollbackDeadline": "1m",
    }  # fmt: skip
    objects = apart(tmp_path, argo=asked)
    spec, main = (
        objects["WorkflowTemplate"]["spec"],
        objects["WorkflowTemplate"]["spec"]["templateDefaults"]["container"],
    )
    rollback = templates(objects)["rollback-deploy"]
    assert spec["synchronization"] == {"mutexes": [{"name": "shared"}]}
    assert rollback["retryStrategy"]["backoff"] == {"duration": "3s", "factor": "2", "cap": "60s"}
    assert (rollback["retryStrategy"]["limit"], rollback["activeDeadlineSeconds"]) == ("9", 90)
    assert (spec["podGC"], spec["ttlStrategy"]["secondsAfterSuccess"]) == ({"strategy": "OnWorkflowSuccess"}, 3600)
    assert (main["securityContext"]["readOnlyRootFilesystem"], main["securityContext"]["runAsNonRoot"]) == (False, True)
    assert (spec["securityContext"]["fsGroup"], spec["securityContext"]["runAsUser"]) == (7, 7)
    assert (spec["nodeSelector"], spec["tolerations"]) == ({"pool": "a"}, [{"key": "k", "operator": "Exists"}])
    assert spec["imagePullSecrets"] == [{"name": "r"}]
    assert spec["podMetadata"] == {"labels": {"l": "1"}, "annotations": {"a": "on"}}
    assert main["resources"]["limits"] == {"memory": "1Gi"}


def test_parameters_have_a_description_a_default_and_an_enum(tmp_path: Path) -> None:
    asked = {"env.LEVEL": {"description": "How much it tells.", "enum": ["info", "debug"]}}
    objects = apart(tmp_path, env={"LEVEL": "info"}, parameters=asked)
    found = {p["name"]: p for p in objects["WorkflowTemplate"]["spec"]["arguments"]["parameters"]}
    assert found["image"]["value"] == "web:1"
    assert found["replicas"]["value"] == "2"
    assert found["env-LEVEL"] == {"name": "env-LEVEL", "value": "info", "description": "How much it tells.", "enum": ["info", "debug"]}  # fmt: skip
    made = templates(objects)
    assert "env.LEVEL={{workflow.parameters.env-LEVEL}}" in made["execute-deploy"]["container"]["args"]
    for name in ("rollback-deploy", "report"):
        assert "--set" not in made[name]["container"]["args"], "the values of a run are in its journal"
    told = {each["name"]: each["value"] for each in made["report"]["container"]["env"]}
    assert told == {"STERNWAY_FAILURES": "{{workflow.failures}}"}
    assert load_with_source(tmp_path / "sternway.yaml", environ=told), "a variable that is no key of the form"


def test_a_handler_is_told_where_the_journal_is_when_a_submission_can_change_it(tmp_path: Path) -> None:
    objects = apart(tmp_path, parameters={"namespace": {}, "deploy.onConflict": {}}, deploy={"onConflict": "stop"})
    args = templates(objects)["rollback-deploy"]["container"]["args"]
    assert [word for word in args if "=" in word] == ["namespace={{workflow.parameters.namespace}}"]


def test_a_schedule_makes_a_cron_workflow_that_never_replaces(tmp_path: Path) -> None:
    objects = apart(tmp_path, schedule={"cron": ["30 2 * * 1-5"], "timezone": "Europe/Berlin"})
    spec = objects["CronWorkflow"]["spec"]
    assert (spec["schedules"], spec["timezone"]) == (["30 2 * * 1-5"], "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid"
    said = [{"name": "unattended", "value": "true"}]
    assert spec["workflowSpec"] == {"workflowTemplateRef": {"name": "web"}, "arguments": {"parameters": said}}
    by_people = {p["name"]: p["value"] for p in objects["WorkflowTemplate"]["spec"]["arguments"]["parameters"]}
    assert by_people["unattended"] == "false"
    told = {"name": "STERNWAY_UNATTENDED", "value": "{{workflow.parameters.unattended}}"}
    assert all(told in templates(objects)[name]["container"]["env"] for name in ("execute-validate", "report"))
    assert "stopStrategy" not in spec
    ends = apart(tmp_path, schedule={"cron": ["1 2 * * *"], "stopStrategy": {"expression": "cronworkflow.failed >= 3"}})
    assert ends["CronWorkflow"]["spec"]["stopStrategy"] == {"expression": "cronworkflow.failed >= 3"}


@pytest.mark.parametrize(
    ("keys", "field", "why"),
    [
        ({"steps": ["validate", "deploi"]}, "steps", "did you mean 'deploy'"),
        ({"steps": [{"name": "deploy", "with": {"slector": "a=b"}}]}, "steps", "did you mean 'selector'"),
        ({"schedule": "61 2 * * *"}, "schedule.cron", "no cron expression"),
        ({"schedule": "1 2 3"}, "schedule.cron", "no cron expression"),
        ({"schedule": {"cron": ["1 2 * * 7"]}}, "schedule.cron", "day of week '7' is not in 0 to 6"),
        ({"schedule": "1 2 31 2 *"}, "schedule.cron", "failed to find next date"),
        ({"schedule": {"cron": ["1 2 * * *"], "timezone": "Berlin/Europe"}}, "schedule.timezone", "no time zone"),
        ({"schedule": "1 2 * * *", "name": "x" * 53}, "name", "52"),
        ({"journal": {"store": "file"}}, "journal.store", "share no files"),
        ({"argo": {"labels": {"a": "{{x}}"}}}, "argo.labels.a", "tag"),
        ({"argo": {"podGC": "Never"}}, "argo.podGC", "not known"),
        ({"argo": {"pods": "two"}}, "argo.pods", "not known"),
        ({"steps": [{"name": "deploy", "pod": "owned"}]}, "steps[0].pod", "expected own"),
        ({"steps": [{"name": "deploy", "pod": {"hostnetwork": True}}]}, "steps[0].pod.hostnetwork", "hostNetwork"),
        ({"argo": {"pods": "one"}, "steps": ["validate", {"name": "deploy", "pod": "own"}]}, "steps.deploy.pod", "argo.pods is one, and pod: own asks"),
        ({"argo": {"pods": "one"}, "steps": [{"name": "deploy", "pod": {"nodeSelector": {"a": "b"}, "serviceAccount": "x"}}]}, "steps.deploy.pod", "pod.serviceAccount, pod.nodeSelector asks for a pod of its own; leave argo.pods out"),
        ({"argo": {"securityContext": {"runAsNonRoto": True}}}, "argo.securityContext.runAsNonRoto", "did you mean 'runAsNonRoot'"),
        ({"argo": {"podSecurityContext": {"seccompProfile": {"typ": "x"}}}}, "argo.podSecurityContext.seccompProfile.typ", "no such field"),
        ({"argo": {"imaje": "x"}}, "argo.imaje", "image"),
        ({"parameters": {"env.NO": {}}}, "parameters.env.NO", "its default"),
        ({"parameters": {"image": {"enum": ["web:2"]}}}, "parameters.image.enum", "not among"),
        ({"env": {"A": "{{b}}"}, "parameters": {"env.A": {}}}, "parameters.env.A", "tag"),
    ],
)  # fmt: skip
def test_what_argo_would_not_run_is_refused_by_file_line_and_field(tmp_path: Path, keys: dict[str, Any], field: str, why: str) -> None:  # fmt: skip
    with pytest.raises(ConfigErrors) as refused:
        written(tmp_path, **keys)
    assert "sternway.yaml:1:" in str(refused.value)
    assert f" {field}: " in str(refused.value)
    assert why in str(refused.value)


@pytest.mark.parametrize("pods", ["one", "each"])
def test_without_a_namespace_it_is_for_whichever_it_is_applied_in(tmp_path: Path, pods: str) -> None:
    """Only a binding names one, that of the account: it is left out, and the command that makes it is told."""
    objects = written(tmp_path, namespace=None, argo={"pods": pods})
    assert set(objects) == {"ServiceAccount", "Role", "ConfigMap", "CronJob", "WorkflowTemplate"}
    assert not any("namespace" in obj["metadata"] for obj in objects.values())
    own = {"name": "STERNWAY_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
    spec = objects["WorkflowTemplate"]["spec"]
    sets = [each for t in spec["templates"] for each in t.get("containerSet", {}).get("containers", ())]
    sweep = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    for container in (spec["templateDefaults"]["container"], *sets, *sweep):
        assert own in container["env"]
    assert bool(sets) is (pods == "one")
    made = sternway("template", "-c", str(tmp_path / "sternway.yaml"), "-o", "-", kubeconfig="")
    command = "create rolebinding sternway-web --role=sternway-web --serviceaccount=NAMESPACE:sternway-web -n NAMESPACE"
    role = next(d for d in made.stdout.split("---\n") if "kind: Role\n" in d).replace("\n# ", " ")
    assert command in made.stderr
    assert command in role
    assert "{{workflow.namespace}}.web" in json.dumps(spec["workflowMetadata"])


def test_what_starts_a_run_has_to_know_where(tmp_path: Path) -> None:
    written(tmp_path, namespace=None, schedule="1 2 * * *")
    for words in (["template", "--for", "cronjob", "-o", "-"], ["submit"]):
        with Sandbox() as sandbox:
            done = sternway(*words, "-c", str(tmp_path / "sternway.yaml"), kubeconfig=sandbox.kubeconfig)
        assert (done.returncode, done.stdout) == (Exit.USAGE, "")
        assert "set namespace: NAME, or give --set namespace=NAME" in done.stderr


@pytest.mark.parametrize("runner", ["argo", "cronjob", "gitlab"])
def test_an_image_that_is_nobodys_is_told_where_it_stands_and_on_stderr(tmp_path: Path, runner: str) -> None:
    path = tmp_path / "sternway.yaml"
    base = {"name": "web", "namespace": "shop", "image": "web:1", "schedule": "1 2 * * *"}
    for keys, told in ({}, True), ({"argo": {"image": "r.example/{step}:{version}"}}, False):
        path.write_text(json.dumps({**base, **keys}))
        made = sternway("template", "--for", runner, "-c", path.name, "-o", "-", kubeconfig="", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        comments = " ".join(line[2:] for line in made.stdout.splitlines() if line.startswith("#"))
        for text in (comments, made.stderr):
            assert ('set argo: {image: "REGISTRY/sternway-{step}:{version}"}' in text) is told
        assert ("localhost/sternway-" in made.stdout) is told
        for document in made.stdout.split("---\n") if runner != "gitlab" else ():
            assert ("argo.image is not set" in document) is ("image: localhost/" in document)


def test_a_workflow_says_how_long_its_handler_may_take_to_start(tmp_path: Path) -> None:
    """The sweeper reads it from the Workflow, for a run's record holds nothing of how it is run."""
    for keys, seconds in (({}, "120"), ({"argo": {"startDeadline": "1m30s"}}, "90")):
        spec = written(tmp_path, **keys)["WorkflowTemplate"]["spec"]
        assert spec["workflowMetadata"]["annotations"]["sternway.dev/start-deadline"] == seconds


def test_argo_shows_what_it_deploys_which_version_and_what_to_type_next(tmp_path: Path) -> None:
    """In Markdown, which Argo 3.6 and later show; in those of a Workflow it fills in the tags."""
    labels, notes = {"team": "shop"}, {"owner": "us"}
    objects = written(tmp_path, schedule="1 2 * * *", argo={"labels": labels, "annotations": notes})
    template = objects["WorkflowTemplate"]
    run = template["spec"]["workflowMetadata"]
    for shown in (template["metadata"], objects["CronWorkflow"]["metadata"], run):
        assert (shown["labels"]["team"], shown["annotations"]["owner"]) == ("shop", "us")
    title, text = (f"workflows.argoproj.io/{key}" for key in ("title", "description"))
    assert template["metadata"]["annotations"][title] == "Deploy **web** to `shop`: `web:1`"
    assert run["annotations"][title] == "Deploy **web** to `shop`: `{{workflow.parameters.image}}`"
    assert "argo submit --from workflowtemplate/web -n shop" in template["metadata"]["annotations"][text]
    for line in (
        "- target: `shop.web`",
        "- version: `{{workflow.parameters.image}}`",
        "- how it went: `sternway show {{workflow.namespace}}/{{workflow.uid}}`",
        "- undo it: `sternway rollback {{workflow.namespace}}/{{workflow.uid}}`",
    ):
        assert line in run["annotations"][text].splitlines()
    elsewhere = written(tmp_path, journal={"namespace": "journals"}, argo={"annotations": {title: "mine"}})
    run = elsewhere["WorkflowTemplate"]["spec"]["workflowMetadata"]
    assert "`sternway show journals/{{workflow.uid}}`" in run["annotations"][text]
    assert run["annotations"][title] == "mine", "the configuration's own win"


def test_what_is_counted_is_named_alike_in_all_templates(tmp_path: Path) -> None:
    """The controller takes one help text for a metric; a label that has a tag is filled in when the run has ended."""
    one, other = (written(tmp_path, name=name)["WorkflowTemplate"]["spec"]["metrics"]["prometheus"] for name in "ab")
    assert [each["name"] for each in one] == ["sternway_runs_total", "sternway_run_duration_seconds"]
    for mine, theirs in zip(one, other, strict=True):
        assert (mine["help"], mine.get("histogram")) == (theirs["help"], theirs.get("histogram"))
        assert [label["key"] for label in mine["labels"]] == ["namespace", "target", "outcome"]
    made = templates(apart(tmp_path))["report"]
    (outcome,) = [each for each in made["outputs"]["parameters"] if each["name"] == "outcome"]
    assert outcome == {
        "name": "outcome",
        "globalName": "outcome",
        "valueFrom": {"path": "/tmp/outcome", "default": "unknown"},
    }
    args = made["container"]["args"]
    assert args[args.index("--outcome-file") + 1] == "/tmp/outcome"
