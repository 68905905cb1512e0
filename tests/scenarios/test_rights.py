"""The generated rights are what runs and their undo use: nothing is missing, and nothing could be taken away."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.registry.load import load, load_with_source
from sternway_steps.saga.plan import make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.conftest import Cluster
from tests.helpers import config_map, state_of, sternway
from tests.scenarios.saga import files
from tests.scenarios.test_fates import NOPE, needs_registry

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.rbac import rights_of
from sternway_templates.yaml_text import to_yaml

OBJECT = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+(?:/namespaces/[^/]+)?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+).*)?)?"
)
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
# What Argo's executor needs in each pod (Argo, "Workflow RBAC"), the report's Event, and what it asks of a pod that did
# not start: no run on the sandbox does.
ON_ARGO = {("argoproj.io", "workflowtaskresults", verb) for verb in ("create", "patch")} | {
    ("", "events", verb) for verb in ("create", "patch", "list")
}
ON_ARGO |= {("", "pods", "list")}
# And what is asked for and made when a Workflow is terminated (tests/component/saga/test_sweep_at_once.py).
ON_ARGO |= {("argoproj.io", "workflows", "get"), ("batch", "cronjobs", "get"), ("batch", "jobs", "create")}
STATEFUL = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: IMAGE}]}
"""


def used(sandbox: Sandbox) -> set[tuple[str, str, str]]:
    """Read from the requests that came which rights they took (Kubernetes, "Determine the request verb")."""
    found = set()
    for request in sandbox.faults.requests:
        match = OBJECT.fullmatch(request.path)
        if match is None or match["group"] == "authorization.k8s.io" or match["plural"] == "namespaces":
            continue
        if "PartialObjectMetadataList" in request.accept:
            continue  # an undo looks around as far as it may, and needs no right to
        plural = match["plural"] + (f"/{match['sub']}" if match["sub"] else "")
        verb = VERBS.get(request.method) or ("get" if match["name"] else "list")
        if request.method == "GET" and "watch=" in request.query:
            verb = "watch"
        found.add((match["group"] or "", plural, verb))
        if request.method == "PATCH" and "force=" in request.query:
            found.add((match["group"] or "", plural, "create"))  # an apply of what is not there yet
    return found


def config(folder: Path, image: str, **keys: Any) -> Config:
    """Write a pipeline of the simple form, a StatefulSet and many ConfigMaps, and read it."""
    for name, text in files("shop", len(image), {"image": image, "history": 1, **keys}).items():
        (folder / name).write_text(text)
    maps = to_yaml([config_map(f"m{number}", of=image) for number in range(20)])
    (folder / "settings.yaml").write_text(maps + "---" + STATEFUL.replace("IMAGE", image))
    return load(folder / "sternway.yaml")


def by_hand(session: Session, wanted: Config, run: str) -> Status:
    """Run a pipeline step by step, as Argo does."""
    for step in ("validate", "deploy", "verify"):
        if session.step(wanted, step, Action.EXECUTE, run, lambda _: None).exit_code != Exit.DONE:
            session.step(wanted, "deploy", Action.ROLLBACK, run, lambda _: None)
            return session.end(wanted, run, "Failed", "", lambda _: None).status
    return session.story(run).status


def test_every_right_is_used_and_every_right_used_is_granted(tmp_path: Path) -> None:
    grace = {"pull": "1s", "restarts": 1}
    checked = {"verify": {"deadline": "30s", "http": [{"path": "/ready"}], "grace": grace}}
    # Longer than a lease lives without being renewed.
    slow = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "6s"}}
    with Sandbox() as sandbox, Session(kubeconfig=sandbox.kubeconfig, namespace="shop") as session:
        session.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")
        sandbox.faults.reset()
        for number, (image, keys, status) in enumerate((
            ("localhost/nope:9", checked, Status.UNDONE), ("localhost/app:1", checked, Status.SUCCEEDED),
            ("localhost/app:2", checked, Status.SUCCEEDED), ("localhost/nope:9", checked, Status.UNDONE),
            ("localhost/app:1", slow, Status.UNDONE),
            ("localhost/app:1", {"env": {"APP_MODE": "crash"}, **checked}, Status.UNDONE),
        )):  # fmt: skip
            wanted = config(tmp_path, image, **keys)
            assert by_hand(session, wanted, f"r{number}") is status, (image, keys)
        there = used(sandbox)
    plan = make_plan(wanted.steps, {name: step.spec for name, step in builtin_steps().items()})
    granted = {
        (group, plural, verb)
        for (group, plural), verbs in rights_of(wanted, plan, "shop")["shop"].items()
        for verb in verbs
    }
    assert sorted(granted - there - ON_ARGO) == [], "more than is needed"
    assert sorted(there - granted) == [], "less than is needed"


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
