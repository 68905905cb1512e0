"""What the generator writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.builtin import builtin_steps
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.kube.client import Client
from sternway_steps.registry.load import load_with_source
from sternway_steps.saga.plan import make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.yamltree.errors import ConfigErrors

from tests.conftest import WEB
from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from hera.workflows import models as m
from sternway_templates.argo.models import data, new
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.config_maps import FULL, config_maps, files
from sternway_templates.kubernetes.rbac import rights_of
from sternway_templates.kubernetes.served import plural_of
from sternway_templates.output import write
from sternway_templates.yaml_text import to_yaml


def written(folder: Path, *overrides: str, **keys: Any) -> dict[str, dict[str, Any]]:
    base = {"name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "replicas": 2, **keys}
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({key: value for key, value in base.items() if value is not None}))
    objects = pipeline(*load_with_source(path, overrides=overrides))
    return {obj["kind"]: obj for obj in objects.values()}


def apart(folder: Path, *overrides: str, **keys: Any) -> dict[str, dict[str, Any]]:
    """Give what is generated where each step has a pod of its own; steps that share one are test_container_set's."""
    return written(folder, *overrides, **{**keys, "argo": {"pods": "each", **keys.get("argo", {})}})


def templates(objects: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {t["name"]: t for t in objects["WorkflowTemplate"]["spec"]["templates"]}


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


@pytest.mark.parametrize("text", ["1e3", "n", "y", "yes", "on", "off", "null", "~", "0o10", "0x1f", "1_000", "12:30:45", "2026-11-24", "", " a", ".inf", "=", "<<", "a: b", "# c", "{{x}}", "a\nb\n", "a\n\n  b", "\tx"])  # fmt: skip
def test_a_text_is_read_back_as_that_text(text: str) -> None:
    assert list(yaml.safe_load_all(to_yaml([{"a": text, "b": [text]}]))) == [{"a": text, "b": [text]}]
    if text in ("n", "y", "1e3", "0o10"):
        assert f'"{text}"' in to_yaml([{"a": text}])


def test_the_same_config_gives_the_same_text_and_another_one_another_name(tmp_path: Path) -> None:
    one, two, three = (written(tmp_path, f"env.A={value}") for value in ("x", "x", "y"))
    assert to_yaml(one.values()) == to_yaml(two.values())
    assert one["ConfigMap"]["metadata"]["name"] != three["ConfigMap"]["metadata"]["name"]


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


def test_manifests_over_a_mebibyte_are_split(tmp_path: Path) -> None:
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}"}, "data": {"x": "y" * 400_000}}
        for n in range(6)
    ]
    (tmp_path / "m.yaml").write_text(to_yaml(objects))
    path = tmp_path / "sternway.yaml"
    path.write_text("name: web\nnamespace: shop\nmanifests: [m.yaml]\n")
    config, document = load_with_source(path)
    maps = config_maps("web", None, {}, files(config, document))
    assert len(maps) == 3
    assert all(sum(map(len, each["data"].values())) < FULL + 1000 for each in maps)
    assert len({each["metadata"]["name"] for each in maps}) == len(maps)
    sources = pipeline(config, document).values()
    volumes = next(o for o in sources if o["kind"] == "WorkflowTemplate")["spec"]["volumes"]
    assert len(volumes[0]["projected"]["sources"]) == 3


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


def test_a_key_that_hera_would_drop_is_an_error() -> None:
    with pytest.raises(TypeError, match="run_as_nonroot"):
        new(m.SecurityContext, run_as_nonroot=True)
    assert data(new(m.SecurityContext, run_as_non_root=True)) == {"runAsNonRoot": True}


def test_a_folder_is_replaced_whole_and_never_one_with_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write({"01-a.yaml": {"a": 1}, "02-b.yaml": {"b": 2}}, folder)
    write({"01-c.yaml": {"c": 3}}, folder)
    assert [path.name for path in folder.iterdir()] == ["01-c.yaml"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match=r"notes\.txt"):
        write({"01-a.yaml": {}}, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["01-c.yaml", "notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"], "nothing is left beside it"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write({"01-a.yaml": {"a": 1}}, folder)
    with pytest.raises(Refused):
        write({"01-b.yaml": {"b": 1}, "no/such/02-c.yaml": {}}, folder)
    assert [path.name for path in folder.iterdir()] == ["01-a.yaml"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies"), ("Endpoints", "endpoints"), ("Service", "services"),
     ("StorageClass", "storageclasses"), ("ConfigMap", "configmaps"), ("Gateway", "gateways"), ("Mesh", "meshes")],
)  # fmt: skip
def test_plurals_are_those_of_kubernetes(kind: str, plural: str) -> None:
    assert plural_of(kind) == plural


def test_the_command_writes_a_stream_and_names_mistakes() -> None:
    with Sandbox() as sandbox:
        good = sternway("template", "-c", str(WEB), "--set", "namespace=shop", "-o", "-", kubeconfig=sandbox.kubeconfig)
        bad = sternway("template", "-c", str(WEB), "--set", "schedule=x", "-o", "-", kubeconfig=sandbox.kubeconfig)
    assert good.returncode == 0, good.stderr
    assert [o["kind"] for o in yaml.safe_load_all(good.stdout)] == ["ServiceAccount", "Role", "RoleBinding", "ConfigMap", "CronJob", "WorkflowTemplate"]  # fmt: skip
    assert (bad.returncode, bad.stdout) == (Exit.USAGE, "")
    assert "schedule" in bad.stderr


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


def test_what_pods_read_is_merged_and_names_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "pod").mkdir()
    (tmp_path / "m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n")
    (tmp_path / "base.yaml").write_text(
        "name: web\nimage: web:1\nport: 8080\nmanifests: [m.yaml]\nenv: {A: a, B: b}\nargo: {ttl: 1h}\n"
    )
    (tmp_path / "config/eu.yaml").write_text("extends: ../base.yaml\nnamespace: shop\nenv: {A: null, B: eu}\n")
    config, document = load_with_source(tmp_path / "config/eu.yaml", overrides=["env.ON=yes", "image=1.10"])
    objects = {obj["kind"]: obj for obj in pipeline(config, document).values()}
    texts = objects["ConfigMap"]["data"]
    assert "extends" not in texts["sternway.yaml"]
    for name, text in texts.items():
        (tmp_path / "pod" / name).write_text(text)
    there = load_with_source(tmp_path / "pod/sternway.yaml")[0]
    assert [each.obj for each in there.manifests] == [each.obj for each in config.manifests]
    assert there.to_dict() | {"manifests": 0} == config.to_dict() | {"manifests": 0}
    given = {p["name"]: p["value"] for p in objects["WorkflowTemplate"]["spec"]["arguments"]["parameters"]}
    assert given == {"image": "1.10"}


MIGRATE = {"name": "migrate", "image": "m:1", "execute": ["up"], "rollback": ["down", "{{x}}"]}


def test_a_command_runs_in_our_image_which_may_make_jobs_and_nothing_else_may(tmp_path: Path) -> None:
    objects = apart(tmp_path, steps=["validate", MIGRATE, "deploy"])
    for action in ("execute", "rollback"):
        container = templates(objects)[f"{action}-migrate"]["container"]
        assert container["image"].startswith("localhost/sternway-command:")
        assert container["args"][:3] == ["step", "migrate", action]
    assert "{{x}}" not in json.dumps(objects["WorkflowTemplate"]), "a command's words are none of Argo's tags"
    back = [row[0]["name"] for row in templates(objects)["undo"]["steps"]]
    assert back[:3] == ["rollback-deploy", "rollback-migrate", "report"]

    def verbs(rules: list[dict[str, Any]], resource: str) -> set[str]:
        return {verb for rule in rules if resource in rule["resources"] for verb in rule["verbs"]}

    rules = objects["Role"]["rules"]
    assert verbs(rules, "jobs") == {"create", "get", "list", "watch", "delete"}
    assert verbs(rules, "pods/log") == {"get"}
    assert verbs(apart(tmp_path, steps=["validate", "deploy"])["Role"]["rules"], "jobs") == {"create"}
    switched_off = apart(tmp_path, steps=["validate", "deploy"], argo={"undoOnTerminate": False})
    assert verbs(switched_off["Role"]["rules"], "jobs") == set()


@pytest.mark.parametrize(("change", "field", "said"), [
    ({"image": None}, "steps.migrate.image", "in a pod a command runs in an image of its own, and this one has none"),
    ({"folder": "."}, "steps.migrate.folder", "a pod has no folder of this machine"),
    ({"runner": "docker"}, "steps.migrate.runner", "a pod has no docker to run it by"),
])  # fmt: skip
def test_a_command_that_no_pod_can_run_is_refused(tmp_path: Path, change: dict[str, Any], field: str, said: str) -> None:  # fmt: skip
    step = {key: value for key, value in {**MIGRATE, **change}.items() if value is not None}
    with pytest.raises(ConfigErrors) as found:
        written(tmp_path, steps=[step])
    assert [(error.field, error.message) for error in found.value.errors] == [(field, said)]


def test_what_is_irreversible_has_no_rollback_on_argo(tmp_path: Path) -> None:
    step = {"name": "contract", "image": "m:1", "execute": ["up"], "effects": "irreversible"}
    objects = apart(tmp_path, steps=["deploy", step])
    assert "rollback-contract" not in templates(objects)


@pytest.mark.parametrize(("on", "told"), [("failure", False), ("success", True), ("always", True)])
def test_a_success_is_reported_where_a_step_is_to_run_then_and_the_row_decides_nothing(
    tmp_path: Path, on: str, told: bool
) -> None:
    ending = {"name": "page", "on": on, "image": "curl:1", "execute": ["page"], "deadline": "90s", "retries": 1}
    made = templates(apart(tmp_path, steps=["validate", ending, "deploy", "verify"]))
    assert [row[0]["template"] for row in made["execute"]["steps"]] == [f"execute-{n}" for n in ("validate", "deploy", "verify")]  # fmt: skip
    first = made["undo"]["steps"][0][0]
    assert (first["template"] == "report") is told
    if told:
        assert (first["when"], first["continueOn"]) == ("{{workflow.status}} == Succeeded", {"error": True, "failed": True})  # fmt: skip
    plain = templates(apart(tmp_path, steps=["validate", "deploy", "verify"]))
    assert made["report"]["activeDeadlineSeconds"] == plain["report"]["activeDeadlineSeconds"] + 180


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
