"""HTTP checks: what an application answers is an answer, whatever its status."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sternway_steps.builtin.verify.http import ask, compare
from sternway_steps.config import HttpCheck
from sternway_steps.errors import Refused
from sternway_steps.kube.client import Client
from sternway_steps.registry.load import load
from sternway_steps.yamltree.errors import ConfigErrors

PAGE = "<html>" + "-" * 500 + "come back later</html>"
STATUS = json.dumps({"kind": "Status", "apiVersion": "v1", "code": 503, "message": "no endpoints available"})


@contextmanager
def answering(folder: Path, status: int, body: str, *, endless: bytes = b"") -> Iterator[tuple[Client, list[str]]]:
    """Give a client of a server that answers every request alike, and the paths that were asked for.

    `endless` is written after that until nobody reads any more, a piece each tenth of a second when it is short.
    """
    asked: list[str] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            if not endless:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())
            with suppress(OSError):
                while endless and not over.wait(0 if len(endless) > 1000 else 0.1):
                    self.wfile.write(endless)

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
            over.set()
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


def test_an_answer_that_drips_ends_by_the_deadline(tmp_path: Path) -> None:
    with answering(tmp_path, 200, "hello", endless=b".") as (client, asked):
        for timeout, left in ((0.6, math.inf), (60.0, 0.6)):
            began = time.monotonic()
            answer = ask(client, HttpCheck("web", "80", timeout=timeout), "shop", left)
            assert (answer.status, "did not end" in answer.body) == (0, True), answer
            assert time.monotonic() - began < 10
    assert len(asked) == 2


def test_of_an_answer_without_end_a_mebibyte_is_read(tmp_path: Path) -> None:
    with answering(tmp_path, 200, "hello", endless=b"x" * 50_000) as (client, _):
        answer = ask(client, HttpCheck("web", "80", timeout=60), "shop")
        assert (answer.status, len(answer.body)) == (200, 1_048_576)
        assert ask(client, HttpCheck("web", "80", timeout=60), "shop").status == 200, "the client is fit for more"


OUT = ["/../../../secrets/keys", "/a/../../x", "/..", "/.", "/%2e%2e/x", "/%2E./x", "/..%2f..%2fx", "/a%252f%252e%252e%252fx", "/..%5cx", "/\\..\\x", "/x/..?a=b", "x", "", "/a#/../b", "/a\nb", "/%00", "/a b"]  # fmt: skip
IN = {"/": "/", "/x..y/...": "/x..y/...", "/a%20b?q=../c&d=1": "/a%20b?q=../c&d=1", "/ä?ö": "/%C3%A4?%C3%B6", "/a//b/": "/a//b/", "/?x=1?y": "/?x=1?y"}  # fmt: skip


@pytest.mark.parametrize("path", OUT)
def test_no_path_leaves_the_service(tmp_path: Path, path: str) -> None:
    with answering(tmp_path, 200, PAGE) as (client, asked), pytest.raises(Refused, match="leaves the Service"):  # fmt: skip
        ask(client, HttpCheck("web", "80", path), "shop")
    assert asked == []
    file = tmp_path / "sternway.yaml"
    file.write_text(json.dumps({"name": "web", "image": "web:1", "port": 80, "verify": {"http": [{"path": path}]}}))
    with pytest.raises(ConfigErrors, match=re.escape("verify.http[0].path")):
        load(str(file))


@pytest.mark.parametrize("path", IN)
def test_all_other_paths_arrive_as_they_are(tmp_path: Path, path: str) -> None:
    with answering(tmp_path, 200, PAGE) as (client, asked):
        ask(client, HttpCheck("we/b", "8/0", path), "sh?op")
    assert asked == [f"/api/v1/namespaces/sh%3Fop/services/we%2Fb:8%2F0/proxy{IN[path]}"]
