"""What Argo shows of a run on a real one: names of rollbacks, title and description, how it ended, and the metrics."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo
from tests.conftest import ROOT
from tests.helpers import sternway, until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
METRICS = os.environ.get("STERNWAY_TEST_ARGO_METRICS", "https://localhost:9090/metrics")
"""Where the controller tells them; its certificate is its own."""
MADE = sorted(
    [*(ROOT / "templates/examples").glob("*/argo.yaml"), *(ROOT / "templates/examples").glob("*/argo/*.yaml")]
)
MIGRATE = {
    "name": "migrate",
    "image": "localhost/busybox:1",
    "runner": "kubernetes",
    "execute": ["true"],
    "rollback": ["false"],
    "retries": 0,
}


@pytest.mark.parametrize("pods", ["one", "each"])
def test_how_runs_ended_is_shown_and_counted(runner: OnArgo, pods: str) -> None:
    runner.argo = {**runner.argo, "pods": pods, "rollbackRetries": 0}
    runner.good(files(runner.namespace, 1, {}))
    _is_shown(runner, "localhost/app:1")
    _is_counted(runner, "succeeded")
    group = ["validate", ["deploy", MIGRATE], "verify"]
    for steps, code, outcome in ((["validate", "deploy", "verify"], 4, "undone"), (group, 5, "rollback-failed")):
        runner.start(files(runner.namespace, 2, {"image": "localhost:5000/nope:9", "steps": steps}))
        assert runner.ended() == code
        _is_shown(runner, "localhost:5000/nope:9")
        given = runner.workflow()["status"]["outputs"]["parameters"]
        assert {each["name"]: each["value"] for each in given} == {"outcome": outcome}
        _is_counted(runner, outcome)
        back = {
            node["displayName"].partition("(")[0]
            for node in runner.nodes("Pod") + runner.nodes("Container")
            if "rollback" in node["displayName"] and not node["displayName"].startswith("again-")
        }
        assert back == {f"rollback-{name}" for name in (("deploy",) if code == 4 else ("deploy", "migrate"))}
        assert not [c for c in runner.workflow()["status"]["conditions"] if c["type"] == "MetricsError"]


def test_a_template_without_a_namespace_works_where_it_is_applied(runner: OnArgo) -> None:
    """With the generated rights, and the binding that the command on stderr makes."""
    keys = yaml.safe_load(files(runner.namespace, 1, {})["sternway.yaml"])
    texts = {**files(runner.namespace, 1, {}), "sternway.yaml": yaml.safe_dump({**keys, "argo": runner.argo})}
    for name, text in texts.items():
        (runner.folder / name).write_text(re.sub(r"(?m)^ *namespace: .*\n", "", text))
    out = str(runner.folder / "out")
    made = sternway("template", "-c", str(runner.folder / "sternway.yaml"), "-o", out, kubeconfig="")
    assert made.returncode == 0, made.stderr
    runner.kubectl("apply", "--server-side", "-n", runner.namespace, "-f", out)
    (command,) = re.findall(r"kubectl (create rolebinding .*)", made.stderr)
    runner.kubectl(*command.replace("NAMESPACE", runner.namespace).split())
    for image, code in (("localhost/app:1", 0), ("localhost:5000/nope:9", 4)):
        runner.submit(image=image)
        assert runner.ended() == code
        _is_shown(runner, image)
        story = runner.story()
        assert story is not None
        assert story.status is (Status.UNDONE if code else Status.SUCCEEDED)
    made_anew = runner.client.get(Ref("apps/v1", "Deployment", runner.namespace, "web"))
    assert made_anew is not None
    assert made_anew["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:1"


def _is_shown(runner: OnArgo, image: str) -> None:
    metadata: dict[str, Any] = runner.workflow()["metadata"]
    notes = metadata["annotations"]
    assert notes["workflows.argoproj.io/title"] == f"Deploy **web** to `{runner.namespace}`: `{image}`"
    told = notes["workflows.argoproj.io/description"]
    assert f"`sternway show {runner.namespace}/{metadata['uid']}`" in told


def _is_counted(runner: OnArgo, outcome: str) -> None:
    """Wait until the controller counts it; what it counted before it was started anew is gone, and so is no test's."""
    labels = re.compile(
        rf'argo_workflows_(\w+)\{{namespace="{runner.namespace}",outcome="{outcome}",target="web"\}} 1$'
    )
    names = {"sternway_runs_total", "sternway_run_duration_seconds_count"}
    trusted = ssl._create_unverified_context()

    def counted() -> bool:
        with urllib.request.urlopen(METRICS, timeout=10, context=trusted) as answer:
            lines = answer.read().decode().splitlines()
        return names <= {found[1] for line in lines if (found := labels.match(line))}

    until(counted, 60, f"{outcome} is counted")


@pytest.mark.skipif(not shutil.which("argo"), reason="Argo's command line is not on PATH")
@pytest.mark.parametrize("path", MADE, ids=[str(path.relative_to(ROOT)) for path in MADE])
def test_argo_finds_nothing_in_what_is_generated(path: Path) -> None:
    done = subprocess.run(
        ["argo", "lint", "--offline", "--strict", str(path)], check=False, capture_output=True, text=True
    )
    assert (done.returncode, "no linting errors found" in done.stdout) == (0, True), done.stdout + done.stderr
