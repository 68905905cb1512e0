"""Which Argo is there, and what will not work on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sternway_steps.argo.version import Version, find_version, known_faults, of_image, of_schema, too_old
from sternway_steps.errors import Refused
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")

from tests.component.submit.playing import API, definition, submitted, written


def controller_of(image: str, namespace: str = "argo") -> dict[str, Any]:
    labels = {"app": "c"}
    one = {"name": "c", "image": image, "command": ["workflow-controller"]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [one]}}},
    }  # fmt: skip


@pytest.mark.parametrize("everywhere", [True, False])
def test_an_old_argo_is_named_and_one_that_is_too_old_refused(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, everywhere: bool
) -> None:
    argo.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo"}}, manager="test")
    argo.create(controller_of("quay.io/argoproj/workflow-controller:v3.5.4"), manager="test")
    if not everywhere:
        _deny_everywhere(sternway_sandbox, "deployments")
    path = written(tmp_path)
    code, output = submitted(sternway_sandbox.kubeconfig, path, wait=False)
    assert code == 0
    assert [note.partition(": Argo Workflows 3.5.4 is old: ")[0] for note in output.notes] == ["warning"] * 3
    assert any("two runs" in note for note in output.notes)
    assert not any("schedule" in note for note in output.notes), "this pipeline has none"
    argo.patch(
        Ref("apps/v1", "Deployment", "argo", "c"),
        {
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": "c", "image": "workflow-controller:v3.3.1", "command": ["x"]}]}
                }
            }
        },
        manager="test",
    )
    with pytest.raises(Refused, match=r"3\.3\.1 can't run this pipeline"):
        submitted(sternway_sandbox.kubeconfig, path, wait=False)
    assert len(argo.list(API, "Workflow", "shop").items) == 1


def _deny_everywhere(sandbox: Sandbox, plural: str) -> None:
    """Take the right away to list something in all namespaces, and leave that for one of them."""
    check = sandbox.access.check

    def checked(verb: str, kind: Any, subresource: str, namespace: str, *who: Any) -> None:
        if kind.plural == plural and verb == "list" and not namespace:
            from sternway_steps.sandbox.status import StatusError

            raise StatusError(403, "Forbidden", "no")
        check(verb, kind, subresource, namespace, *who)

    sandbox.access.check = checked  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("quay.io/argoproj/workflow-controller:v4.1.2", Version(4, 1, 2)),
        ("localhost:5000/argo/workflow-controller:3.6.0-rc1", Version(3, 6, 0)),
        ("workflow-controller:v3.5.11@sha256:" + "a" * 64, Version(3, 5, 11)),
        ("quay.io/argoproj/workflow-controller:latest", None),
        ("localhost:5000/workflow-controller", None),
        ("workflow-controller@sha256:" + "a" * 64, None),
    ],
)  # fmt: skip
def test_a_version_is_read_from_a_tag(image: str, version: Version | None) -> None:
    assert of_image(image) == version


LOCKS = {
    ("mutexes", "semaphores"): ((4, 0), ("pendingTimeout",)),
    ("mutex", "mutexes", "semaphore"): ((3, 6), ("pendingTimeout",)),
    ("mutex", "semaphore"): ((3, 5), ("pendingTimeout", "mutexes", "schedules")),
}


@pytest.mark.parametrize("locks", LOCKS)
def test_a_definition_tells_the_line(sternway_sandbox: Sandbox, locks: tuple[str, ...]) -> None:
    spec = {
        "type": "object",
        "properties": {"synchronization": {"type": "object", "properties": {k: {} for k in locks}}},
    }
    crd = definition("WorkflowTemplate", "workflowtemplates", {"type": "object", "properties": {"spec": spec}})
    client = Client.connect(sternway_sandbox.kubeconfig)
    assert find_version(client, "shop") is None
    client.create(crd, manager="test")
    sternway_sandbox.access.deny("list", "deployments", "apps")
    found = find_version(client, "shop")
    line, words = LOCKS[locks]
    assert found is not None
    assert (found.major, found.minor) == line
    assert too_old(found) is None
    faults = known_faults(found)
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))
    sternway_sandbox.access.deny("get", "customresourcedefinitions", "apiextensions.k8s.io")
    assert find_version(client, "shop") is None
    client.close()


def test_a_definition_without_a_schema_tells_nothing() -> None:
    assert of_schema(definition("WorkflowTemplate", "workflowtemplates")) is None


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (Version(4, 1, 2), []), (Version(4, 0, 0), ["pendingTimeout"]), (Version(3, 6, 0), ["pendingTimeout"]),
        (Version(3, 5, 11), ["pendingTimeout", "mutexes", "schedules"]),
        (Version(3, 5, 10), ["pendingTimeout", "mutexes", "schedules", "deadline"]),
        (Version(3, 4, 17), ["pendingTimeout", "mutexes", "schedules", "deadline"]),
    ],
)  # fmt: skip
def test_known_faults(version: Version, words: list[str]) -> None:
    faults = known_faults(version)
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))
    assert [f for f in faults if "schedules" not in f] == list(known_faults(version, scheduled=False))
    assert too_old(version) is None


@pytest.mark.parametrize(("version", "word"), [(Version(3, 3, 9), "WorkflowTaskResults"), (Version(3, 1, 0), "retryStrategy")])  # fmt: skip
def test_a_version_can_be_too_old(version: Version, word: str) -> None:
    assert word in str(too_old(version))
