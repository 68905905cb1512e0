"""Who we are: plugins that fail, credentials that are not accepted, acting as somebody else, proxies that are down."""

from __future__ import annotations

import base64
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.errors import Refused
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.transport import Transport
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail

from tests.conftest import Cluster
from tests.helpers import sternway

MAP = Ref("v1", "ConfigMap", "default", "kube-root-ca.crt")
V1 = "client.authentication.k8s.io/v1"


def kubeconfig(folder: Path, server: str, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> str:
    path = folder / "kubeconfig"
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "shop-admin",
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "anna", "user": user}],
        "contexts": [{"name": "shop-admin", "context": {"cluster": "c", "user": "anna", "namespace": "shop"}}],
    }))  # fmt: skip
    return str(path)


def program(folder: Path, text: str) -> str:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def credential(**status: Any) -> str:
    return f"echo '{json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': status})}'"


def plugin(folder: Path, text: str, **more: Any) -> dict[str, Any]:
    return {"exec": {"apiVersion": V1, "command": program(folder, text), "interactiveMode": "Never", **more}}


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, list[str]]], Callable[[int], None]]]:
    """A server that notes the headers of each request and answers with a status that the test sets."""
    seen: list[dict[str, list[str]]] = []
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({key: self.headers.get_all(key) or [] for key in self.headers})
            self.send_response(status[0])
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", seen, lambda code: status.__setitem__(0, code)
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'the SSO session has expired: run login' >&2; exit 3", "exit code 3: the SSO session has expired: run login"),
        ("echo no JSON", "did not answer with an ExecCredential"),
        ("echo '{\"apiVersion\": \"" + V1 + "\", \"status\": {}}'", "neither a token nor a certificate"),
        ("echo '{\"apiVersion\": \"v9\", \"status\": {\"token\": \"t\"}}'", "answers in v9"),
    ],
    ids=["fails", "no JSON", "nothing in it", "another version"],
)  # fmt: skip
def test_a_plugin_that_fails_ends_the_command_with_its_own_words(tmp_path: Path, server: Any, text: str, words: str) -> None:  # fmt: skip
    url, seen, _ = server
    client = Client.connect(kubeconfig(tmp_path, url, plugin(tmp_path, text)))
    with pytest.raises(Refused, match=words) as raised:
        client.raw("GET", "/version")
    assert "user anna of kubeconfig" in str(raised.value)
    assert "grant" not in str(raised.value.remedy)
    assert not seen, "nothing was asked as nobody"


def test_a_plugin_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": V1, "command": "no-such-plugin", "installHint": "get it from your administrator"}}
    with pytest.raises(Refused, match=r"no-such-plugin .*No such file") as raised:
        Client.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user)).raw("GET", "/version")
    assert raised.value.remedy == "get it from your administrator"


def test_every_command_ends_with_the_plugins_words_and_3(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", plugin(tmp_path, "echo 'login first' >&2; exit 1"))
    config = tmp_path / "sternway.yaml"
    config.write_text("name: web\nnamespace: shop\nimage: web:1\n")
    for arguments in (["run", "-c", str(config)], ["plan", "-c", str(config)], ["runs"], ["rollback", "r-1"]):
        ended = sternway(*arguments, kubeconfig=path)
        assert (ended.returncode, "login first" in ended.stderr + ended.stdout) == (3, True), ended
        assert "grant" not in ended.stderr + ended.stdout


def test_a_plugin_is_told_what_it_asks_for_and_asked_again_when_its_token_ends(tmp_path: Path, server: Any) -> None:
    url, seen, _ = server
    text = (
        f'echo "$KUBERNETES_EXEC_INFO $REGION $1" >> {tmp_path}/calls; n=$(wc -l < {tmp_path}/calls)\n'
        f'echo "{{\\"apiVersion\\": \\"{V1}\\", \\"status\\": {{\\"token\\": \\"t$n\\", \\"expirationTimestamp\\": \\"2001-01-01T00:00:00Z\\"}}}}"'
    )
    user = plugin(tmp_path, text, args=["get"], env=[{"name": "REGION", "value": "north"}], provideClusterInfo=True)
    client = Client.connect(kubeconfig(tmp_path, url, user))
    client.raw("GET", "/version")
    client.raw("GET", "/version")
    tokens = [request["Authorization"][0] for request in seen]
    assert len(set(tokens)) == 2, "an expired token is fetched anew"
    line = (tmp_path / "calls").read_text().splitlines()[0]
    info, _, rest = line.rpartition("} ")
    assert rest == "north get"
    assert json.loads(info + "}")["spec"] == {"interactive": False, "cluster": {"server": url}}
    client.close()


def test_other_users_that_the_package_reads_never_go_on_as_nobody(tmp_path: Path, server: Any) -> None:
    url, seen, _ = server
    user = plugin(tmp_path, "echo 'login first' >&2; exit 1")
    path = kubeconfig(tmp_path, url, user, {"tls-server-name": "x"})  # not plain, so the package reads it
    with pytest.raises(Refused, match="login first") as raised:
        Client.connect(path).raw("GET", "/version")
    assert "user anna" in str(raised.value)
    assert not seen


@pytest.mark.parametrize("cluster", [{}, {"tls-server-name": "x"}], ids=["plain", "by the package"])
def test_acting_as_somebody_else(tmp_path: Path, server: Any, cluster: dict[str, Any]) -> None:
    url, seen, _ = server
    user = {
        "token": "t", "as": "deployer", "as-uid": "7", "as-groups": ["ops", "on-call"],
        "as-user-extra": {"acme.example/reason": ["ticket 1"]},
    }  # fmt: skip
    client = Client.connect(kubeconfig(tmp_path, url, user, cluster))
    client.raw("GET", "/version")
    sent = {key.lower(): values for key, values in seen[0].items()}
    assert sent["impersonate-user"] == ["deployer"]
    assert sent["impersonate-uid"] == ["7"]
    assert sent["impersonate-group"] == ["ops", "on-call"]
    assert sent["impersonate-extra-acme.example%2freason"] == ["ticket 1"]
    client.close()


def test_a_401_says_whose_credentials_and_nothing_of_rights(tmp_path: Path, server: Any) -> None:
    url, seen, answer = server
    answer(401)
    path = kubeconfig(tmp_path, url, {"token": "s3cret"})
    with pytest.raises(ApiError, match=r"user anna of kubeconfig .* \(context shop-admin\)") as raised:
        Client.connect(path).raw("GET", "/version")
    assert raised.value.unauthorized
    assert not raised.value.forbidden
    assert len(seen) == 2, "the credentials are read anew, once"
    ended = sternway("runs", kubeconfig=path)
    assert ended.returncode == 3
    assert "user anna" in ended.stderr
    assert "grant" not in ended.stderr
    assert "s3cret" not in ended.stderr


def test_after_a_401_the_client_certificate_is_read_again(tmp_path: Path, server: Any) -> None:
    url, _, answer = server
    client = Client.connect(kubeconfig(tmp_path, url, {"token": "t"}))
    client.raw("GET", "/version")
    first = client.transport._pool
    answer(401)
    with pytest.raises(ApiError):
        client.raw("GET", "/version")
    assert client.transport._pool is not first, "a certificate belongs to the connections"
    client.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down_is_named(tmp_path: Path, scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{free.getsockname()[1]}"
    path = kubeconfig(tmp_path, f"{scheme}://192.0.2.1:6443", {"token": "t"}, {"proxy-url": proxy})
    client = Client(Transport(path, patience=0.2))
    with pytest.raises(ApiError, match=f"the proxy {proxy} refuses the connection"):
        client.raw("GET", "/version")
    client.close()


def test_that_the_server_is_away_is_told_at_once(sternway_sandbox: Sandbox) -> None:
    told: list[tuple[float, str]] = []
    began = time.monotonic()
    client = Client.connect(
        sternway_sandbox.kubeconfig, on_retry=lambda text: told.append((time.monotonic() - began, text))
    )
    sternway_sandbox.faults.when(lambda _: True, fail(503, "ServiceUnavailable"), times=3)
    client.get(MAP)
    assert len(told) == 1, "once, not at each try"
    assert "trying again for up to 15 s" in told[0][1]
    sternway_sandbox.faults.when(lambda _: True, fail(503, "ServiceUnavailable"), times=1)
    client.get(MAP)
    assert len(told) == 2, "the next time is told again"
    client.close()


def test_two_kubeconfigs_are_merged(tmp_path: Path, server: Any) -> None:
    url, seen, _ = server
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(yaml.safe_dump({"current-context": "x", "users": [{"name": "u", "user": {"token": "first"}}]}))
    two.write_text(yaml.safe_dump({
        "users": [{"name": "u", "user": {"token": "second"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }))  # fmt: skip
    client = Client.connect(f"{one}{os.pathsep}{two}")
    client.raw("GET", "/version")
    assert seen[0]["Authorization"] == ["Bearer first"]
    client.close()


@pytest.fixture
def admin(real: Cluster) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(Path(real.kubeconfig).read_text())
    return data


def merged(admin: dict[str, Any], folder: Path, user: dict[str, Any]) -> str:
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump({**admin, "users": [{**admin["users"][0], "user": user}]}))
    return str(path)


@pytest.mark.cluster
def test_the_real_server_takes_a_plugins_certificate_and_impersonation(
    real: Cluster, admin: dict[str, Any], tmp_path: Path
) -> None:
    own = admin["users"][0]["user"]
    pem = {name: base64.b64decode(own[f"client-{name}-data"]).decode() if f"client-{name}-data" in own else Path(own[f"client-{name}"]).read_text() for name in ("certificate", "key")}  # fmt: skip
    (tmp_path / "answer").write_text(
        json.dumps({
            "apiVersion": V1, "kind": "ExecCredential",
            "status": {"clientCertificateData": pem["certificate"], "clientKeyData": pem["key"]},
        })
    )  # fmt: skip
    user = plugin(tmp_path, f"cat {tmp_path}/answer")
    client = Client.connect(merged(admin, tmp_path, user))
    secrets = client.resource("v1", "Secret")
    assert client.can_i("list", secrets, None), "an administrator"
    client.close()
    client = Client.connect(merged(admin, tmp_path, {**user, "as": "nobody-in-particular"}))
    assert not client.can_i("list", secrets, None), "nobody's rights are asked for"
    with pytest.raises(ApiError, match='User "nobody-in-particular" cannot') as raised:
        client.list("v1", "Secret", "default")
    assert raised.value.forbidden
    client.close()


@pytest.mark.cluster
def test_the_real_server_knows_no_such_token(real: Cluster, admin: dict[str, Any], tmp_path: Path) -> None:
    path = merged(admin, tmp_path, {"token": "made-up"})
    config = tmp_path / "sternway.yaml"
    config.write_text(f"name: web\nnamespace: {real.namespace}\nimage: localhost/app:1\n")
    ended = sternway("run", "-c", str(config), kubeconfig=path)
    assert ended.returncode == 3
    assert f"the credentials of user {admin['users'][0]['name']} of kubeconfig" in ended.stderr
    assert "grant" not in ended.stderr
