"""The client against servers that fail."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from sternway_steps.errors import Refused
from sternway_steps.kube import credentials as plain
from sternway_steps.kube import transport
from sternway_steps.kube.answer import from_answer
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.kube.watch import Watches
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import cut, delay, fail

MAP = Ref("v1", "ConfigMap", "default", "kube-root-ca.crt")


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    assert client.get(MAP)
    sternway_sandbox.faults.reset()
    yield client
    client.close()


def kubeconfig(folder: Path, server: str, **user: Any) -> str:
    path = folder / "kubeconfig"
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "c", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c", "namespace": "shop"}}],
    }))  # fmt: skip
    return str(path)


@pytest.mark.parametrize(
    "fault",
    [fail(503), fail(429, Retry_After="0"), fail(500), cut(), cut(before=False)],
    ids=["503", "429", "500", "cut before", "cut after"],
)
def test_a_read_is_tried_again(sternway_sandbox: Sandbox, client: Client, fault: Any) -> None:
    sternway_sandbox.faults.at(1, fault)
    assert client.get(MAP)
    assert len(sternway_sandbox.requests) == 2


def test_a_create_is_never_sent_twice_unless_it_was_not_taken(sternway_sandbox: Sandbox, client: Client) -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"}}
    sternway_sandbox.faults.at(1, cut(before=False))
    with pytest.raises(ApiError) as lost:
        client.create(obj, manager="t")
    assert lost.value.unreachable
    assert len(sternway_sandbox.requests) == 1
    sternway_sandbox.faults.reset()
    obj["metadata"] = {"name": "n", "namespace": "default"}
    sternway_sandbox.faults.at(1, fail(429, Retry_After="0"))
    client.create(obj, manager="t")
    assert len(sternway_sandbox.requests) == 2


def test_retry_after_is_kept(sternway_sandbox: Sandbox, client: Client) -> None:
    sternway_sandbox.faults.at(1, fail(429, Retry_After="1"))
    began = time.monotonic()
    client.get(MAP)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(
    "message",
    [
        "etcdserver: request is too large",
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max (3000312 vs. 2097152)",
        'admission webhook "w.example" denied the request: no',
        "failed to create typed live object: .spec: duplicate entries for key",
    ],
)
def test_an_answer_that_can_not_change_is_not_asked_for_again(message: str) -> None:
    body = json.dumps({"kind": "Status", "message": message}).encode()
    error = from_answer("PATCH", "/x", 500, {}, body)
    assert (error.retryable, error.lasting) == (False, True)
    assert from_answer("PATCH", "/x", 500, {}, b"").retryable


def test_patience_ends(sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PATIENCE", 0.5)
    short = Client(transport.Transport(sternway_sandbox.kubeconfig, patience=0.5))
    sternway_sandbox.faults.when(lambda request: True, fail(503, "ServiceUnavailable"), times=99)
    with pytest.raises(ApiError) as raised:
        short.get(MAP)
    assert raised.value.retryable
    assert "503 ServiceUnavailable" in str(raised.value)
    short.close()


def test_an_abort_ends_the_waits(sternway_sandbox: Sandbox, client: Client) -> None:
    sternway_sandbox.faults.when(lambda request: True, fail(503, Retry_After="10"), times=99)
    threading.Timer(0.2, client.abort).start()
    began = time.monotonic()
    with pytest.raises(ApiError):
        client.get(MAP)
    assert time.monotonic() - began < 5


def test_a_slow_answer_is_waited_for(sternway_sandbox: Sandbox, client: Client) -> None:
    sternway_sandbox.faults.at(1, delay(0.3))
    assert client.get(MAP)


def test_refused_is_said_in_words(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Client(transport.Transport(kubeconfig(tmp_path, f"http://127.0.0.1:{port}"), patience=0.3))
    with pytest.raises(ApiError, match="refuses the connection") as raised:
        client.get(MAP)
    assert raised.value.unreachable
    client.close()


def test_a_half_open_connection_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = Client(transport.Transport(kubeconfig(tmp_path, url), patience=0.1))
        with pytest.raises(ApiError, match="did not answer in time"):
            client.get(MAP)
        client.close()


def test_garbage_is_no_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>")

        thread = threading.Thread(target=answer)
        thread.start()
        client = Client(
            transport.Transport(kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}"), patience=0.1)
        )
        with pytest.raises(ApiError, match="not JSON"):
            client.get(MAP)
        thread.join()
        client.close()


def test_a_token_is_sent(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for status in ("401 Unauthorized", "403 Forbidden"):
                connection, _ = server.accept()
                with connection:
                    seen.append(connection.recv(4096).decode())
                    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        thread = threading.Thread(target=answer)
        thread.start()
        client = Client.connect(kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}", token="t0ken"))
        with pytest.raises(ApiError) as raised:
            client.get(MAP)
        thread.join()
        client.close()
    assert raised.value.forbidden
    assert all("Bearer t0ken" in request for request in seen)
    assert len(seen) == 2  # a 401 reads the credentials anew, once
    assert "t0ken" not in str(raised.value)


def test_the_pods_account_is_used_and_its_token_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.config import incluster_config

    (tmp_path / "token").write_text("pod-token")
    (tmp_path / "namespace").write_text("shop")
    (tmp_path / "ca.crt").write_text("a certificate")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr("sternway_steps.kube.credentials.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    client = Client.connect()
    token = client.transport.access.authorization()
    assert (client.namespace, client.server, str(token).lower()) == ("shop", "https://10.0.0.1:443", "bearer pod-token")


def test_a_pods_account_needs_no_package_and_its_token_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "namespace").write_text("shop")
    (tmp_path / "ca.crt").write_text(Path(certifi.where()).read_text())
    monkeypatch.setattr("sternway_steps.kube.credentials.SERVICE_ACCOUNT", tmp_path)
    for name, value in {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": str(tmp_path)}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    access = plain.in_cluster()
    assert access is not None
    assert (access.host, access.namespace, access.authorization()) == ("https://[fd00::1]:443", "shop", "Bearer first")
    (tmp_path / "token").write_text("second")
    assert access.authorization() == "Bearer second"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert plain.in_cluster() is None, "proxies are the package's business"


@pytest.mark.parametrize(
    ("text", "context", "words"),
    [
        (None, None, "does not exist"),
        ("{", None, "is no YAML"),
        (
            "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: 'http://localhost'}}]\nusers: [{name: a, user: {}}]\n",
            "b",
            "has no context 'b'",
        ),
    ],
    ids=["missing", "broken", "no such context"],
)
def test_a_bad_kubeconfig_names_its_file(tmp_path: Path, text: str | None, context: str | None, words: str) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    client = Client.connect(str(path), context)
    with pytest.raises(Refused, match=words) as raised:
        client.get(MAP)
    assert "kubeconfig" in str(raised.value)


@pytest.mark.parametrize(
    "server",
    ["http://me:hunter2@127.0.0.1:1", "http://me:a/hunter2@127.0.0.1:1", "http://127.0.0.1:hunter2", "http://127.0.0.1:1?a=hunter2"],
)  # fmt: skip
def test_no_secret_in_a_servers_url_is_told(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PATIENCE", 0.0)
    client = Client.connect(kubeconfig(tmp_path, server))
    with pytest.raises((ApiError, Refused)) as raised:
        client.get(MAP, timeout=1)
    assert "hunter2" not in str(raised.value)


def test_no_cluster_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refused, match="no cluster is configured") as raised:
        Client.connect().get(MAP)
    assert "--sandbox" in str(raised.value.remedy)


@pytest.mark.parametrize(("namespace", "name"), [("default", ".."), ("..", "x"), ("default/secrets", "x"), ("default", "a/b")])  # fmt: skip
def test_no_name_is_the_path_of_something_else(
    sternway_sandbox: Sandbox, client: Client, namespace: str, name: str
) -> None:
    before = len(sternway_sandbox.requests)
    for ask in (client.get, lambda ref: client.delete(ref, uid=None)):
        with pytest.raises(ApiError, match="is no name of a ConfigMap"):
            ask(Ref("v1", "ConfigMap", namespace, name))
    with pytest.raises(UnknownKind):
        client.resource("v1/../../api/v1", "ConfigMap")
    assert not [r for r in sternway_sandbox.requests[before:] if ".." in r.path or "default" in r.path]
    assert client.get(Ref("v1", "Namespace", None, "default"))


def test_an_unknown_kind_names_the_nearest(client: Client) -> None:
    with pytest.raises(UnknownKind, match="did you mean Deployment"):
        client.get(Ref("apps/v1", "Deploymnet", "default", "x"))


def test_a_watch_survives_cuts_and_expiry(sternway_sandbox: Sandbox, client: Client) -> None:
    seen: list[str] = []
    is_watch = lambda request: "watch=1" in request.query  # noqa: E731
    sternway_sandbox.faults.when(is_watch, cut(), times=1)
    sternway_sandbox.faults.when(is_watch, fail(410, "Expired"), times=1)
    with Watches(client) as watches:

        def follow() -> None:
            for change, obj in watches.follow("v1", "ConfigMap", "default", fields="metadata.name=late"):
                seen.append(f"{change} {obj.get('metadata', {}).get('name', '')}".strip())

        thread = threading.Thread(target=follow)
        thread.start()
        end = time.monotonic() + 10
        while seen.count("SYNC") < 2 and time.monotonic() < end:
            time.sleep(0.02)
        client.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late", "namespace": "default"}}, manager="t"
        )
        while "ADDED late" not in seen and time.monotonic() < end:
            time.sleep(0.02)
        watches.close()
        thread.join(5)
    assert seen == ["SYNC", "SYNC", "ADDED late"]


@pytest.mark.parametrize("cluster", [{}, {"tls-server-name": "x"}], ids=["plain", "by the package"])
def test_plain_kubeconfigs_need_no_package_and_others_are_read_alike(tmp_path: Path, cluster: dict[str, str]) -> None:
    from sternway_steps.kube import connect
    from sternway_steps.kube import credentials as plain
    from sternway_steps.kube import kubeconfig as files

    path = Path(kubeconfig(tmp_path, "http://127.0.0.1:1/", token="t"))
    data = json.loads(path.read_text())
    data["clusters"][0]["cluster"] |= cluster
    path.write_text(json.dumps(data))
    chosen = files.read(str(path), None)
    assert chosen is not None
    assert (plain.read(chosen) is None) is bool(cluster)
    access = connect.load(str(path), None)
    assert (access.host, access.namespace, access.authorization()) == ("http://127.0.0.1:1", "shop", "Bearer t")


@pytest.mark.parametrize(
    ("method", "told"), [("POST", ['extensions/v1beta1 is "old"', "and gone in 1.40"]), ("GET", [])]
)
def test_what_the_server_warns_of_is_told_of_what_is_sent_to_it(method: str, told: list[str], tmp_path: Path) -> None:
    """Not of lists of all that there is, such as Endpoints: whoever runs this has no part in those."""
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                warning = b'Warning: 299 - "extensions/v1beta1 is \\"old\\"", 299 - "and gone in 1.40"\r\n'
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\n" + warning + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
                )

        thread = threading.Thread(target=answer)
        thread.start()
        client = Client.connect(
            kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}"), on_warning=seen.append
        )
        client.raw(method, "/version")
        thread.join()
        client.close()
    assert seen == told
