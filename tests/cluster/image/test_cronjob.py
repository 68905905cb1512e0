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
from sternway_steps.journal.locks.lock import held
from sternway_steps.journal.replay import Status, Story
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
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

    def story(self, run: str) -> Story | None:
        """Tell the first run of a Job, which has the same name, or a later one."""
        with Session(kubeconfig=self.cluster.kubeconfig, namespace=self.cluster.namespace) as session:
            return next((session.story(s.run) for s in session.runs() if s.run == run), None)

    def pods(self, job: str) -> list[dict[str, Any]]:
        """Give the pods of a Job, oldest first."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", "pods", "-l", f"job-name={job}", "-o", "json"))["items"]  # fmt: skip
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def last_words(self, job: str) -> list[tuple[int, str]]:
        """Give the exit codes and termination messages of a Job's pods that have ended."""
        states = [s["state"] for pod in self.pods(job) for s in pod["status"].get("containerStatuses") or ()]
        return [(s["terminated"]["exitCode"], s["terminated"].get("message", "")) for s in states if "terminated" in s]

    def events(self, job: str) -> list[str]:
        """Give the reasons of what our pods told on a Job."""
        uid = self.kubectl("get", "job", job, "-o", "jsonpath={.metadata.uid}")
        found = json.loads(self.kubectl("get", "events", "-o", "json"))["items"]
        ours = (
            e for e in found if e["involvedObject"].get("uid") == uid and e["source"].get("component") == "sternway"
        )
        return sorted(str(e["reason"]) for e in ours)

    def ended(self, job: str) -> tuple[int, str]:
        """Wait for a Job's end; gives its last pod's exit code and log."""

        def over() -> Any:
            status = json.loads(self.kubectl("get", "job", job, "-o", "json")).get("status", {})
            return [c["type"] for c in status.get("conditions", []) if c["status"] == "True" and c["type"] in ("Complete", "Failed")]  # fmt: skip

        until(over, 240, f"job {job} ends")
        pod = self.pods(job)[-1]
        [status] = pod["status"]["containerStatuses"]
        return status["state"]["terminated"]["exitCode"], self.kubectl("logs", pod["metadata"]["name"])

    def cut_short(self, job: str, *, alone: bool = False) -> None:
        """Kill a run in its undo, which hangs meanwhile: SIGTERM, and a second later SIGKILL.

        `alone`: the Job makes no other pod then.
        """
        hurdles = RealHurdles(self.cluster.client, self.cluster.namespace)
        try:
            until(lambda: (s := self.story(job)) and any(a.step == "verify" for a in s.attempts), 60, "verify works")
            hurdles.place("hang", "configmaps", "settings", dry=False)
            [pod] = self.pods(job)
            self.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=1")
            gone = pod["metadata"]["uid"]
            until(lambda: all(p["metadata"]["uid"] != gone for p in self.pods(job)), 60, "the pod is gone")
            if alone:
                self.kubectl("patch", "job", job, "--patch", '{"spec": {"suspend": true}}')
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
    assert nights.last_words(job) == [(0, f"run {job}: succeeded")]
    assert nights.events(job) == ["Succeeded"]
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
    ((_, said),) = nights.last_words(job)
    assert said.startswith(f"run {job}: undone\nfirst error: deployment.apps/web in {nights.cluster.namespace}: ")
    assert f"all of it: kubectl -n {nights.cluster.namespace} logs -l job-name={job}" in said
    assert nights.events(job) == ["Undone"]
    assert f"run {job}: undone" in nights.kubectl("describe", "job", job)

    nights.apply(2, {"env": {"APP_MODE": "unready"}})
    job = nights.begin()
    until(lambda: (s := nights.story(job)) and any(a.step == "verify" for a in s.attempts), 60, "verify works")
    [pod] = nights.pods(job)
    # As a drained node does it: SIGTERM, then the grace period, in which the undo has room.
    nights.cluster.client.delete(Ref.of(pod), uid=pod["metadata"]["uid"], propagation="Background")
    until(lambda: (s := nights.story(job)) and s.status is Status.UNDONE, 60, "the run is undone")
    assert deployed(nights.cluster) == good


def test_a_night_that_is_killed_in_its_undo_is_taken_up_by_the_next_pod_of_its_job(nights: Nights) -> None:
    """It is undone, and run again, for nothing but the kill had ended it."""
    nights.apply(1, {})
    assert nights.ended(nights.begin())[0] == 0
    good = deployed(nights.cluster)
    nights.apply(2, {"env": {"APP_MODE": "unready"}})
    killed = nights.begin()
    nights.cut_short(killed)
    code, log = nights.ended(killed)
    assert code == Exit.FAILED, log
    assert f"undoing run {killed}" in log
    again = nights.story(f"{killed}-2")
    told = nights.story(killed)
    assert told is not None
    assert again is not None
    assert (told.status, again.status) == (Status.UNDONE, Status.UNDONE)
    assert "run again as" in log
    assert deployed(nights.cluster) == good


def test_a_night_that_is_killed_without_notice_is_undone_within_the_next_minutes(nights: Nights) -> None:
    """By the generated sweeper, with the generated rights alone."""
    nights.sweep = True
    nights.apply(1, {})
    assert nights.ended(nights.begin())[0] == 0
    good = deployed(nights.cluster)
    nights.apply(2, {"env": {"APP_MODE": "unready"}})
    killed = nights.begin()
    nights.cut_short(killed, alone=True)
    until(lambda: (s := nights.story(killed)) and s.status is Status.UNDONE, 180, "the sweeper undoes it")
    assert deployed(nights.cluster) == good
    until(lambda: nights.events(killed) == ["Swept"], 10, "and says so on the Job")


def test_a_night_that_meets_another_run_waits_for_its_end(nights: Nights) -> None:
    nights.apply(1, {})
    with Session(kubeconfig=nights.cluster.kubeconfig) as session:
        at = session.locate(load(str(nights.folder / "sternway.yaml")))
        with held(at.store.lock(at.target), "somebody", session.stop):
            job = nights.begin()
            ((code, said),) = until(lambda: nights.last_words(job), 60, "its first pod ends")
            assert (code, "another run of this target is at work" in said) == (Exit.TRANSIENT, True)
    assert nights.ended(job)[0] == 0
    assert [code for code, _ in nights.last_words(job)][-1] == 0
    assert nights.events(job) == ["Succeeded", "Transient"]


def test_a_name_that_was_another_jobs_is_told_as_that(nights: Nights) -> None:
    nights.apply(1, {})
    job = nights.begin()
    assert nights.ended(job)[0] == 0
    nights.kubectl("delete", "job", job)
    nights.kubectl("create", "job", job, "--from=cronjob/web")
    assert nights.ended(job)[0] == Exit.REFUSED
    ((_, said),) = nights.last_words(job)  # such an end is not tried again
    assert said.endswith(
        f"give the Job another name: kubectl -n {nights.cluster.namespace} create job NAME --from=cronjob/web"
    )
    assert nights.events(job) == ["Refused"]


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
