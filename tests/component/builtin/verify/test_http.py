"""HTTP checks: what an application answers is an answer, whatever its status."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sternway_steps.builtin.verify.http import ask, compare
from sternway_steps.config import HttpCheck
from sternway_steps.kube.client import Client

PAGE = "<html>" + "-" * 500 + "come back later</html>"
STATUS = json.dumps({"kind": "Status", "apiVersion": "v1", "code": 503, "message": "no endpoints available"})


@contextmanager
def answering(folder: Path, status: int, body: str) -> Iterator[tuple[Client, list[str]]]:
    """Give a client of a server that answers every request alike, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        path = folder / "kubeconfig"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": [cluster], "contexts": [context],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }))  # fmt: skip
        client = Client.connect(str(path))
        try:
            yield client, asked
        finally:
            client.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_an_error_of_the_application_is_asked_for_once_and_read_whole(tmp_path: Path, status: int) -> None:
    wanted = HttpCheck("web", "80", "/x", status=status, contains="come back later")
    with answering(tmp_path, status, PAGE) as (client, asked):
        answer = ask(client, wanted, "shop")
    assert asked == ["/api/v1/namespaces/shop/services/web:80/proxy/x"]
    assert (answer.status, compare(wanted, answer)) == (status, "")


def test_what_the_server_itself_says_is_told(tmp_path: Path) -> None:
    with answering(tmp_path, 503, STATUS) as (client, asked):
        answer = ask(client, HttpCheck("web", "80"), "shop")
    assert (len(asked), answer.status, answer.body) == (1, 503, "no endpoints available")
