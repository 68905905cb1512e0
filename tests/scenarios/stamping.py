"""Admission that changes each write of an object: a webhook of a real server, which this process answers."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

ADMISSION = "admissionregistration.k8s.io/v1"


@contextmanager
def stamping(
    client: Client, namespace: str, patch: dict[str, Any], folder: Path, on: str = "configmaps", label: str = ""
) -> Iterator[None]:
    """Put a patch (RFC 6902) on each write of the namespace's objects of a kind, or on those that have a label.

    A value "COUNT" is another each time.
    """
    address = _seen_by(client.server)
    certificate, key = _certificate(address, folder)
    server = ThreadingHTTPServer(("0.0.0.0", 0), _answering(patch))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"https://{address}:{server.server_port}/"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": [on], "operations": ["CREATE", "UPDATE"]}
    labelled = {"matchExpressions": [{"key": label, "operator": "Exists"}]} if label else {}
    hook = {
        "name": "stamp.sternway.dev", "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": url, "caBundle": base64.b64encode(certificate.read_bytes()).decode()},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}, "timeoutSeconds": 5,
        "objectSelector": labelled,
    }  # fmt: skip
    kind, metadata = "MutatingWebhookConfiguration", {"name": namespace}
    try:
        client.create({"apiVersion": ADMISSION, "kind": kind, "metadata": metadata, "webhooks": [hook]}, manager="test")
        yield
    finally:
        client.delete(Ref(ADMISSION, kind, None, namespace), uid=None, propagation="Background")
        server.shutdown()
        thread.join()
        server.server_close()


def _seen_by(server: str) -> str:
    """Give the address under which the API server reaches this process."""
    place = urlsplit(server)
    with socket.create_connection((place.hostname, place.port or 443), 5) as connection:
        return str(connection.getsockname()[0])


def _certificate(address: str, folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=stamp",
         "-addext", f"subjectAltName=IP:{address}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return certificate, key


def _answering(patch: dict[str, Any]) -> type[BaseHTTPRequestHandler]:
    numbers = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            change = {**patch, "value": str(next(numbers)) if patch["value"] == "COUNT" else patch["value"]}
            parent = patch["path"].split("/")[1:-1]
            there: Any = request["object"]
            for part in parent:
                there = (there or {}).get(part)
            first = [] if there is not None else [{"op": "add", "path": "/" + "/".join(parent), "value": {}}]
            response = {
                "uid": request["uid"], "allowed": True, "patchType": "JSONPatch",
                "patch": base64.b64encode(json.dumps([*first, change]).encode()).decode(),
            }  # fmt: skip
            body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
