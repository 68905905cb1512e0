"""Ctrl-C: 130 when nothing has begun, at once where a command only reads; else a run stops and undoes itself (143)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from sternway_steps.config import StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import Event, StepStarted
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import WEB
from tests.helpers import command, config_map, config_of, until


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[str, threading.Event]]:
    """Give a kubeconfig of a server that takes requests and never answers, and an event that says that one came."""
    asked = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return
                if taken[-1].recv(1):
                    asked.set()

        threading.Thread(target=take, daemon=True).start()
        cluster = {"server": f"http://127.0.0.1:{server.getsockname()[1]}"}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1", "kind": "Config", "current-context": "c",
                    "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "c", "user": {}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c", "namespace": "default"}}],
                }
            )
        )  # fmt: skip
        yield str(kubeconfig), asked
        for connection in taken:
            connection.close()


def started(*arguments: str, kubeconfig: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "KUBECONFIG": kubeconfig}
    return subprocess.Popen(
        command(*arguments), env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


@pytest.mark.parametrize("words", [("plan", "-c", str(WEB)), ("runs",), ("show", "r1"), ("status", "shop.web")])
def test_what_only_reads_is_left_at_once(words: tuple[str, ...], silent: tuple[str, threading.Event]) -> None:
    kubeconfig, asked = silent
    with started(*words, kubeconfig=kubeconfig) as process:
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED, out + err
    assert "Traceback" not in err
    assert "undoing" not in err


def test_a_run_that_waits_for_another_has_not_begun(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    steps = (StepConfig("smoke", "command", {"execute": ["sleep", "600"]}, retries=0, effects="none"),)
    at_work, stop = threading.Event(), threading.Event()

    def tell(event: Event) -> None:
        if isinstance(event, StepStarted):
            at_work.set()

    def first() -> None:
        with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
            session.run(config_of("default", config_map("one"), steps=steps), tell, run="the-first", stop=stop)

    working = threading.Thread(target=first)
    working.start()
    try:
        assert at_work.wait(60)
        (tmp_path / "one.yaml").write_text(yaml.safe_dump(config_map("one")))
        (tmp_path / "sternway.yaml").write_text("name: t\nnamespace: default\nmanifests: [one.yaml]\n")
        file = str(tmp_path / "sternway.yaml")
        flags = ("-c", file, "--run", "the-second", "--wait-lock", "10m")
        with started("run", *flags, kubeconfig=sternway_sandbox.kubeconfig) as process:
            assert process.stdout is not None
            assert "the-first" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert process.returncode == Exit.INTERRUPTED, err
        assert "SIGINT: stopping; nothing has begun" in err
        with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
            assert [story.run for story in session.runs()] == ["the-first"]
    finally:
        stop.set()
        working.join(60)


def test_a_run_that_has_begun_undoes_itself_and_ends_as_stopped(sternway_sandbox: Sandbox) -> None:
    flags = ("-c", str(WEB), "--set", "env.APP_MODE=unready", "--run", "r1")
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        with started("run", *flags, kubeconfig=sternway_sandbox.kubeconfig) as process:
            until(lambda: sternway_sandbox.store.all(("apps", "Deployment")), 60, "it has deployed")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        assert process.returncode == Exit.STOPPED, out + err
        assert "SIGINT: stopping, then undoing" in err
        assert session.story("r1").status is Status.UNDONE
