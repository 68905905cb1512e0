"""What happens to the tag while it is moved: by others, under the hands of a killed run, and by a later one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.build.docker import Docker
from sternway_steps.builtin.build.record import PushRecord
from sternway_steps.builtin.build.step import Build
from sternway_steps.errors import Failed, Stopped, Transient
from sternway_steps.kube.fence import Fence, LockLost
from sternway_steps.registry.load import load
from sternway_steps.saga.events import StepEnded
from sternway_steps.saga.retry import retry_transient
from sternway_steps.session import Session
from sternway_steps.spec import Item
from sternway_steps.step import Action

from tests.component.builtin.build.conftest import REAL, real_shop, require_registry, stand_in
from tests.component.builtin.build.proxy import Proxy
from tests.component.builtin.build.registry import Registry
from tests.component.builtin.build.shop import Shop
from tests.helpers import command, until

pytestmark = pytest.mark.timeout(300)


def staged(shop: Shop) -> list[str]:
    """Give the tags of the repository that are none of the user's."""
    answer = shop.registry()._ask("GET", "tags/list")
    return sorted(tag for tag in json.loads(answer.data).get("tags") or [] if tag.startswith("sternway"))


def test_what_another_run_pushed_under_our_name_is_not_taken_for_ours(small: Shop, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    small.execute("r0")
    theirs = str(small.digest())
    small.write("ours")
    pushed, calls = Docker.push, []

    def confused(self: Docker, *words: Any) -> str:
        digest = pushed(self, *words)
        calls.append(digest)
        return theirs if len(calls) == 1 else digest

    monkeypatch.setattr(Docker, "push", confused)
    done = small.execute()
    assert len(calls) == 2
    assert done.hands_on["images"][small.image] == calls[1] == small.digest() != theirs
    monkeypatch.setattr(Docker, "push", lambda *_: theirs)
    small.write("again")
    with pytest.raises(Transient, match=r"was built; the tag has not moved"):
        small.execute("r2")
    assert small.digest() == calls[1]
    assert small.rollback("r2").items[0].result == "unchanged"


def test_a_tag_that_is_moved_before_ours_is_what_comes_back(small: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    small.execute("r0", image=f"{small.host}/{small.name}:theirs")
    theirs = small.there("theirs")
    assert theirs is not None
    small.write("ours")
    recorded, moves = PushRecord.intent, []

    def meanwhile(self: PushRecord, *words: Any, moving: bool = False, **keys: Any) -> None:
        recorded(self, *words, moving=moving, **keys)
        if moving and not moves:
            moves.append(small.registry().put(theirs))

    monkeypatch.setattr(PushRecord, "intent", meanwhile)
    assert small.execute().items[0].result == "changed"
    assert any("was moved meanwhile" in line for line in small.said)
    assert small.rollback().items[0].result == "restored"
    assert small.there() == theirs


def test_the_tag_does_not_move_once_the_target_is_lost(small: Shop) -> None:
    small.execute("r0")
    before = small.digest()
    small.write("ours")
    context = small.context(Action.EXECUTE, small.config())

    context.fence = Fence()  # shut, as that of a run which lost its target
    with pytest.raises(LockLost, match=f"moving {small.image} was not begun"):
        Build().execute(context)
    assert small.digest() == before


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.cluster)])
def between(request: pytest.FixtureRequest) -> Iterator[Registry | Proxy]:
    """Give a registry whose requests can be held: a stand-in, or a proxy before a real one."""
    if request.param == "real":
        require_registry()
    with Registry() if request.param == "stand-in" else Proxy(REAL) as registry:
        yield registry


@pytest.mark.parametrize("what", ["the run", "its undo"])
def test_a_move_that_the_registry_answers_with_500_is_made_again(between: Registry | Proxy, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shop = next(stand_in(tmp_path, monkeypatch, "docker", between))
    shop.execute("r0")
    before = shop.there()
    shop.write("ours")
    left = [2]

    def wrong(method: str, path: str) -> int:
        moves = method == "PUT" and path.endswith("/manifests/1") and left[0] > 0
        left[0] -= moves
        return 500 if moves else 0

    def retried(work: Callable[[], Any]) -> Any:
        between.wrong = wrong
        return retry_transient(work, threading.Event())

    if what == "the run":
        assert retried(shop.execute).items[0].result == "changed"
    else:
        shop.execute()
    assert shop.there() != before
    assert (retried if what == "its undo" else lambda work: work())(shop.rollback).items[0].result == "restored"
    assert left == [0]
    assert shop.there() == before


def killed(shop: Shop, between: Registry | Proxy, path: str) -> threading.Event:
    """Kill a process of its own while the registry has its request to store `path`; setting the event lets it go on."""
    reached, release = threading.Event(), threading.Event()

    def hold(method: str, at: str) -> None:
        if method == "PUT" and path in at and not reached.is_set():
            reached.set()
            release.wait(120)

    shop.write("ours")
    shop.config()
    between.held = hold
    file = shop.folder / "sternway.yaml"
    keys = {**json.loads(file.read_text()), "manifests": ["m.json"]}
    (shop.folder / "m.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}})
    )
    file.write_text(json.dumps({**keys, "journal": {"store": "file", "path": str(shop.folder / "runs")}}))
    output = shop.folder / "output"
    with output.open("w") as out:
        process = subprocess.Popen(command("run", "--config", str(file)), stdout=out, stderr=out)
    try:
        until(lambda: reached.is_set() or process.poll() is not None, 120, f"{path} is being stored")
        assert reached.is_set(), output.read_text()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return release


def undone(shop: Shop, release: threading.Event, arrives: bool, monkeypatch: pytest.MonkeyPatch) -> Item:
    """Undo the run; what is under way arrives once the undo waits for it, or after its end."""
    monkeypatch.setattr("sternway_steps.builtin.build.rollback.SETTLES", 60.0 if arrives else 0.5)
    said: list[Any] = []

    def tell(event: Any) -> None:
        said.append(event)
        if arrives and "waiting" in str(event):
            release.set()

    with Session(journal=str(shop.folder / "runs")) as session:
        (run,) = session.runs()
        assert session.rollback(run.run, tell).exit_code == 0
    release.set()
    assert "waiting" in str(said)
    (item,) = next(event for event in said if isinstance(event, StepEnded)).items
    return item


@pytest.mark.parametrize("arrives", [True, False])
def test_a_move_that_is_under_way_when_the_run_is_killed(between: Registry | Proxy, arrives: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shop = next(stand_in(tmp_path, monkeypatch, "docker", between))
    shop.execute("r0")
    before = shop.there()
    item = undone(shop, killed(shop, between, "/manifests/1"), arrives, monkeypatch)
    if arrives:
        assert item.result == "restored"
        assert shop.there() == before
    else:
        assert (item.result, "did not arrive within" in item.why) == ("unchanged", True)


def test_a_push_that_is_under_way_when_the_run_is_killed(between: Registry | Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shop = next(stand_in(tmp_path, monkeypatch, "docker", between))
    shop.execute("r0")
    before = shop.there()
    release = killed(shop, between, "/manifests/sternway-")
    assert staged(shop) == []
    assert undone(shop, release, True, monkeypatch).result == "unchanged"
    assert (staged(shop), shop.there()) == ([], before)


def test_an_image_that_a_later_run_pushed_too_stays_and_its_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with Registry() as registry:
        shop = next(stand_in(tmp_path, monkeypatch, "docker", registry))
        shop.config()
        (shop.folder / "m.json").write_text(
            json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}})
        )
        files = []
        for name in ("first", "second", "third"):
            keys = json.loads((shop.folder / "sternway.yaml").read_text())
            files.append(shop.folder / f"{name}.yaml")
            files[-1].write_text(json.dumps({**keys, "name": name, "manifests": ["m.json"]}))
        with Session(journal=str(shop.folder / "journal")) as session:
            one, two = (session.run(load(file)) for file in files[:2])
            digest = shop.digest()
            assert (one.exit_code, two.exit_code) == (0, 0)
            said: list[Any] = []
            session.rollback(one.run, said.append)
            assert shop.digest() == digest
            assert f"{two.run} of second pushed the same image since" in str(said)
            shop.write("other")
            three = session.run(load(files[2]))
            session.rollback(two.run, said.append)
            assert f"{three.run} of third moved the tag since" in str(said)


@pytest.mark.cluster
def test_the_engine_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's own: the tag that it has for the image is somebody else's, and a build that fails leaves no container."""
    shop = next(real_shop(tmp_path, monkeypatch, "docker"))
    base = os.environ.get("STERNWAY_TEST_BASE_IMAGE", "localhost/python:3.11-slim")
    subprocess.run(["docker", "tag", base, shop.image], check=True)
    try:
        before = names(shop)
        shop.execute()
        assert names(shop) == before
        assert staged(shop) == []
        digest = shop.digest()
        shop.execute("r2")
        assert shop.digest() == digest, "what was built is still there for the next build"
        shop.dockerfile(f"FROM {base}\nCOPY hello /hello\nRUN false\n")
        containers = listed("ps", "-aq", "--no-trunc", "--filter", "exited=1")
        with pytest.raises(Failed, match="Dockerfile:3"):
            shop.execute("r3")
        assert listed("ps", "-aq", "--no-trunc", "--filter", "exited=1") == containers
        shop.dockerfile(f"FROM {base}\nCOPY hello /hello\nRUN sleep 600\n")
        stop = threading.Event()

        def interrupt() -> None:
            until(asleep, 60, "the instruction runs")
            stop.set()

        threading.Thread(target=interrupt).start()
        with pytest.raises(Stopped):
            Build().execute(shop.context(Action.EXECUTE, shop.config(), "r4", stop))
        until(lambda: not asleep(), 30, "the engine ended what it ran for us")
        assert names(shop) == before
    finally:
        subprocess.run(["docker", "rmi", shop.image], check=True, capture_output=True)


def names(shop: Shop) -> list[str]:
    return [line for line in listed("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}") if shop.name in line and "<none>" not in line]  # fmt: skip


def asleep() -> list[str]:
    return [line for line in listed("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Command}}") if "sleep 600" in line]  # fmt: skip


def listed(*words: str) -> list[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return sorted(done.stdout.split("\n"))
