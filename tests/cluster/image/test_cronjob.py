"""The CronJob in a real cluster, with the real image and just the generated rights."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status, Story
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.cluster.image.test_image import container
from tests.conftest import Cluster
from tests.helpers import state_of, sternway, until
from tests.scenarios.hurdles import RealHurdles
from tests.scenarios.saga import files

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
BAD = {"env": {"APP_MODE": "crash"}}


class Nights:
    """The CronJob of a test, and the Jobs that are made from it."""

    def __init__(self, cluster: Cluster, folder: Path, image: str) -> None:
        self.cluster, self.folder, self.image, self.sweep = cluster, folder, image, False

    def kubectl(self, *arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", self.cluster.kubeconfig, "-n", self.cluster.namespace, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, version: int, change: Mapping[str, Any], **keys: Any) -> None:
        for name, text in files(self.cluster.namespace, version, change).items():
            (self.folder / name).write_text(text)
        config = self.folder / "sternway.yaml"
        nightly = {"schedule": {"cron": ["0 0 1 1 *"], "suspend": True}, "argo": {"image": self.image, "rollbackDeadline": "2m", "sweep": self.sweep}}  # fmt: skip
        config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), **nightly, **keys}))
        made = sternway(
            "template", "--for", "cronjob", "-c", str(config), "-o", str(self.folder / "out"), kubeconfig=""
        )
        assert made.returncode == 0, made.stderr
        self.kubectl("apply", "--server-side", "--validate=strict", "-f", str(self.folder / "out"))

    def begin(self) -> str:
        name = f"night-{uuid.uuid4().hex[:6]}"
        self.kubectl("create", "job", name, "--from=cronjob/web")
        return name

    def story(self, job: str) -> Story | None:
        """Tell the run of a Job: it has the same name."""
        with Session(kubeconfig=self.cluster.kubeconfig, namespace=self.cluster.namespace) as session:
            return next((session.story(s.run) for s in session.runs() if s.run == job), None)

    def pods(self, job: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", "pods", "-l", f"job-name={job}", "-o", "json"))["items"]  # fmt: skip
        return found

    def ended(self, job: str) -> tuple[int, str]:
        """Wait for a Job's end; gives its only container's exit code and log."""

        def over() -> Any:
            status = json.loads(self.kubectl("get", "job", job, "-o", "json")).get("status", {})
            return [c["type"] for c in status.get("conditions", []) if c["status"] == "True" and c["type"] in ("Complete", "Failed")]  # fmt: skip

        until(over, 240, f"job {job} ends")
        [pod] = self.pods(job)
        [status] = pod["status"]["containerStatuses"]
        return status["state"]["terminated"]["exitCode"], self.kubectl("logs", pod["metadata"]["name"])

    def cut_short(self, job: str) -> None:
        """Kill a run in its undo, which hangs meanwhile: SIGTERM, and a second later SIGKILL."""
        hurdles = RealHurdles(self.cluster.client, self.cluster.namespace)
        try:
            until(lambda: (s := self.story(job)) and any(a.step == "verify" for a in s.attempts), 60, "verify works")
            hurdles.place("hang", "configmaps", "settings", dry=False)
            [pod] = self.pods(job)
            self.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=1")
            until(lambda: not self.pods(job), 60, "the pod is gone")
            told = self.story(job)
            assert told is not None
            assert told.status in (Status.RUNNING, Status.INTERRUPTED), "nobody knows yet that its process is gone"
        finally:
            hurdles.remove()


@pytest.fixture
def nights(real: Cluster, tmp_path: Path, pushed: str) -> Nights:
    return Nights(real, tmp_path, pushed)


def deployed(cluster: Cluster) -> Any:
    return state_of(cluster.get("apps/v1", "Deployment", "web"))


def test_a_good_night_a_bad_night_and_one_that_is_cut_short(nights: Nights) -> None:
    nights.apply(1, {})
    job = nights.begin()
    code, log = nights.ended(job)
    assert code == 0, log
    told = nights.story(job)
    assert told is not None
    assert told.status is Status.SUCCEEDED
    good = deployed(nights.cluster)
    endpoints = nights.cluster.get("v1", "Endpoints", "web")
    addresses = [a for s in (endpoints or {}).get("subsets") or [] for a in s.get("addresses", [])]
    assert len(addresses) == 1, "the saga's own pod is none of the Service's"

    nights.apply(2, BAD)
    job = nights.begin()
    code, log = nights.ended(job)
    assert code == Exit.FAILED, log
    assert f"run {job}: undone" in log
    assert deployed(nights.cluster) == good

    nights.apply(2, {"env": {"APP_MODE": "unready"}})
    job = nights.begin()
    until(lambda: (s := nights.story(job)) and any(a.step == "verify" for a in s.attempts), 60, "verify works")
    [pod] = nights.pods(job)
    # As a drained node does it: SIGTERM, then the grace period, in which the undo has room.
    nights.cluster.client.delete(Ref.of(pod), uid=pod["metadata"]["uid"], propagation="Background")
    until(lambda: (s := nights.story(job)) and s.status is Status.UNDONE, 60, "the run is undone")
    assert deployed(nights.cluster) == good


def test_a_night_that_is_killed_in_its_undo_is_undone_by_the_next(nights: Nights) -> None:
    nights.apply(1, {})
    assert nights.ended(nights.begin())[0] == 0
    good = deployed(nights.cluster)
    nights.apply(2, {"env": {"APP_MODE": "unready"}})
    killed = nights.begin()
    nights.cut_short(killed)
    nights.apply(1, {})
    code, log = nights.ended(nights.begin())
    assert code == 0, log
    assert f"undoing run {killed}" in log
    told = nights.story(killed)
    assert told is not None
    assert told.status is Status.UNDONE
    assert deployed(nights.cluster)[0]["spec"] == good[0]["spec"]


def test_a_night_that_is_killed_without_notice_is_undone_within_the_next_minutes(nights: Nights) -> None:
    """By the generated sweeper, with the generated rights alone."""
    nights.sweep = True
    nights.apply(1, {})
    assert nights.ended(nights.begin())[0] == 0
    good = deployed(nights.cluster)
    nights.apply(2, {"env": {"APP_MODE": "unready"}})
    killed = nights.begin()
    nights.cut_short(killed)
    until(lambda: (s := nights.story(killed)) and s.status is Status.UNDONE, 180, "the sweeper undoes it")
    assert deployed(nights.cluster) == good


def test_its_pod_passes_the_strictest_standard_and_lacks_no_right(nights: Nights) -> None:
    """The restricted standard is enforced in the saga's namespace; the account can do what its Role says, no more."""
    nights.apply(1, {})
    namespace = nights.cluster.namespace
    nights.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    job = nights.begin()
    pod = until(lambda: nights.pods(job), 30, "the pod is let in")[0]
    assert pod["spec"]["containers"][0]["command"] == ["sternway"]
    nights.ended(job)
    told = nights.story(job)
    assert told is not None
    assert "not allowed" not in told.error
    account = f"--as=system:serviceaccount:{namespace}:sternway-web"
    denied = subprocess.run(["kubectl", "--kubeconfig", nights.cluster.kubeconfig, "-n", namespace, "auth", "can-i", "create", "pods", account], capture_output=True, text=True, check=False)  # fmt: skip
    assert denied.stdout.strip() == "no"


def test_the_image_runs_any_command(real: Cluster, images: dict[str, str], tmp_path: Path) -> None:
    there = container(real, images, tmp_path, files(real.namespace, 1, {}))
    done = there.run("run", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    with Session(kubeconfig=real.kubeconfig, namespace=real.namespace) as session:
        [story] = session.runs()
    undone = there.run("run", "rollback", story.run)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert deployed(real) is None
