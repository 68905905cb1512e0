"""What a step that shares its pod does before it changes anything: it waits until all of the pod have started."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sternway_steps.cli.pod_start import POD, require_all_started
from sternway_steps.errors import Refused, Stopped
from sternway_steps.kube.client import Client
from sternway_steps.sandbox import Sandbox

from tests.helpers import until

Made = Callable[..., None]


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield client
    client.close()


@pytest.fixture
def made(client: Client) -> Made:
    """Give what makes the pod and waits until its first container runs, and the second has its state."""

    def make(image: str, reason: str, **of_second: Any) -> None:
        containers = [{"name": "deploy", "image": "web:1"}, {"name": "verify", "image": image, **of_second}]
        metadata = {"name": "w", "namespace": "default"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}
        client.create(pod, manager="test")

        def seen() -> bool:
            (found,) = client.list("v1", "Pod", "default").items
            states = [each["state"] for each in (found.get("status") or {}).get("containerStatuses") or ()]
            return len(states) == 2 and "running" in states[0] and reason in str(states[1])

        until(seen, 20, f"the second container: {reason}")

    return make


def call(client: Client, stop: threading.Event | None = None, within: float = 30.0) -> None:
    require_all_started(client, {POD: "w"}, within, stop or threading.Event())


def test_what_runs_is_not_waited_for(client: Client, made: Made) -> None:
    made("web:1", "running")
    call(client)
    require_all_started(client, {}, 30.0, threading.Event())  # in no pod of a set
    require_all_started(client, {POD: "gone"}, 30.0, threading.Event())


def test_an_image_that_does_not_exist_refuses_at_once_in_its_own_words(client: Client, made: Made) -> None:
    made("registry.example/nope:9", "waiting")
    with pytest.raises(Refused, match=r"container verify of this pod can't start.*nope:9.*not found") as refused:
        call(client)
    assert "imagePullSecrets" in (refused.value.remedy or "")


def test_a_pull_that_may_pass_is_waited_for_and_then_refuses(client: Client, made: Made) -> None:
    made("registry.example/refused:9", "waiting")
    with pytest.raises(Refused, match=r"can't start.*refused"):
        call(client, within=0.5)


WANTS = {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "late", "key": "a"}}}]}


def test_what_starts_late_is_waited_for(client: Client, made: Made) -> None:
    made("web:1", "waiting", **WANTS)
    done = threading.Event()

    def wait() -> None:
        call(client, within=60.0)
        done.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not done.wait(1.5)
    metadata = {"name": "late", "namespace": "default"}
    client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "YQ=="}}, manager="test")
    assert done.wait(20)
    thread.join()


def test_a_stop_ends_the_wait(client: Client, made: Made) -> None:
    made("web:1", "waiting", **WANTS)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        call(client, stop, within=60.0)


def test_who_may_not_look_does_not_wait(client: Client, made: Made, sternway_sandbox: Sandbox) -> None:
    made("web:1", "waiting", **WANTS)
    sternway_sandbox.access.deny("list", "pods")
    call(client)
