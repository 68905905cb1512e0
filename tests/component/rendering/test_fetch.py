"""Manifests by a URL: the digest pins what they are, and what goes wrong is told without what the URL may hold."""

from __future__ import annotations

import hashlib
import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sternway_steps.config import Config, ConfigErrors
from sternway_steps.config.object_sources import Unavailable
from sternway_steps.errors import Transient
from sternway_steps.registry.load import load
from sternway_steps.rendering.fetch import fetch

from tests.component.builtin.build.rude import Rude, said
from tests.renderers.serving import Served

CONF = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
PIN = f"@sha256:{hashlib.sha256(CONF).hexdigest()}"


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as server:
        server.files |= {"/install.yaml": CONF, "/latest/install.yaml": "/install.yaml", "/broken.yaml": 503}
        yield server


def loaded(home: Path, *manifests: str) -> Config:
    (home / "config").mkdir(exist_ok=True)
    (home / "config/base.yaml").write_text(yaml.safe_dump({"manifests": list(manifests)}))
    (home / "web.yaml").write_text("name: web\nextends: config/base.yaml\n")
    return load("web.yaml")


def test_what_has_the_digest_is_deployed(home: Path, served: Served) -> None:
    (manifest,) = loaded(home, f"{served.url}/install.yaml?token=hunter2{PIN}").manifests
    assert manifest.obj["metadata"] == {"name": "web"}
    assert manifest.source == f"{served.url}/install.yaml:1"
    assert loaded(home, f"{served.url}/latest/install.yaml{PIN}").manifests[0].obj == manifest.obj


def test_what_has_no_or_another_digest_is_refused(home: Path, served: Served) -> None:
    url = f"{served.url}/install.yaml"
    with pytest.raises(ConfigErrors) as raised:
        loaded(home, f"{url}?token=hunter2")
    assert "config/base.yaml:2:3: manifests: " in (said := str(raised.value))
    assert f"{url} has no digest, and what it serves may change; write URL@sha256:DIGEST; `curl -sSL" in said
    assert "hunter2" not in said
    served.files["/install.yaml"] = CONF + b"data: {a: b}\n"
    with pytest.raises(ConfigErrors, match=rf"serves sha256:[0-9a-f]{{64}}, and {PIN[1:]} is expected"):
        loaded(home, url + PIN)


def test_a_server_that_is_away_may_be_there_later(home: Path, served: Served) -> None:
    with pytest.raises(Transient, match=r"broken\.yaml answers 503"):
        loaded(home, f"{served.url}/broken.yaml{PIN}")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Transient, match=r"can't be fetched: .*refused"):
            loaded(home, f"http://127.0.0.1:{unused.getsockname()[1]}/x.yaml{PIN}")
    with pytest.raises(ConfigErrors, match=r"answers 404 \(Not Found\); correct the URL"):
        loaded(home, f"{served.url}/nope.yaml{PIN}")
    served.files["/install.yaml"] = latin = b"a: \xfd"
    with pytest.raises(ConfigErrors, match="this is no UTF-8 text"):
        loaded(home, f"{served.url}/install.yaml@sha256:{hashlib.sha256(latin).hexdigest()}")


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@127.0.0.1/x.yaml",
        "http://hunter2@127.0.0.1/x.yaml",
        "http://user:hun/hunter2@127.0.0.1/x.yaml",
        "http://127.0.0.1:hunter2/x.yaml",
        "http://127.0.0.1/x.yaml?token=hunter2\x7f",
        "http://127.0.0.1?token=hunter2/x.yaml\x7f",
    ],
)
def test_no_secret_of_a_url_is_told_however_it_is_written(url: str) -> None:
    with pytest.raises(Unavailable) as raised:
        fetch(url + PIN)
    assert "hunter2" not in f"{raised.value}{raised.value.hint}"


def test_a_server_that_never_comes_to_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sternway_steps.rendering.fetch._WHOLE", 0.2)
    head = said(200, Content_Length="1000000")
    endless = itertools.chain([head], itertools.repeat(b"#"))
    with Rude(lambda _: endless) as slow, pytest.raises(Transient, match="did not end within"):
        fetch(f"http://{slow.host}/x.yaml{PIN}")
