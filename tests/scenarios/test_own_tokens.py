"""A job of CI at an API server that takes its token: a service account's, which is one of the same form (OIDC)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load_with_source

from tests.conftest import Cluster

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.ci.github_plan import github_plan
from sternway_templates.ci.gitlab import gitlab
from sternway_templates.ci.parameters import PipelineInputs, pipeline_inputs

pytestmark = pytest.mark.cluster


@dataclass
class Issuer:
    """Gives tokens as GitHub does to its jobs: the first ones first, then the last one again and again."""

    tokens: list[str]
    asked: list[tuple[str, list[str]]] = field(default_factory=list)

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                issuer.asked.append((str(self.headers["Authorization"]), asked["audience"]))
                token = issuer.tokens.pop(0) if len(issuer.tokens) > 1 else issuer.tokens[0]
                body = json.dumps({"value": token}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/?api-version=1"
            finally:
                server.shutdown()
                thread.join()


@dataclass(frozen=True)
class Stage:
    """A repository whose configuration names the cluster, and a token that has the rights of the generated Role."""

    folder: Path
    inputs: PipelineInputs
    token: str

    def play(self, script: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a script as a job does, with nothing else that leads to a cluster."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        known = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self.folder)}
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=self.folder,
            env={**known, "TMPDIR": str(self.folder / "tmp"), "SET_IMAGE": "", "SET_REPLICAS": "", **environ},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


@pytest.fixture
def stage(real: Cluster, tmp_path: Path) -> Stage:
    cluster = yaml.safe_load(Path(real.kubeconfig).read_text())["clusters"][0]["cluster"]
    keys = {
        "name": "web", "namespace": real.namespace, "manifests": ["settings.json"],
        "ci": {"oidc": {
            "server": cluster["server"], "audience": "deploy",
            "certificateAuthorityData": cluster["certificate-authority-data"],
        }},
    }  # fmt: skip
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    (tmp_path / "sternway.yaml").write_text(json.dumps(keys))
    for obj in pipeline(*load_with_source(tmp_path / "sternway.yaml")).values():
        if obj["kind"] in ("ServiceAccount", "Role", "RoleBinding"):
            real.client.create(obj, manager="test")
    path = f"/api/v1/namespaces/{real.namespace}/serviceaccounts/sternway-web/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = real.client.raw("POST", path, body=asked)["status"]["token"]
    with contextlib.chdir(tmp_path):
        return Stage(tmp_path, pipeline_inputs("sternway.yaml", {}), token)


def forged(token: str) -> str:
    """Give a token whose signature is another one's."""
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{signature[::-1]}"


def test_a_job_of_gitlab_runs_and_leaves_no_token(stage: Stage, real: Cluster) -> None:
    job = yaml.safe_load(gitlab(stage.inputs))[".sternway-web"]
    assert job["id_tokens"] == {"STERNWAY_TOKEN": {"aud": "deploy"}}
    environ = {"CI_JOB_ID": "7", "SAGA_CONFIG": "sternway.yaml", "STERNWAY_COMMENT_TOKEN": "of all jobs"}
    done = stage.play("\n".join(job["script"]), {**environ, "STERNWAY_TOKEN": forged(stage.token)})
    assert (done.returncode, "Unauthorized" in done.stdout + done.stderr) == (Exit.REFUSED, True), done.stdout + done.stderr  # fmt: skip
    done = stage.play("\n".join(job["script"]), {**environ, "STERNWAY_TOKEN": stage.token})
    assert done.returncode == 0, done.stdout + done.stderr
    assert real.get("v1", "ConfigMap", "settings") is not None
    [place] = (stage.folder / "tmp").iterdir()
    assert {file.name: file.stat().st_mode & 0o777 for file in place.iterdir()} == {"kubeconfig": 0o600, "token": 0o600}
    assert stage.token not in (place / "kubeconfig").read_text() + done.stdout + done.stderr
    done = stage.play("\n".join(job["after_script"]), {**environ, "STERNWAY_TOKEN": stage.token})
    assert (done.returncode, "no undo is left to be finished" in done.stdout + done.stderr) == (0, True), (
        done.stdout + done.stderr
    )
    assert list((stage.folder / "tmp").iterdir()) == []


def test_a_job_of_github_asks_for_a_token_whenever_it_needs_one(stage: Stage) -> None:
    steps = yaml.safe_load(github_plan(stage.inputs))["jobs"]["plan"]["steps"]
    script = "".join(step["run"] for step in steps if step.get("name") in ("Write the kubeconfig", "Plan"))
    issuer = Issuer([forged(stage.token), stage.token])
    with issuer.serving() as url:
        done = stage.play(script, {
            "KUBECONFIG": str(stage.folder / "kubeconfig"), "FOLDER": str(stage.folder / "plan"),
            "GITHUB_STEP_SUMMARY": str(stage.folder / "summary.md"),
            "ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of the job",
        })  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "configmap/settings" in (stage.folder / "summary.md").read_text()
    first, second, *more = issuer.asked  # requests that were under way at once may each ask anew
    assert first == second == ("Bearer of the job", ["deploy"])
    assert set(map(str, more)) <= {str(first)}
    assert (stage.folder / "kubeconfig").stat().st_mode & 0o777 == 0o600
