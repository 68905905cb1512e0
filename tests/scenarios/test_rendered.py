"""A chart, a kustomization, standard input: deployed, undone, and looked at by who has them no more."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit

from tests.conftest import Cluster
from tests.helpers import config_map, sternway
from tests.renderers import install
from tests.renderers.charts import chart

GOOD, BAD = "localhost/app:1", "localhost:5000/nope:9"


@pytest.fixture
def home(cluster: Cluster, tmp_path: Path) -> Path:
    """Give a folder with a kubeconfig whose context has the test's namespace."""
    kubeconfig: Any = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    for context in kubeconfig["contexts"]:
        context["context"]["namespace"] = cluster.namespace
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    return tmp_path


def write(home: Path, **keys: Any) -> None:
    quick = {"verify": {"deadline": "60s", "grace": {"pull": "1s"}}}
    (home / "sternway.yaml").write_text(yaml.safe_dump({"name": "web", **quick, **keys}))


def call(home: Path, *words: str, code: int = Exit.DONE, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = sternway(*words, kubeconfig=str(home / "kubeconfig"), cwd=home, stdin=stdin)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_bad_value_is_undone_and_the_chart_is_not_needed_for_it(
    cluster: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home / "bin", monkeypatch, "helm")
    group = f"{cluster.namespace}.example.com"
    chart(home / "shop", group, hook=True)
    write(home, namespace=cluster.namespace, hooks="run", chart={"path": "shop", "set": {"image": {"name": GOOD}}})
    call(home, "run")
    assert cluster.get(f"{group}/v1", "Flag", "web") is not None
    assert cluster.get("batch/v1", "Job", "web-move") is not None
    failed = call(home, "run", "--set", f"chart.set.image.name={BAD}", code=Exit.FAILED)
    assert ": undone" in failed.stdout
    deployed: Any = cluster.get("apps/v1", "Deployment", "web")
    assert deployed["spec"]["template"]["spec"]["containers"][0]["image"] == GOOD
    (home / "bin/helm").unlink()
    live = json.loads(call(home, "status", "--config", "sternway.yaml", "--output", "json").stdout)["live"]
    assert live["status"] == "succeeded"
    swept = call(home, "sweep", "--config", "sternway.yaml")
    assert "not looked for, because its objects are not known: sternway.yaml:1:1: chart: helm is not on" in swept.stderr
    call(home, "rollback")
    assert cluster.get("apps/v1", "Deployment", "web") is None


def test_what_was_piped_is_undone_without_it(cluster: Cluster, home: Path) -> None:
    """Also where the run itself makes its namespace, so that its journal is in that of the context."""
    own = f"{cluster.namespace}-own"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own}}
    write(home, namespace=own, manifests=["-"])
    objects = "\n".join(map(json.dumps, [namespace, config_map("m")]))
    call(home, "run", stdin=objects)
    told = json.loads(call(home, "status", "--config", "sternway.yaml", "--output", "json").stdout)
    assert (told["target"], told["journal"]) == (f"{own}.web", f"Secrets in namespace {cluster.namespace}")
    assert "there are no objects on standard input" in call(home, "sweep", "--config", "sternway.yaml").stderr
    assert call(home, "sweep", "--config", "sternway.yaml", stdin=objects).stderr == "no run is open\n"
    undone = call(home, "rollback", "--config", "sternway.yaml")
    assert "rollback deploy: 2 deleted" in undone.stdout
