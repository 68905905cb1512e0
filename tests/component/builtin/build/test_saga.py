"""The whole way: an image is built, deployed by its digest, found bad, and the tag and the cluster are as before."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load
from sternway_steps.session import Session

from tests.component.builtin.build.conftest import real_shop, stand_in
from tests.component.builtin.build.shop import Shop
from tests.conftest import Cluster
from tests.helpers import command, said, state_of

BASE = os.environ.get("STERNWAY_TEST_BASE_IMAGE", "localhost/python:3.11-slim")
GOOD = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080, bind='0.0.0.0')"
BAD = "raise SystemExit('it is broken')"
MEGABYTE = 1 << 20


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a shop that fits the cluster: stand-ins for the sandbox."""
    yield from real_shop(tmp_path, monkeypatch, "docker") if cluster.real else stand_in(tmp_path, monkeypatch, "docker")


def pipeline(cluster: Cluster, shop: Shop, **more: Any) -> Path:
    keys = {
        "name": "web", "namespace": cluster.namespace, "image": shop.image, "port": 8080, "replicas": 1,
        "command": ["python3", "/hello"], "probes": {"readiness": "/"}, "build": {"context": "app", "builder": "docker"},
        "verify": {"deadline": "3m", "grace": {"restarts": 1, "pull": "2s"}}, **more,
    }  # fmt: skip
    file = shop.folder / "web.yaml"
    file.write_text(json.dumps(keys))
    return file


def pods(cluster: Cluster) -> Any:
    found = cluster.get("apps/v1", "Deployment", "web")
    assert found is not None
    return found["spec"]["template"]


def deployed(cluster: Cluster) -> str:
    return str(pods(cluster)["spec"]["containers"][0]["image"])


@pytest.mark.timeout(600)
def test_a_bad_image_is_undone_to_the_tag_it_had(cluster: Cluster, place: Shop) -> None:
    base = BASE if cluster.real else "scratch"
    place.dockerfile(f"FROM {base}\nCOPY hello /hello\n")
    (place.folder / "app/hello").write_text(GOOD)
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(load(pipeline(cluster, place)), print)
        assert result.exit_code == Exit.DONE, result
        before, template = place.there(), pods(cluster)
        assert before is not None
        assert deployed(cluster) == f"{place.image}@{before.digest}"
        assert session.run(load(pipeline(cluster, place))).exit_code == Exit.DONE
        assert pods(cluster) == template, "an unchanged image rolls no pod"
        state = state_of(cluster.get("apps/v1", "Deployment", "web"))

        (place.folder / "app/hello").write_text(BAD)
        # In the sandbox no image runs: there the mode that makes its pods crash stands for the bad one.
        more = {} if cluster.real else {"env": {"APP_MODE": "crash"}}
        seen: list[Any] = []
        result = session.run(load(pipeline(cluster, place, **more)), seen.append)
        assert result.exit_code == Exit.FAILED, result
        told = session.story(result.run)
        assert [f"{a.step} {a.action.value} {a.result}" for a in told.attempts] == [
            "validate execute done", "build execute done", "deploy execute done", "verify execute failed",
            "deploy rollback done", "build rollback done",
        ]  # fmt: skip
    assert place.there() == before
    assert deployed(cluster) == f"{place.image}@{before.digest}"
    assert state_of(cluster.get("apps/v1", "Deployment", "web")) == state


def test_what_speaks_against_a_build_is_found_before_anything_is_written(cluster: Cluster, place: Shop) -> None:
    file = pipeline(cluster, place, build={"context": "nowhere", "builder": "docker"})
    with Session(kubeconfig=cluster.kubeconfig) as session:
        with pytest.raises(Refused, match=r"web\.yaml:1:\d+: build\.context: there is no folder"):
            session.run(load(file))
        assert session.plan(load(file)).findings
        assert [story.run for story in session.runs() if story.target.startswith(cluster.namespace)] == []


def test_an_image_that_is_built_and_not_deployed_is_warned_of(cluster: Cluster, place: Shop) -> None:
    other = f"{place.host}/{place.name}:2"
    file = pipeline(cluster, place, build={"context": "app", "builder": "docker", "image": other})
    unnamed, unbuilt = f"{other} is built by build, and no manifest names it", f"no build makes {place.image}; built is"
    with Session(kubeconfig=cluster.kubeconfig) as session:
        notes = session.plan(load(file)).notes
        assert unnamed in notes
        assert any(unbuilt in note for note in notes)
        if not cluster.real:  # there is no such image on a node
            seen: list[Any] = []
            session.run(load(file), seen.append)
            assert {unnamed} <= set(said(seen))


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_memory_stays_flat_while_a_large_image_is_built_and_pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Measured at the process of ours, while the real engine takes, builds and pushes what can't be compressed."""
    size = int(os.environ.get("STERNWAY_TEST_MEGABYTES", "200"))
    shop = next(real_shop(tmp_path, monkeypatch, "docker"))
    peaks = []
    for megabytes in (1, size):
        with (shop.folder / "app/hello").open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(MEGABYTE))
        shop.config()
        peaks.append(peak(shop))
    print(f"peak of our process: {peaks[0]} MB with 1 MB, {peaks[1]} MB with {size} MB")
    assert peaks[1] < peaks[0] + 30
    assert shop.digest() is not None


def peak(shop: Shop) -> int:
    """Run the pipeline as a process of its own; gives its largest resident set, in MB."""
    settings = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}})
    process = subprocess.Popen(
        command("run", "--config", str(shop.folder / "sternway.yaml")), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(settings)
    process.stdin.close()
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            try:
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            except OSError:
                return
            most = max(most, *(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.stdout is not None
    with process:
        output = process.stdout.read()
        code = process.wait(600)
    done.set()
    watcher.join()
    assert code == 0, output
    return most
