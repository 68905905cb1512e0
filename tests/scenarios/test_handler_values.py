"""What Argo passes on: a handler is given no values, for `argo retry -p` drops the defaults; a tag is none."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import sternway

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(cluster: Cluster, tmp_path: Path) -> Call:
    """Give what calls a step as its container does, with the values of the submission or as the handler does."""
    env = {"LEVEL": "info"}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "1"}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(manifest))
    file = {"name": "web", "namespace": cluster.namespace, "image": "localhost/app:1", "replicas": 0, "env": env, "manifests": ["m.yaml"]}  # fmt: skip
    (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(file))

    def run(*words: str, **values: str) -> subprocess.CompletedProcess[str]:
        given = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        config = str(tmp_path / "sternway.yaml")
        more = ("--run", "r", "--workflow", "w", "--config", config)
        return sternway(*words, *more, *given, kubeconfig=cluster.kubeconfig, environ=cluster.environ)

    return run


def test_the_undo_and_the_report_take_the_values_of_the_run_from_its_journal(cluster: Cluster, call: Call) -> None:
    for step in ("validate", "deploy"):
        assert call("step", step, "execute", image="localhost/app:2", replicas="0").returncode == Exit.DONE
    deployed = cluster.get("apps/v1", "Deployment", "web")
    assert deployed is not None
    assert deployed["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:2"
    back = call("step", "deploy", "rollback")
    assert back.returncode == Exit.DONE, back.stdout + back.stderr
    assert cluster.get("apps/v1", "Deployment", "web") is None
    ended = call("report", "--status", "Failed")
    assert ended.returncode == Exit.STOPPED, ended.stdout + ended.stderr
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        story = session.story("r")
    assert story.status is Status.UNDONE
    held = next(m for m in story.config["manifests"] if m["obj"]["kind"] == "Deployment")
    assert held["obj"]["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:2"


def test_a_tag_that_argo_left_is_refused_with_the_parameters_name(cluster: Cluster, call: Call) -> None:
    tag = "{{workflow.parameters.%s}}"
    done = call("step", "validate", "execute", image=tag % "image", replicas=tag % "replicas")
    assert done.returncode == Exit.REFUSED, done.stdout + done.stderr
    assert "parameters image, replicas of the Workflow" in done.stdout + done.stderr
    assert "argo retry -p" in done.stdout + done.stderr
    assert "{{" not in done.stdout + done.stderr, "Argo would look for a value of it in the node's message"
    one = call("step", "validate", "execute", **{"env.LEVEL": "a {{b}}", "image": "localhost/app:1"})
    assert one.returncode == Exit.REFUSED
    assert "parameter env-LEVEL of the Workflow" in one.stdout + one.stderr


def test_who_retries_a_scheduled_workflow_with_other_values_is_a_person(cluster: Cluster, call: Call) -> None:
    cluster.environ["STERNWAY_UNATTENDED"] = "{{workflow.parameters.unattended}}"
    done = call("step", "validate", "execute", image="localhost/app:1")
    assert done.returncode == Exit.DONE, done.stdout + done.stderr


def test_a_handler_of_another_configuration_is_refused(cluster: Cluster, call: Call) -> None:
    assert call("step", "validate", "execute").returncode == Exit.DONE
    other = call("step", "deploy", "rollback", name="other")
    assert other.returncode == Exit.REFUSED
    assert f"is of target {cluster.namespace}.web, not of {cluster.namespace}.other" in other.stdout + other.stderr
