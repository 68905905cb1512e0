"""The CronJob that runs the whole saga: what it says, and what it refuses. That it works: tests/cluster/image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.registry.load import load_with_source
from sternway_steps.yamltree.errors import ConfigErrors

from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.cronjob import cronjob

BASE = {"name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "schedule": "30 2 * * *"}


def written(folder: Path, **keys: Any) -> dict[str, dict[str, Any]]:
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({key: value for key, value in {**BASE, **keys}.items() if value is not None}))
    return {obj["kind"]: obj for obj in cronjob(*load_with_source(path)).values()}


def test_it_keeps_the_rules_of_a_saga(tmp_path: Path) -> None:
    objects = written(tmp_path, deadline="10m", argo={"rollbackDeadline": "5m", "podLabels": {"team": "shop"}})
    assert set(objects) == {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "CronJob"}
    spec = objects["CronJob"]["spec"]
    job, pod = spec["jobTemplate"]["spec"], spec["jobTemplate"]["spec"]["template"]["spec"]
    assert (spec["concurrencyPolicy"], spec["schedule"], spec["timeZone"]) == ("Forbid", "30 2 * * *", "Etc/UTC")
    assert (job["backoffLimit"], pod["restartPolicy"]) == (6, "Never")
    # Tried again is what met another run (75), was killed (137), or was drained; not what has ended by itself.
    drained, ended = job["podFailurePolicy"]["rules"]
    assert (drained["action"], drained["onPodConditions"][0]["type"]) == ("Count", "DisruptionTarget")
    assert (ended["action"], ended["onExitCodes"]["values"]) == ("FailJob", [2, 3, 4, 5, 70, 143])
    # Twice the way forward and the undo of what was left before, 630 s between pods, 30 s; then SIGTERM and all the
    # time of an undo.
    assert (job["activeDeadlineSeconds"], pod["terminationGracePeriodSeconds"]) == (2 * (600 + 300) + 630 + 30, 300)
    [container] = pod["containers"]
    assert (container["command"], container["args"]) == (
        ["sternway"],
        ["run", "--unattended", "--config", "/config/sternway.yaml"],
    )
    assert container["image"].startswith("localhost/sternway-run:")
    named = {
        each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"] for each in container["env"] if "valueFrom" in each
    }
    assert named == {
        "STERNWAY_RUN": "metadata.labels['batch.kubernetes.io/job-name']",
        "STERNWAY_JOB_UID": "metadata.labels['batch.kubernetes.io/controller-uid']",
    }
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    config = yaml.safe_load(objects["ConfigMap"]["data"]["sternway.yaml"])
    assert config == {key: BASE[key] for key in ("name", "namespace", "image", "port")} | {"deadline": "10m"}
    # Or the Service of what is deployed would send its visitors to the saga's pod.
    assert spec["jobTemplate"]["spec"]["template"]["metadata"] == {"labels": {"team": "shop"}}


def test_its_rights_are_argos_without_what_is_argos_own(tmp_path: Path) -> None:
    role = written(tmp_path)["Role"]
    on_argo = {obj["kind"]: obj for obj in pipeline(*load_with_source(tmp_path / "sternway.yaml")).values()}["Role"]

    def rights(found: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {(g, r, v) for rule in found["rules"] for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}  # fmt: skip

    assert rights(on_argo) - rights(role) == {
        ("argoproj.io", "workflowtaskresults", "create"), ("argoproj.io", "workflowtaskresults", "patch"),
        ("argoproj.io", "workflows", "get"), ("argoproj.io", "workflows", "patch"), ("batch", "cronjobs", "get"), ("batch", "jobs", "create"),
        ("", "events", "patch"),  # the report's Event on the Workflow is kept up to date
    }  # fmt: skip
    assert rights(role) < rights(on_argo)
    assert "Role" not in written(tmp_path, argo={"serviceAccount": "mine"})


def test_without_a_deadline_kubernetes_sets_none(tmp_path: Path) -> None:
    from dataclasses import replace

    written(tmp_path)
    config, document = load_with_source(tmp_path / "sternway.yaml")
    *_, made = cronjob(replace(config, deadline=None), document).values()
    assert "activeDeadlineSeconds" not in made["spec"]["jobTemplate"]["spec"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no schedule": ({"schedule": None}, "sternway.yaml:1:1: schedule: this key is required for a CronJob"),
    "stops": (
        {"schedule": {"cron": ["0 1 * * *"], "stopStrategy": {"expression": "cronworkflow.failed >= 3"}}},
        "schedule.stopStrategy: a CronJob has none",
    ),
    "two": ({"schedule": {"cron": ["0 1 * * *", "0 2 * * *"]}}, "schedule.cron: a CronJob has one expression, not 2"),
    "no cron": ({"schedule": "0 25 * * *"}, "schedule.cron: '0 25 * * *' is no cron expression"),
    "a long name": ({"name": "n" * 53}, "a CronJob's name may have 52 characters"),
    "no namespace": ({"namespace": None}, "namespace: the rights and what runs need to know where they belong"),
    "a journal in files": ({"journal": {"store": "file"}}, "journal.store: pods share no files"),
    "an unknown step": ({"steps": ["deploi"]}, "there is no step 'deploi'"),
    "no such field": ({"argo": {"securityContext": {"runAsUsr": 1}}}, "Kubernetes has no such field"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_it_refuses(tmp_path: Path, what: str) -> None:
    keys, words = WRONG[what]
    with pytest.raises(ConfigErrors) as refused:
        written(tmp_path, **keys)
    assert words in str(refused.value)


def test_mistakes_are_told_all_at_once_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text("name: web\nimage: web:1\n")
    done = sternway("template", "--for", "cronjob", "-c", str(tmp_path / "sternway.yaml"), "-o", "-", kubeconfig="")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "schedule: this key is required" in done.stderr
    assert "namespace: the rights" in done.stderr
