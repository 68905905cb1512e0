"""ConfigMaps of earlier versions: what anything may still use is kept, the rest goes when somebody asks for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load_with_source

from tests.conftest import Cluster
from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.cronjob import cronjob
from sternway_templates.prune import prune

LATER = datetime.now(UTC) + timedelta(hours=1)


def generated(cluster: Cluster, folder: Path, image: str, by: Any = pipeline) -> list[dict[str, Any]]:
    path = folder / "sternway.yaml"
    path.write_text(
        json.dumps({"name": "web", "namespace": cluster.namespace, "image": image, "schedule": "30 2 * * *"})
    )
    return list(by(*load_with_source(path)).values())


def applied(cluster: Cluster, objects: list[dict[str, Any]]) -> str:
    """Apply the ConfigMap alone, and give its name."""
    (made,) = (obj for obj in objects if obj["kind"] == "ConfigMap")
    cluster.client.create(made, manager="test")
    return str(made["metadata"]["name"])


def names(cluster: Cluster) -> set[str]:
    found = cluster.client.list("v1", "ConfigMap", cluster.namespace).items
    return {obj["metadata"]["name"] for obj in found if obj["metadata"]["name"].startswith("sternway-web")}


@pytest.mark.parametrize("by", [pipeline, cronjob])
def test_what_a_job_or_a_pod_uses_is_kept_and_the_rest_goes(cluster: Cluster, tmp_path: Path, by: Any) -> None:
    old, used = (applied(cluster, generated(cluster, tmp_path, f"web:{n}", by)) for n in (1, 2))
    new = generated(cluster, tmp_path, "web:3", by)
    current = applied(cluster, new)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sternway-web-settings", "namespace": cluster.namespace, "labels": new[0]["metadata"]["labels"]}}  # fmt: skip
    cluster.client.create(other, manager="test")
    pod = {"containers": [{"name": "a", "image": "localhost/app:1"}], "restartPolicy": "Never", "volumes": [{"name": "config", "projected": {"sources": [{"configMap": {"name": used}}]}}]}  # fmt: skip
    cron = {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "sweep", "namespace": cluster.namespace},
        "spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": {"spec": pod}}}},
    }  # fmt: skip
    cluster.client.create(cron, manager="test")
    assert prune(cluster.client, new) == [], "what was applied a moment ago may be waited for"
    assert prune(cluster.client, new, LATER) == [old]
    assert names(cluster) == {used, current, "sternway-web-settings"}
    cluster.client.delete(Ref("batch/v1", "CronJob", cluster.namespace, "sweep"), uid=None, propagation="Background")
    assert prune(cluster.client, new, LATER) == [used]
    assert prune(cluster.client, new, LATER) == []


def test_the_command_writes_and_prunes(cluster: Cluster, tmp_path: Path) -> None:
    generated(cluster, tmp_path, "web:1")
    words = ["template", "-c", str(tmp_path / "sternway.yaml"), "-o", str(tmp_path / "out"), "--prune"]
    done = sternway(*words, kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.DONE, done.stderr
    assert "workflowtemplate" in done.stdout
    stream = sternway(*words[:4], "-", "--prune", kubeconfig=cluster.kubeconfig)
    assert stream.returncode == Exit.USAGE
