"""A container of a shared pod that the kernel kills for its memory, on the way forward and on the way back."""

from __future__ import annotations

import subprocess

import pytest
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo
from tests.argo.test_pods import HANGING, back_pods, left, rolls_back
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
FULL = "f = open('/dev/shm/full', 'wb', 0); [f.write(bytes(1 << 20)) for _ in range(60)]"
"""A file in memory counts as the container's own; what is killed for it is its largest process, which is the step's."""


@pytest.fixture
def narrow(runner: OnArgo) -> OnArgo:
    runner.argo = {**runner.argo, "resources": {"requests": {"memory": "32Mi"}, "limits": {"memory": "96Mi"}}}
    return runner


def fill(runner: OnArgo, pod: str, step: str) -> None:
    """Fill the memory of a step's container, and wait until that ended it; what fills it is killed with the rest."""
    words = ["-n", runner.namespace, "exec", pod, "-c", step, "--", "python3", "-c", FULL]
    subprocess.run(["kubectl", "--kubeconfig", runner.kubeconfig, *words], check=False, capture_output=True, timeout=60)

    def killed() -> bool:
        found = runner.client.get(Ref("v1", "Pod", runner.namespace, pod))
        of = (found or {}).get("status", {}).get("containerStatuses", ())
        return any(c["name"] == step and c["state"].get("terminated", {}).get("exitCode") == 137 for c in of)

    until(killed, 30, f"{step} is killed for its memory")


def forward_pod(runner: OnArgo) -> str:
    mine = f"workflows.argoproj.io/workflow={runner.name},!workflows.argoproj.io/on-exit"
    (pod,) = runner.client.list("v1", "Pod", runner.namespace, labels=mine).items
    return str(pod["metadata"]["name"])


def test_forward_it_is_named_with_the_limit_to_raise_and_all_is_undone(narrow: OnArgo) -> None:
    narrow.good(files(narrow.namespace, 1, {}))
    before = left(narrow)
    narrow.start(files(narrow.namespace, 2, {**HANGING, "verify": {"deadline": "5m"}}))
    narrow.works("verify")
    fill(narrow, forward_pod(narrow), "verify")
    assert narrow.ended() == 4
    story = narrow.story()
    assert story is not None
    assert (story.status, left(narrow)) == (Status.UNDONE, before)
    assert "verify was killed (exit code 137)" in story.error
    assert [pod.partition(" ")[0] for pod in narrow.pods()] == ["forward", "back"]


def test_back_it_is_made_once_more(narrow: OnArgo) -> None:
    narrow.good(files(narrow.namespace, 1, {}))
    before = left(narrow)
    migrate = {"name": "migrate", "image": "localhost/busybox:1", "runner": "kubernetes",
               "execute": ["sh", "-c", "echo up"], "rollback": ["sh", "-c", "sleep 20; echo down"]}  # fmt: skip
    change = {**HANGING, "verify": {"deadline": "5s"}, "steps": ["validate", "deploy", migrate, "verify"]}
    narrow.start(files(narrow.namespace, 2, change))
    until(lambda: rolls_back(narrow, "migrate"), 180, "its rollback works")
    fill(narrow, back_pods(narrow)[0]["metadata"]["name"], "rollback-migrate")
    assert narrow.ended() == 4
    story = narrow.story()
    assert story is not None
    assert (story.status, left(narrow)) == (Status.UNDONE, before)
    again = ["rollback-migrate", "rollback-deploy", "report"]
    assert [pod.partition(" ")[0] for pod in narrow.pods()] == ["forward", "back", *again], "one round more, pod by pod"
