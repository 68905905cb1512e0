"""Registries that delete in their own ways, want to know who asks, or go away."""

from __future__ import annotations

import base64
import ctypes
import json
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sternway_steps.builtin.build.reference import Reference
from sternway_steps.builtin.build.registry import NOBODY
from sternway_steps.builtin.build.step import Build
from sternway_steps.errors import Refused, RollbackFailed, Stopped, Transient
from sternway_steps.step import Action

from tests.component.builtin.build.conftest import login, stand_in
from tests.component.builtin.build.registry import Registry
from tests.component.builtin.build.shop import Shop
from tests.helpers import until


def own(folder: Path, **more: object) -> Iterator[str]:
    """Start the real registry with a configuration of the test's own."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("no docker-registry on PATH")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
        **more,
    }
    (folder / "registry.yml").write_text(json.dumps(config))
    process = subprocess.Popen(
        [program, "serve", str(folder / "registry.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: _answers(host), 20, "the registry answers")
        yield host
    finally:
        process.terminate()
        process.wait(10)


def _answers(host: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{host}/v2/", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.cluster)])
def closed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a registry that deletes nothing."""
    if request.param == "real":
        yield from own(tmp_path)
    else:
        with Registry(deletes="never") as registry:
            yield registry.host


@pytest.fixture(params=["basic", "token", pytest.param("real", marks=pytest.mark.cluster)])
def locked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a registry that lets in `user` with the password `right`."""
    if request.param == "real":
        (tmp_path / "users").write_text(f"user:{_bcrypt('right')}\n")
        yield from own(tmp_path, auth={"htpasswd": {"realm": "here", "path": str(tmp_path / "users")}})
    else:
        with Registry(login=request.param) as registry:
            yield registry.host


def _bcrypt(password: str) -> str:
    """Hash a password as the registry's list of users wants it: by libcrypt, which Debian has."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return str(library.crypt(password.encode(), b"$2y$05$abcdefghijklmnopqrstuu").decode())


def shop_at(host: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Give a shop of stand-in programs at a registry."""
    found = Registry()
    found.host = host
    return next(stand_in(folder, monkeypatch, "buildkit", found))


def test_a_registry_that_deletes_nothing_keeps_the_tag_and_says_so(closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shop = shop_at(closed, tmp_path, monkeypatch)
    shop.execute()
    pushed = shop.digest()
    item = shop.rollback().items[0]
    assert (item.result, "the registry deletes nothing: 405" in item.why) == ("kept", True)
    assert shop.digest() == pushed, "it never points to the throwaway"
    shop.write("second")
    shop.execute("r2")
    assert shop.rollback("r2").items[0].result == "restored", "an old tag needs no deletion"
    assert shop.digest() == pushed


def test_a_delete_that_is_answered_with_500_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [500]

    def once(method: str, path: str) -> int:
        mine = method == "DELETE" and "manifests/sha256:" in path and not path.endswith(NOBODY)
        return answers.pop() if mine and answers else 0

    with Registry() as registry:
        for shop in stand_in(tmp_path, monkeypatch, "buildkit", registry):
            shop.execute()
            registry.wrong = once
            assert shop.rollback().items[0].result == "deleted"
            assert shop.digest() is None
    assert not answers


def test_a_registry_that_deletes_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry(deletes="tags") as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        shop.execute()
        pushed = shop.digest()
        assert shop.rollback().items[0].result == "deleted"
        assert shop.digest() is None
        assert pushed is not None
        assert shop.registry().manifest(pushed) is not None
        assert not [asked for asked in registry.asked if "DELETE" in asked and pushed in asked]


def listed(shop: Shop) -> list[str]:
    return list(json.loads(shop.registry()._ask("GET", "tags/list").data).get("tags") or [])


def test_a_registry_that_gives_up_while_it_deletes_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Seen with distribution 2.8.2 and runs at once: 500, the image is gone, and the list has its tag for ever."""
    with Registry() as registry:
        shop = next(stand_in(tmp_path, monkeypatch, "docker", registry))
        registry.gives_up = 1
        shop.execute()
        assert (registry.gives_up, listed(shop)) == (0, ["1"])
        registry.gives_up = 2
        assert shop.rollback().items[0].result == "deleted"
        assert (registry.gives_up, listed(shop)) == (0, [])


def test_an_undo_that_such_a_registry_ended_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("sternway_steps.builtin.build.untag._SETTLES", 0.0)
    with Registry() as registry:
        shop = next(stand_in(tmp_path, monkeypatch, "docker", registry))
        shop.execute()
        registry.gives_up = 99
        with pytest.raises(Transient, match="is busy: 500"):
            shop.rollback()
        assert (shop.digest(), listed(shop)) == (None, ["1"])
        registry.gives_up = 0
        assert shop.rollback().items[0].result == "deleted"
        assert listed(shop) == []
        assert shop.rollback().items[0].result == "absent"


def _login(host: str, password: str) -> str:
    return json.dumps({"auths": {host: {"auth": base64.b64encode(f"user:{password}".encode()).decode()}}})


def test_who_may_push_is_found_out_beforehand(locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_at(locked, tmp_path, monkeypatch)
    for text, words in (
        (_login(locked, "wrong"), "does not allow it|gives no token"),
        ("{}", "does not allow it|gives no token"),
    ):
        login(monkeypatch, tmp_path, text)
        with pytest.raises(Refused, match=f"build.image: the registry {locked} ({words}).*docker login {locked}"):
            Build().check(shop.context(Action.EXECUTE, shop.config()))
    login(monkeypatch, tmp_path, _login(locked, "right"))
    Build().check(shop.context(Action.EXECUTE, shop.config()))
    registry = shop.registry()
    assert registry.manifest() is None


def test_a_credential_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry(login="token") as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        login(monkeypatch, tmp_path, json.dumps({"credHelpers": {registry.host: "test"}}))
        with pytest.raises(Refused, match=r"credentials for .* can't be read: docker-credential-test is not installed"):
            Build().check(shop.context(Action.EXECUTE, shop.config()))
        helper = tmp_path / "bin/docker-credential-test"
        helper.write_text('#!/bin/sh\necho \'{"ServerURL": "", "Username": "user", "Secret": "right"}\'\n')
        helper.chmod(0o755)
        Build().check(shop.context(Action.EXECUTE, shop.config()))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exec sleep 600", r"docker-credential-test did not answer within 1 s"),
        ("echo the vault is sealed; exit 1", r"docker-credential-test ended with 1: the vault is sealed"),
        ("echo no session >&2; exit 3", r"docker-credential-test ended with 3: no session"),
        ("exit 2", r"docker-credential-test ended with 2: it wrote nothing"),
        ("echo '{}'", r"docker-credential-test answered no credentials"),
        ("echo credentials not found in native keychain; exit 1", r"gives no token"),
    ],
    ids=["hangs", "stdout", "stderr", "silent", "empty", "none"],
)
def test_a_credential_helper_that_fails_is_told_in_its_words(
    script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sternway_steps.builtin.build.docker_login.HELPER_ANSWERS", 1.0)
    with Registry(login="token") as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        login(monkeypatch, tmp_path, json.dumps({"credsStore": "test"}))
        helper(tmp_path, script)
        with pytest.raises(Refused, match=words):
            Build().check(shop.context(Action.EXECUTE, shop.config()))


def test_a_credential_helper_hears_a_stop_and_is_ended_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry(login="token") as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        login(monkeypatch, tmp_path, json.dumps({"credsStore": "test"}))
        helper(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 600")
        stop = threading.Event()

        def interrupt() -> None:
            until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 30, "the helper runs")
            stop.set()

        threading.Thread(target=interrupt).start()
        with pytest.raises(Stopped):
            Build().check(shop.context(Action.EXECUTE, shop.config(), stop=stop))
        assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def helper(folder: Path, script: str) -> None:
    path = folder / "bin/docker-credential-test"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"auths": {\n  "x": }', r"config\.json: line 2: "),
        ("[]", r"config\.json: it is no JSON object"),
        ('{"auths": {"x": {"auth": "!"}}}', r"config\.json: "),
    ],
)
def test_a_config_that_cannot_be_read_is_told_as_that(text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with Registry(login="basic") as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        login(monkeypatch, tmp_path, text)
        with pytest.raises(Refused, match=words):
            Build().check(shop.context(Action.EXECUTE, shop.config()))


def test_without_the_extra_a_build_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry(login="basic") as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        monkeypatch.setitem(sys.modules, "docker", None)
        with pytest.raises(Refused) as raised:
            Build().check(shop.context(Action.EXECUTE, shop.config()))
        assert str(raised.value).endswith(
            f"build.image: reading the credentials for {registry.host} needs docker, which is not installed: "
            "pip install 'sternway[build]'"
        )


def test_a_rollback_that_is_not_let_in_says_who_must_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry() as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        shop.execute()
        registry.login = "basic"
        with pytest.raises(RollbackFailed, match="does not allow it") as raised:
            shop.rollback()
        assert "docker login" in (raised.value.remedy or "")
        registry.login = ""
        registry.away = lambda *_: True
        with pytest.raises(Transient, match="busy: status 503"):
            shop.rollback()
        registry.away = lambda *_: False
        assert shop.rollback().items[0].result == "deleted"


@pytest.mark.parametrize("builder", ["docker", "buildah", "buildkit"])
def test_a_registry_that_goes_away_in_mid_push_is_tried_again_and_no_tag_moved(builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with Registry() as registry:
        shop = next(stand_in(tmp_path, monkeypatch, builder, registry))
        shop.execute("r0")
        before = shop.digest()
        shop.write("second")
        registry.away = lambda method, path: method == "PUT" and "/manifests/" in path
        with pytest.raises(Transient) as raised:
            shop.execute()
        assert builder == "buildkit" or "the tag has not moved" in str(raised.value)
        registry.away = lambda *_: False
        assert shop.digest() == before
        assert shop.execute().items[0].result == "changed"
        shop.rollback()
        assert shop.digest() == before


def test_an_old_image_whose_layers_are_gone_cannot_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry() as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        shop.execute("r0")
        shop.write("second")
        shop.execute()
        registry.blobs.clear()
        with pytest.raises(RollbackFailed, match="MANIFEST_BLOB_UNKNOWN"):
            shop.rollback()


@pytest.mark.parametrize(
    ("image", "host", "repository", "url"),
    [
        ("web:1", "docker.io", "library/web", "https://registry-1.docker.io/v2/library/web"),
        ("team/web:1", "docker.io", "team/web", "https://registry-1.docker.io/v2/team/web"),
        ("localhost/web:1", "localhost", "web", "http://localhost/v2/web"),
        ("127.0.0.3:5000/a/b:v1", "127.0.0.3:5000", "a/b", "http://127.0.0.3:5000/v2/a/b"),
        ("registry.example/a/b/c:1", "registry.example", "a/b/c", "https://registry.example/v2/a/b/c"),
        ("registry.example:5000/a:1", "registry.example:5000", "a", "https://registry.example:5000/v2/a"),
    ],
)
def test_references(image: str, host: str, repository: str, url: str) -> None:
    found = Reference.parse(image)
    assert (found.host, found.repository, found.url, found.tag) == (host, repository, url, image.rpartition(":")[2])


def test_an_index_is_ours_when_all_its_images_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sternway_steps.builtin.build.record import Push
    from sternway_steps.builtin.build.registry import Manifest

    with Registry() as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        there = []
        for text in ("one", "two"):
            shop.write(text)
            shop.execute(text)
            found = shop.there()
            assert found is not None
            there.append(found)
        kind = "application/vnd.oci.image.index.v1+json"
        below = [{"mediaType": m.media_type, "digest": m.digest, "size": len(m.content)} for m in there]
        index = Manifest(kind, json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": below}).encode())
        client = shop.registry()
        client.put(index)
        images = client.images(index)
        assert len(images) == 2
        ours = Push(client.reference, None, ids=images)
        assert ours.pushed("sha256:0", images)
        assert not Push(client.reference, None, ids=frozenset(list(images)[:1])).pushed("sha256:0", images)
        assert not ours.pushed("sha256:0", frozenset())


def test_a_registry_that_is_away_is_asked_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry() as registry:
        shop = shop_at(registry.host, tmp_path, monkeypatch)
        registry.away = lambda method, path: method == "POST"
        with pytest.raises(Transient, match="busy: status 503") as raised:
            shop.execute()
        assert raised.value.retry_after == 0
    with pytest.raises(Transient, match="does not answer"):
        shop.execute()
    assert shop.rollback().summary == "nothing to undo"
