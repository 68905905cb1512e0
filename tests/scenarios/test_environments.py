"""One base and an overlay for each environment, as they are deployed and undone, on the sandbox and a real cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sternway_steps.exits import Exit

from tests.conftest import Cluster
from tests.helpers import config_map, state_of, sternway

BASE = """\
name: web
image: localhost/app:1
port: 8080
replicas: 1
env: {LEVEL: debug, REGION: eu}
manifests: [manifests/]
verify: {deadline: 2m, http: [{path: /ready}]}
"""
PRODUCTION = """\
extends: ../sternway.yaml
replicas: 2
env: {LEVEL: warning, REGION: null}
labels: {tier: production}
"""


@pytest.fixture
def environments(tmp_path: Path, cluster: Cluster) -> Path:
    """Give a folder of two environments."""
    for name in ("config", "manifests"):
        (tmp_path / name).mkdir()
    (tmp_path / "sternway.yaml").write_text(f"namespace: {cluster.namespace}\n{BASE}")
    (tmp_path / "config/production.yaml").write_text(PRODUCTION)
    (tmp_path / "manifests/settings.json").write_text(json.dumps(config_map("settings", a="1")))
    return tmp_path


def test_an_environment_is_deployed_and_its_bad_change_undone(environments: Path, cluster: Cluster) -> None:
    def run(*extra: str) -> tuple[int, str]:
        done = sternway(
            "run", "--config", str(environments / "config/production.yaml"), *extra, kubeconfig=cluster.kubeconfig
        )
        return done.returncode, done.stdout + done.stderr

    code, told = run()
    assert code == 0, told
    before = cluster.get("apps/v1", "Deployment", "web")
    assert before is not None
    assert before["spec"]["replicas"] == 2
    assert before["metadata"]["labels"]["tier"] == "production"
    assert before["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "LEVEL", "value": "warning"}]
    settings = cluster.get("v1", "ConfigMap", "settings")
    assert settings is not None
    assert settings["data"] == {"a": "1"}, "the base's manifests are those beside the base"

    overlay = environments / "config/production.yaml"
    overlay.write_text(
        overlay.read_text() + "verify: {deadline: 15s, http: [{path: /ready, status: 418, retries: 0}]}\n"
    )
    code, told = run("--set", "env.LEVEL=error")
    assert code == Exit.FAILED, told
    assert "restored deployment.apps/web" in told
    assert state_of(cluster.get("apps/v1", "Deployment", "web")) == state_of(before)


def test_a_mistake_in_any_of_the_files_touches_nothing(environments: Path, cluster: Cluster) -> None:
    (environments / "sternway.yaml").write_text((environments / "sternway.yaml").read_text() + "replcas: 2\n")
    done = sternway(
        "run", "--config", str(environments / "config/production.yaml"), "--set", "image=web 1", kubeconfig=cluster.kubeconfig
    )  # fmt: skip
    assert done.returncode == Exit.USAGE
    assert f"{environments}/sternway.yaml:9:1: replcas: this key is not known; did you mean 'replicas'?" in done.stderr
    assert "--set image: image: 'web 1' is not valid" in done.stderr
    assert cluster.get("v1", "ConfigMap", "settings") is None
