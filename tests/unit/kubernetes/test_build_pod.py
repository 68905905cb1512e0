"""A build step in pods: on Argo, and in a CronJob's one pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import ConfigErrors
from sternway_steps.registry.load import load_with_source
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.cronjob import cronjob

BASE = "name: web\nnamespace: shop\nimage: registry.example/web:1\nschedule: 30 2 * * *\nbuild:\n"
GOOD = (
    "  context: https://git.example/web.git#v1\n  host: tcp://buildkitd:1234\n  builder: buildkit\n  credentials: login\n"
    "  secrets: {npm-token: {secret: npm, key: token}, t: {env: TOK, secret: other, key: k.y}}\n"
)


def made(folder: Path, text: str, by: Any = pipeline) -> dict[str, Any]:
    (folder / "sternway.yaml").write_text(BASE + text)
    found: dict[str, Any] = by(*load_with_source(folder / "sternway.yaml"))
    return found


def test_secrets_become_variables_and_credentials_a_file(tmp_path: Path) -> None:
    objects = made(tmp_path, GOOD + "argo: {pods: each}\n")
    spec = next(o for o in objects.values() if o["kind"] == "WorkflowTemplate")["spec"]
    templates = {t["name"]: t for t in spec["templates"]}
    login = [{"name": "DOCKER_CONFIG", "value": "/docker"}]
    scheduled = [{"name": "STERNWAY_UNATTENDED", "value": "{{workflow.parameters.unattended}}"}]
    assert templates["execute-build"]["container"]["env"] == [
        *scheduled,
        {"name": "npm_token", "valueFrom": {"secretKeyRef": {"name": "npm", "key": "token"}}},
        {"name": "TOK", "valueFrom": {"secretKeyRef": {"name": "other", "key": "k.y"}}},
        *login,
    ]
    assert templates["rollback-build"]["container"]["env"] == [*scheduled, *login]
    for name in ("execute-build", "rollback-build"):
        assert templates[name]["container"]["volumeMounts"] == [
            {"name": "docker", "mountPath": "/docker", "readOnly": True}
        ]
        items = [{"key": ".dockerconfigjson", "path": "config.json"}]
        assert templates[name]["volumes"] == [{"name": "docker", "secret": {"secretName": "login", "items": items}}]
    assert not templates["execute-deploy"].get("volumes")
    assert [row[0]["name"] for row in templates["execute"]["steps"]] == ["validate", "build", "deploy", "verify"]
    assert [row[0]["name"] for row in templates["undo"]["steps"]] == [
        *("rollback-deploy", "rollback-build", "report"),
        *("again-rollback-deploy", "again-rollback-build", "again-report"),
    ]


def test_a_cron_job_builds_in_the_image_that_has_a_builder(tmp_path: Path) -> None:
    objects = made(tmp_path, GOOD, cronjob)
    pod = [o for o in objects.values() if o["kind"] == "CronJob"][-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["image"].startswith("localhost/sternway-build:")
    assert [each["name"] for each in container["env"]] == [
        "HOME",
        "STERNWAY_RUN",
        "STERNWAY_JOB_UID",
        "npm_token",
        "TOK",
        "DOCKER_CONFIG",
    ]
    assert pod["volumes"][-1]["secret"]["secretName"] == "login"


@pytest.mark.parametrize("by", [pipeline, cronjob])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  context: app\n", "sternway.yaml:6:3: build.context: a pod has no folder of this machine; name a git URL"),
        ("  builder: docker\n", "build.context: a pod has no folder of this machine"),
        ("  context: https://me:pw@h/x.git\n", "6:3: build.context: the URL's password would stand in a ConfigMap"),
        (GOOD.replace("secret: npm, key: token", "env: NPM"), "10:3: build.secrets: npm-token: a pod has no variables and files of this machine; {env: NPM, secret: NAME, key: KEY}"),
        (GOOD + "steps: [{name: api, uses: build, with: {context: .}}]\n", "11:41: api.with.context: a pod has no folder"),
    ],
)  # fmt: skip
def test_what_a_pod_cannot_build_is_named(tmp_path: Path, by: Any, text: str, words: str) -> None:
    with pytest.raises(ConfigErrors) as raised:
        made(tmp_path, text, by)
    assert words in str(raised.value)
    assert "pw@" not in str(raised.value)


def test_one_pod_has_one_login_and_one_value_for_a_variable(tmp_path: Path) -> None:
    more = (
        "steps:\n- build\n- {name: api, uses: build, with: {image: 'r.example/api:1', credentials: other,"
        " secrets: {t: {env: TOK, secret: elsewhere, key: k}}}}\n"
    )
    made(tmp_path, GOOD + more)
    with pytest.raises(ConfigErrors) as raised:
        made(tmp_path, GOOD + more, cronjob)
    assert "api.with.credentials: the pod that runs all steps has those of login already" in str(raised.value)
    assert "api.with.secrets: t: another build takes TOK from elsewhere" in str(raised.value)
