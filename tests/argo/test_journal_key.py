"""A journal with a key on Argo: every pod that reads it mounts it, with the generated rights alone."""

from __future__ import annotations

import base64

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.key_source import keys_in
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.argo.conftest import API, IMAGE, OnArgo, left
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
KEY = base64.b64encode(bytes(range(32))).decode()
NAMED = {"journal": {"key": {"secret": "sternway-journal", "key": "keys"}}}
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}


@pytest.fixture
def encrypted(runner: OnArgo) -> OnArgo:
    meta = {"name": "sternway-journal", "namespace": runner.namespace}
    data = {"keys": base64.b64encode(f"{KEY}\n".encode()).decode()}
    runner.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}, manager="test")
    return runner


def session_of(runner: OnArgo, *, key: bool = True) -> Session:
    keys = keys_in(KEY, "a test") if key else None
    return Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace, journal_keys=keys)


@pytest.mark.parametrize("pods", ["one", "each"])
def test_a_bad_version_is_undone_and_a_lost_key_is_told_before_anything_is_touched(
    encrypted: OnArgo, pods: str
) -> None:
    runner = encrypted
    runner.argo = {"image": IMAGE, "pods": pods}
    runner.good(files(runner.namespace, 1, NAMED))
    before = left(runner)
    runner.start(files(runner.namespace, 2, {**NAMED, "image": "localhost:5000/nope:9"}))
    assert runner.ended() == Exit.FAILED
    assert left(runner) == before
    run = runner.workflow()["metadata"]["uid"]
    with session_of(runner) as session, session_of(runner, key=False) as keyless:
        story = session.story(run)
        assert (story.status, story.clear, story.chained) == (Status.UNDONE, False, True)
        assert {one.status for one in keyless.runs()} == {Status.LOCKED}
    secret = Ref("v1", "Secret", runner.namespace, "sternway-journal")
    runner.client.delete(secret, uid=None, propagation="Background")
    runner.submit()
    until(lambda: runner.workflow().get("status", {}).get("phase") in ("Failed", "Error"), 300, "it ends")
    told = " ".join(str(node.get("message")) for node in runner.nodes("Pod"))
    assert "/journal-key/keys can't be read" in told
    assert left(runner) == before


def test_a_run_that_was_terminated_is_undone_by_the_sweeper(encrypted: OnArgo) -> None:
    runner = encrypted
    runner.good(files(runner.namespace, 1, NAMED))
    before = left(runner)
    runner.start(files(runner.namespace, 2, {**HANGING, **NAMED}))
    run = runner.workflow()["metadata"]["uid"]
    with session_of(runner) as session:

        def verifies() -> bool:
            known = {one.run for one in session.runs()}
            return run in known and any(a.step == "verify" and not a.ended for a in session.story(run).attempts)

        until(verifies, 180, "verify works")
        workflow = Ref(API, "Workflow", runner.namespace, runner.name)
        runner.client.patch(workflow, {"spec": {"shutdown": "Terminate"}}, manager="test")
        until(lambda: session.story(run).status is Status.UNDONE, 180, "it is undone")
    assert left(runner) == before
