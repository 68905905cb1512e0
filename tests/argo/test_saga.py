"""What users meet on Argo: each ends as it ends in one process."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.cluster.ref import Ref
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status, Story
from sternway_steps.session import Session

from tests.argo.conftest import Argo
from tests.helpers import state_of, until

pytestmark = [pytest.mark.argo, pytest.mark.timeout(600)]
HANGING = {"APP_MODE": "unready"}


def deployed(argo: Argo) -> Any:
    return state_of(argo.client.get(Ref("apps/v1", "Deployment", argo.namespace, "web")))


def story(argo: Argo, workflow: dict[str, Any]) -> Story:
    with Session(kubeconfig=argo.kubeconfig, namespace=argo.namespace) as session:
        return session.story(workflow["metadata"]["uid"])


def good(argo: Argo, **keys: Any) -> Any:
    """Run the good version, and give what is deployed then."""
    argo.apply(**keys)
    done = argo.ended(argo.submit())
    assert done["status"]["phase"] == "Succeeded", done["status"]
    assert story(argo, done).status is Status.SUCCEEDED
    assert len(argo.pods(done)) == len(keys.get("steps", "vdv")), "a success starts no pod for its handler"
    return deployed(argo)


def undone(argo: Argo, name: str, before: Any, status: Status = Status.UNDONE) -> dict[str, Any]:
    done = argo.ended(name)
    assert done["status"]["phase"] in ("Failed", "Error"), done["status"]["phase"]
    told = story(argo, done)
    assert told.status is status, told
    assert deployed(argo) == before
    assert any(pod.startswith("report") for pod in argo.pods(done))
    return done


def test_a_bad_image_is_undone_and_told(argo: Argo) -> None:
    before = good(argo)
    done = undone(argo, argo.submit(image="localhost:5000/nope:9"), before)
    pods = argo.pods(done)
    assert sorted(pod.split()[0] for pod in pods) == ["execute-deploy", "execute-validate", "execute-verify", "report", "rollback-deploy"]  # fmt: skip
    messages = [node.get("message", "") for node in done["status"]["nodes"].values()]
    assert any(f"exit code {int(Exit.FAILED)}" in text and "localhost:5000/nope:9" in text for text in messages)
    events = argo.client.list("v1", "Event", argo.namespace).items
    assert any(e["reason"] == "Undone" and e["involvedObject"]["kind"] == "Workflow" for e in events)


def test_what_validate_refuses_touches_nothing(argo: Argo) -> None:
    before = good(argo)
    argo.apply(labels={"a": "not a valid value!"})
    done = undone(argo, argo.submit(), before, Status.REFUSED)
    assert "execute-deploy" not in " ".join(argo.pods(done))


@pytest.mark.parametrize("how", ["stopped", "deleted"])
def test_verify_is_cut_off(argo: Argo, how: str) -> None:
    before = good(argo)
    argo.apply(env=HANGING)
    name = argo.submit()
    pod = argo.running(name, "execute-verify")
    until(lambda: deployed(argo) != before, what="the change arrives")
    if how == "stopped":
        argo.stop(name)
    else:
        argo.client.delete(Ref("v1", "Pod", argo.namespace, pod), uid=None, propagation="Background")
    done = undone(argo, name, before)
    tried = [a for a in story(argo, done).attempts if a.step == "verify"]
    assert [a.result for a in tried] == ["stopped"], "the attempt is sealed before the process ends"


def test_the_deadline_passes(argo: Argo) -> None:
    before = good(argo)
    argo.apply(env=HANGING, deadline="25s")
    undone(argo, argo.submit(), before)
