"""A run and its undo as the generated account, by its token; each of its rights by itself: tests/rights."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from sternway_steps.registry.load import load_with_source

from tests.conftest import Cluster
from tests.helpers import state_of, sternway
from tests.scenarios.saga import files
from tests.scenarios.test_fates import NOPE, needs_registry

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.yaml_text import to_yaml


def kubectl(cluster: Cluster, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["kubectl", "--kubeconfig", cluster.kubeconfig, "-n", cluster.namespace, *arguments],
        input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.cluster
def test_a_run_and_its_undo_as_the_generated_account(real: Cluster, tmp_path: Path) -> None:
    needs_registry(real)
    for name, text in files(real.namespace, 1, {}).items():
        (tmp_path / name).write_text(text)
    wanted = [
        o
        for o in pipeline(*load_with_source(tmp_path / "sternway.yaml")).values()
        if o["kind"] in ("ServiceAccount", "Role", "RoleBinding")
    ]
    kubectl(real, "apply", "-f", "-", stdin=to_yaml(wanted))
    token = kubectl(real, "create", "token", "sternway-web").strip()
    access = yaml.safe_load(Path(real.kubeconfig).read_text())
    access["users"] = [{"name": access["users"][0]["name"], "user": {"token": token}}]
    mine = tmp_path / "kubeconfig"
    mine.write_text(yaml.safe_dump(access))
    good = sternway("run", "-c", str(tmp_path / "sternway.yaml"), kubeconfig=str(mine))
    assert good.returncode == 0, good.stdout + good.stderr
    before = state_of(real.get("apps/v1", "Deployment", "web"))
    bad = sternway("run", "-c", str(tmp_path / "sternway.yaml"), "--set", f"image={NOPE}", kubeconfig=str(mine))
    assert "undone" in bad.stdout, bad.stdout + bad.stderr
    assert state_of(real.get("apps/v1", "Deployment", "web")) == before
    # Without one of them the run is refused before anything is touched, and says which is missing.
    role = next(o for o in wanted if o["kind"] == "Role")
    role["rules"] = [
        {**r, "verbs": [v for v in r["verbs"] if v != "update"]} if "deployments" in r["resources"] else r
        for r in role["rules"]
    ]
    kubectl(real, "apply", "-f", "-", stdin=to_yaml([role]))
    refused = sternway("run", "-c", str(tmp_path / "sternway.yaml"), "--set", f"image={NOPE}", kubeconfig=str(mine))
    assert (refused.returncode, "not allowed: update deployments.apps" in refused.stdout) == (3, True), refused.stdout
