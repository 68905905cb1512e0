"""`journal.namespace` keeps the journal, and the old values of Secrets in it, apart from the application."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.config.schema import DEFAULT_STEPS, JournalConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import SECRET_TYPE
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, sternway


def secret(value: str) -> dict[str, Any]:
    data = {"key": base64.b64encode(value.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}


def records(cluster: Cluster, namespace: str) -> list[str]:
    found = cluster.client.list("v1", "Secret", namespace, fields=f"type={SECRET_TYPE}").items
    return [one["metadata"]["name"] for one in found]


def leases(cluster: Cluster, namespace: str) -> list[Any]:
    return cluster.client.list("coordination.k8s.io/v1", "Lease", namespace).items


def test_a_run_and_its_undo_leave_no_record_beside_the_application(
    cluster: Cluster, session: Session, other: str
) -> None:
    apart: dict[str, Any] = {"steps": DEFAULT_STEPS[1:], "journal": JournalConfig(namespace=other)}
    assert session.run(config_of(cluster.namespace, secret("old"), **apart)).exit_code == Exit.DONE
    result = session.run(config_of(cluster.namespace, secret("new"), **apart))
    assert (result.exit_code, result.name) == (Exit.DONE, f"{other}/{result.run}")
    assert records(cluster, cluster.namespace) == leases(cluster, cluster.namespace) == []
    assert f"sternway.{result.run}.deploy.execute.1" in records(cluster, other)
    assert session.rollback(result.name).status is Status.UNDONE
    live = cluster.get("v1", "Secret", "s")
    assert live is not None
    assert base64.b64decode(live["data"]["key"]) == b"old"


def test_the_generated_account_has_no_right_on_secrets_beside_the_application(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="1")))
    file = {"name": "web", "namespace": "shop", "manifests": ["m.yaml"], "journal": {"namespace": "shop-journal"}}
    (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(file))
    config, out = str(tmp_path / "sternway.yaml"), tmp_path / "argo"
    done = sternway("template", "--config", config, "--output", str(out), kubeconfig="/nowhere")
    assert done.returncode == Exit.DONE, done.stderr
    objects = [obj for path in out.glob("*.yaml") for obj in yaml.safe_load_all(path.read_text()) if obj]
    roles = {obj["metadata"]["namespace"]: obj["rules"] for obj in objects if obj["kind"] == "Role"}
    granted = {ns: {name for rule in rules for name in rule["resources"]} for ns, rules in roles.items()}
    assert set(granted) == {"shop", "shop-journal"}
    assert granted["shop-journal"] == {"secrets", "leases"}
    assert granted["shop"].isdisjoint({"secrets", "leases"})
