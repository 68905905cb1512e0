"""Where builds are tried: stand-ins everywhere, real builders and a real registry where they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.builtin.build import programs
from tests.component.builtin.build.proxy import Proxy
from tests.component.builtin.build.registry import Registry
from tests.component.builtin.build.shop import Shop

REAL = "localhost:5000"
# BuildKit is in no distribution that CI has: it is tried where a daemon is named.
BUILDERS = ["docker", "buildah", *(["buildkit"] if os.environ.get("BUILDKIT_HOST") else [])]
STAND_INS = {"docker": "docker", "buildah": "buildah", "buildkit": "buildctl"}


@pytest.fixture(
    params=[
        *(pytest.param((name, False), id=f"{name} stand-in") for name in STAND_INS),
        *(pytest.param((name, True), id=name, marks=pytest.mark.cluster) for name in BUILDERS),
    ]
)
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a shop by each builder, standing in and real."""
    builder, real = request.param
    yield from real_shop(tmp_path, monkeypatch, builder) if real else stand_in(tmp_path, monkeypatch, builder)


@pytest.fixture(autouse=True)
def _settles_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an undo wait shortly for what is under way: what is killed here is killed between two requests."""
    monkeypatch.setattr("sternway_steps.builtin.build.rollback.SETTLES", 0.2)
    monkeypatch.setattr("sternway_steps.builtin.build.rollback._POLL", 0.05)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a shop of stand-ins."""
    yield from stand_in(tmp_path, monkeypatch, "docker")


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, builder: str, registry: Registry | Proxy | None = None) -> Iterator[Shop]:  # fmt: skip
    notes = folder / "notes"
    notes.mkdir()
    programs.install(folder / "bin", STAND_INS[builder])
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("STANDIN", str(notes))
    login(monkeypatch, folder, "{}")
    if registry is not None:
        yield Shop(folder / "shop", registry.host, builder, notes)
        return
    with Registry() as registry:
        yield Shop(folder / "shop", registry.host, builder, notes)


def require_registry() -> None:
    """Skip where there is no real registry."""
    try:
        urllib.request.urlopen(f"http://{REAL}/v2/", timeout=5).close()
    except OSError as error:
        pytest.skip(f"no registry at {REAL}: {error}")


def real_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, builder: str) -> Iterator[Shop]:
    require_registry()
    if shutil.which(STAND_INS[builder]) is None:
        pytest.skip(f"no {builder} on PATH")
    if builder == "docker" and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine")
    if builder == "buildah":  # as root in a machine that may be a container itself: no overlay, no namespaces
        monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
        monkeypatch.setenv("STORAGE_DRIVER", "vfs")
    yield Shop(folder / "shop", REAL, builder)


def login(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Write what `docker login` would have written."""
    (folder / "docker").mkdir(exist_ok=True)
    (folder / "docker/config.json").write_text(text)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
