"""A bad version, on the sandbox and on a real cluster: followed from another process, and reported on one page."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.session import Session

from tests.component.cli.test_page import text_of
from tests.conftest import Cluster
from tests.helpers import command, config_map, deployment, sternway, until

VALUE = "hunter2hunter2"


def write(folder: Path, namespace: str, image: str, *objects: dict[str, Any]) -> str:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": VALUE + image}}
    (folder / "m.yaml").write_text(yaml.safe_dump_all([secret, deployment("web", image), *objects]))
    keys = {"name": "web", "namespace": namespace, "manifests": ["m.yaml"]}
    (folder / "c.yaml").write_text(yaml.safe_dump(keys))
    return str(folder / "c.yaml")


def test_a_bad_version_is_followed_and_reported(cluster: Cluster, tmp_path: Path) -> None:
    good = write(tmp_path, cluster.namespace, "localhost/app:1", config_map("m", v="1\n2\n3\n"))
    done = sternway("run", "-c", good, kubeconfig=cluster.kubeconfig)
    assert done.returncode == 0, done.stdout + done.stderr
    bad = write(tmp_path, cluster.namespace, "localhost:5000/nope:9", config_map("m", v="1\nzwei\n3\n"))
    page, environ = tmp_path / "run.html", {**os.environ, "KUBECONFIG": cluster.kubeconfig}
    words = command("run", "-c", bad, "--run", "r2", "--report", str(page))
    how: dict[str, Any] = {"env": environ, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with (
        Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session,
        subprocess.Popen(words, **how) as run,
    ):
        until(lambda: "r2" in [story.run for story in session.runs()] or run.poll() is not None)
        with subprocess.Popen(command("show", "--watch", f"{cluster.namespace}/r2"), **how) as look:
            told, seen = run.communicate(timeout=120)[0], look.communicate(timeout=120)[0]
    assert (run.returncode, look.returncode) == (4, 4), told + seen
    for line in ("verify failed: deployment.apps/web in ", "undo: deploy", "run r2: undone after "):
        assert line in told
        assert line in seen
    text = text_of(page.read_text())
    assert "What failed, in step verify deployment.apps/web in " in text
    assert "localhost:5000/nope:9" in text.partition("Each step as it went")[0]
    assert "undo of deploy: undone" in text
    assert '- spec.template.spec.containers[name=web].image: "localhost/app:1"' in text
    assert "data.v: @@ -1,3 +1,3 @@ 1 -2 +zwei 3" in text
    assert "rollback deploy restored" in text
    for image in ("localhost/app:1", "localhost:5000/nope:9"):
        value = VALUE + image
        assert value not in page.read_text()
        assert base64.b64encode(value.encode()).decode() not in page.read_text()
    assert page.read_text().partition("<footer")[0] == sternway("show", f"{cluster.namespace}/r2", "-o", "html", kubeconfig=cluster.kubeconfig).stdout.partition("<footer")[0]  # fmt: skip
