"""Every kind of kubeconfig is read in the step image, whose Kubernetes package is trimmed to what that takes."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.image.conftest import docker

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
V1 = "client.authentication.k8s.io/v1"
ASK = """
import json, os, sys
from sternway_steps.kube.connect import load
found = {}
for name in json.loads(sys.argv[2]):
    access = load(os.path.join(sys.argv[1], name), None)
    headers = {"X-Kind": name, **dict(access.impersonation)}
    if token := access.authorization():
        headers["Authorization"] = token
    found[name] = access.pool(1).request("GET", access.host + "/api", headers=headers, retries=False).json()
print(json.dumps(found))
"""
"""Connects by each kubeconfig of a folder, and prints what the server saw."""


class Server:
    """An API server with TLS that answers with what it saw, and an identity provider (OpenID Connect) beside it."""

    def __init__(self, folder: Path) -> None:
        _certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        self.http, self.https = (ThreadingHTTPServer(("127.0.0.1", 0), self._handler()) for _ in range(2))
        self.https.socket = context.wrap_socket(self.https.socket, server_side=True)
        self.plain, self.url = f"http://127.0.0.1:{self.http.server_port}", f"https://127.0.0.1:{self.https.server_port}"  # fmt: skip

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith("/.well-known/openid-configuration"):
                    return self.answer({"token_endpoint": f"{server.url}/token"})
                certificate: Any = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
                subject = dict(pair for part in (certificate or {}).get("subject", ()) for pair in part)
                saw = {"authorization": self.headers["Authorization"], "certificate": subject.get("commonName")}
                return self.answer(
                    {**saw, "as": self.headers["Impersonate-User"], "by proxy": self.path.startswith("http:")}
                )

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer({"access_token": "a", "token_type": "bearer", "id_token": "fresh", "refresh_token": "r"})

            def answer(self, body: Mapping[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, which makes the certificates")
    folder = tmp_path_factory.mktemp("kube")
    # The container's user reads it too.
    for part in (folder, folder.parent):
        part.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    both = (server.http, server.https)
    threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in both]
    for thread in threads:
        thread.start()
    yield server
    for each, thread in zip(both, threads, strict=True):
        each.shutdown()
        thread.join()
        each.server_close()


def _certificates(folder: Path) -> None:
    """Make an authority, and with it a server's and a client's certificate."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes")
    openssl(*new, "-x509", "-days", "1", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:kube.example\n")
    for name in ("server", "anna"):
        openssl(*new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(
            "x509", "-req", "-days", "1", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "names", "-out", f"{name}.pem",
        )  # fmt: skip
        (folder / f"{name}.key").chmod(0o644)
    with (folder / "server.pem").open("a") as file:
        file.write((folder / "server.key").read_text())


def _jwt(expires: float) -> str:
    def part(data: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': int(expires), 'sub': 'anna'})}.c2ln"


def _plugin(folder: Path, name: str, status: Mapping[str, Any]) -> dict[str, Any]:
    program = folder / name
    program.write_text(
        f"#!/bin/sh\ncat <<'END'\n{json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': status})}\nEND\n"
    )
    program.chmod(0o755)
    return {"exec": {"apiVersion": V1, "command": f"./{name}", "interactiveMode": "Never"}}


def _kinds(folder: Path, server: Server) -> dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Give by the kubeconfig's name: its user, what its cluster has besides, and what the server is to see."""

    def content(name: str) -> str:
        return base64.b64encode((folder / name).read_bytes()).decode()

    def oidc(expires: float) -> dict[str, Any]:
        config = {
            "idp-issuer-url": server.url, "client-id": "sternway", "client-secret": "s", "refresh-token": "r",
            "id-token": _jwt(expires), "idp-certificate-authority-data": content("ca.pem"),
        }  # fmt: skip
        return {"auth-provider": {"name": "oidc", "config": config}}

    (folder / "token").write_text("from-file")
    valid = _jwt(time.time() + 3600)
    files = {"client-certificate": "anna.pem", "client-key": "anna.key"}
    data = {"client-certificate-data": content("anna.pem"), "client-key-data": content("anna.key")}
    given = {
        "clientCertificateData": (folder / "anna.pem").read_text(),
        "clientKeyData": (folder / "anna.key").read_text(),
    }
    basic = "Basic " + base64.b64encode(b"anna:word").decode()
    token = {"token": "t"}
    bearer = {"authorization": "Bearer t"}
    gcp = {"access-token": "google", "expiry": "2099-01-01T00:00:00Z"}
    return {
        "token": (token, {}, bearer),
        "tokenFile": ({"tokenFile": "token"}, {}, {"authorization": "Bearer from-file"}),
        "certificate": (files, {}, {"certificate": "anna"}),
        "certificate-data": (data, {}, {"certificate": "anna"}),
        "exec": (_plugin(folder, "plugin", {"token": "t"}), {}, bearer),
        "exec-certificate": (_plugin(folder, "plugin-2", given), {}, {"certificate": "anna"}),
        "exec-by-package": (_plugin(folder, "plugin-3", {"token": "t"}), {"tls-server-name": "kube.example"}, bearer),
        "oidc": (oidc(time.time() + 3600), {}, {"authorization": f"Bearer {valid}"}),
        "oidc-refreshed": (oidc(time.time() - 3600), {}, {"authorization": "Bearer fresh"}),
        "gcp": ({"auth-provider": {"name": "gcp", "config": gcp}}, {}, {"authorization": "Bearer google"}),
        "password": ({"username": "anna", "password": "word"}, {}, {"authorization": basic}),
        "unverified": (token, {"insecure-skip-tls-verify": True, "certificate-authority": None}, bearer),
        "server-name": (token, {"tls-server-name": "kube.example"}, bearer),
        "proxy": (token, {"server": "http://kube.example", "proxy-url": server.plain}, {**bearer, "by proxy": True}),
        "acting": ({**token, "as": "eva"}, {}, {**bearer, "as": "eva"}),
    }  # fmt: skip


@pytest.mark.parametrize("where", ["image", "here"])
def test_each_kind_reaches_the_server_with_its_credentials(where: str, folder: Path, server: Server, request: pytest.FixtureRequest) -> None:  # fmt: skip
    kinds = _kinds(folder, server)
    for name, (user, cluster, _) in kinds.items():
        entry = {"server": server.url, "certificate-authority": "ca.pem", **cluster}
        (folder / f"{name}.kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "c", "cluster": {key: value for key, value in entry.items() if value is not None}}],
            "users": [{"name": "anna", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "anna"}}],
        }))  # fmt: skip
    names = json.dumps([f"{name}.kubeconfig" for name in kinds])
    if where == "image":
        images = request.getfixturevalue("images")
        mount = ("--rm", "--network", "host", "-v", f"{folder}:/kube:ro", "--read-only", "--tmpfs", "/tmp:mode=1777")
        python = ("--entrypoint", "/opt/sternway/bin/python", images["deploy"])
        done = docker("run", *mount, *python, "-c", ASK, "/kube", names, check=False)
    else:
        done = subprocess.run(
            [sys.executable, "-c", ASK, str(folder), names], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    saw = {name.removesuffix(".kubeconfig"): value for name, value in json.loads(done.stdout).items()}
    nothing = {"authorization": None, "certificate": None, "as": None, "by proxy": False}
    wanted = {name: {**nothing, **seen} for name, (_, _, seen) in kinds.items()}
    assert saw == wanted
