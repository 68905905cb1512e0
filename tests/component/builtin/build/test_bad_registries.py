"""Registries that send one elsewhere, answer rubbish, or never end: nobody else is shown credentials, nothing breaks."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sternway_steps.builtin.build.connection import MOST, Connection, HttpAnswer
from sternway_steps.builtin.build.credentials import Login
from sternway_steps.builtin.build.reference import Reference
from sternway_steps.builtin.build.registry import Manifest, Registry
from sternway_steps.errors import Failed, Transient

from tests.component.builtin.build.conftest import login
from tests.component.builtin.build.rude import Rude, said

OUR = "Basic dXNlcjpyaWdodA=="
"""user:right"""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def logged_in(monkeypatch: pytest.MonkeyPatch, folder: Path, host: str, **more: str) -> None:
    login(monkeypatch, folder, json.dumps({"auths": {host: {"auth": "dXNlcjpyaWdodA==", **more}}}))


def at(host: str) -> Registry:
    return Registry(Reference.parse(f"{host}/shop:1"))


@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Bearer realm="http://{}/token"'], ids=["basic", "bearer"])
def test_who_is_redirected_elsewhere_shows_no_credentials_there(
    challenge: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Rude(lambda _: iter([said(401, WWW_Authenticate=challenge.format(other.host))])) as other:

        def reply(asked: str) -> Iterator[bytes]:
            if OUR not in asked:
                yield said(401, WWW_Authenticate='Basic realm="here"')
            elif asked.startswith("POST"):
                yield said(202, Location=f"http://{other.host}/upload?state=1")
            else:
                yield said(307, Location=f"http://{other.host}/there")

        with Rude(reply) as ours:
            logged_in(monkeypatch, tmp_path, ours.host)
            at(ours.host).may_push()
            for ask in (Registry.manifest, lambda registry: registry.upload(b"x")):
                with pytest.raises(Failed, match="does not allow it: status 401"):
                    ask(at(ours.host))
        assert {line.split(" ")[0] for line in other.seen} == {"GET", "HEAD", "PUT", "DELETE"}
        assert not [line for line in other.seen if "authorization" in line.lower() or "/token" in line]


def test_what_is_sent_to_a_token_server_is_not_sent_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Rude(lambda _: iter([said(200, b'{"token": "x"}')])) as other:

        def reply(asked: str) -> Iterator[bytes]:
            if "/token" in asked:
                yield said(307, Location=f"http://{other.host}/token")
            else:
                yield said(401, WWW_Authenticate=f'Bearer realm="http://{ours.host}/token?a=b"')

        with Rude(reply) as ours:
            logged_in(monkeypatch, tmp_path, ours.host, identitytoken="hunter2")
            with pytest.raises(Failed, match="gives no token: status 307"):
                at(ours.host).manifest()
            assert "hunter2" in ours.seen[-1]
        assert not other.seen


def test_a_password_is_not_sent_in_the_clear_where_the_registry_has_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_in(monkeypatch, tmp_path, "registry.example")
    asked: list[str] = []

    def ask(_method: str, url: str, **_: object) -> HttpAnswer:
        asked.append(url)
        return HttpAnswer(url, 200, {}, b'{"token": "x"}')

    one = Login(Reference.parse("registry.example/shop:1"), ask, lambda: None)
    with pytest.raises(Failed, match=r"wants its password sent in the clear, to http://elsewhere\.example"):
        one.answer('Bearer realm="http://elsewhere.example/token"', "pull")
    assert not asked
    assert one.answer('Bearer realm="https://auth.example/token"', "pull") == "Bearer x"


RUBBISH = {
    "a page": b"<html>please sign in</html>",
    "a list": b"[]",
    "nesting": b"[" * 100_000,
    "errors": b'{"errors": 5, "manifests": 5, "config": [], "tags": 5, "token": 5}',
    "parts": b'{"errors": [5], "manifests": [5, {"digest": 5}, {"digest": "../x", "annotations": 5}], "token": "a b"}',
    "no text": b"\xff\x00",
}


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("status", [200, 202, 401, 404, 405, 500])
def test_rubbish_breaks_nothing(body: bytes, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(asked: str) -> Iterator[bytes]:
        token = "/token" in asked
        yield said(200 if token else status, body, WWW_Authenticate=f'Bearer realm="http://{rude.host}/token"')

    with Rude(reply) as rude:
        logged_in(monkeypatch, tmp_path, rude.host)
        one = at(rude.host)
        asks = (one.manifest, one.may_push, one.is_listed, one.deletes, lambda: one.upload(b"x"),
                lambda: one.images(Manifest("", body)), lambda: one.put(Manifest("", b"{}")))  # fmt: skip
        for ask in asks:
            try:
                ask()
            except (Failed, Transient) as error:
                assert len(str(error)) < 1000


def test_an_answer_is_as_long_and_takes_as_long_as_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged_in(monkeypatch, tmp_path, "nowhere")
    endless = said(200, Content_Length=str(1 << 40))
    with Rude(lambda _: itertools.chain([endless], itertools.repeat(b" " * (1 << 20)))) as rude:
        with pytest.raises(Failed, match="has over"):
            at(rude.host).manifest()
        answer = Connection(rude.host, f"http://{rude.host}/").send("GET", f"http://{rude.host}/", headers={})
        assert len(answer.data) <= MOST + (1 << 17)
    for beginning in (endless, b"HTTP/1.1 200 x\r\nX: "):
        with Rude(lambda _, first=beginning: itertools.chain([first], itertools.repeat(b" "))) as slow:  # type: ignore[misc]
            began = time.monotonic()
            with pytest.raises(Transient, match="no whole answer within"):
                Connection(slow.host, f"http://{slow.host}/").send(
                    "GET", f"http://{slow.host}/", headers={}, seconds=0.2
                )
            assert time.monotonic() - began < 2


def test_what_breaks_off_is_no_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged_in(monkeypatch, tmp_path, "nowhere")
    cut = [said(200, b'{"config": {}}', Content_Length="99"),
           b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\"\r\n"]  # fmt: skip
    for answer in cut:
        with Rude(lambda _, whole=answer: iter([whole])) as rude, pytest.raises(Transient, match="does not answer"):  # type: ignore[misc]
            at(rude.host).manifest()
