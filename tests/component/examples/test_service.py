"""The example of a web service, over HTTP: runs side by side, one cancelled, and a server that is stopped or killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT
from tests.helpers import until

pytest.importorskip("flask", reason="needs the extra: pip install 'sternway[test]'")
pytest.importorskip("waitress", reason="needs the extra: pip install 'sternway[test]'")
TOKEN = "a-token-of-the-tests"
WAITS = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "2m"}}


@dataclass
class Service:
    """A server as a process of its own, and a client of it."""

    process: subprocess.Popen[bytes]
    url: str

    def call(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {token}", **({"Content-Type": "application/json"} if data else {})}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def start(self, name: str, **values: str) -> str:
        code, told = self.call("POST", f"/deployments/{name}/runs", {"set": values})
        assert code == 202, told
        return str(told["run"])

    def events(self, run: str, until_type: str = "") -> list[dict[str, Any]]:
        """Follow a run by long polls to its end, or until an event of a type and a step (`step-started verify`)."""
        found: list[dict[str, Any]] = []
        end = time.monotonic() + 60
        while time.monotonic() < end:
            code, told = self.call("GET", f"/runs/{run}/events?after={len(found)}&wait=10")
            assert code == 200, told
            found += told["events"]
            if told["over"] or any(
                f"{e['type']} {e.get('step', '')}".startswith(until_type) for e in found if until_type
            ):
                return found
        raise AssertionError(found)

    def status(self, run: str) -> str:
        return str(self.call("GET", f"/runs/{run}")[1]["status"])


Serve = Callable[[], Any]


@pytest.fixture
def serve(sternway_sandbox: Sandbox, tmp_path: Path) -> Iterator[Serve]:
    base = {"namespace": "default", "port": 8080, "replicas": 1, "probes": {"readiness": "/ready"}}
    (tmp_path / "deployments").mkdir()
    extra: dict[str, dict[str, Any]] = {"one": {}, "two": {}, "slow": WAITS, "slower": WAITS}
    for name, keys in extra.items():
        config = {**base, "name": name, "image": "localhost/app:1", "parameters": {"env.LEVEL": {"enum": ["a", "b"]}}, **keys}  # fmt: skip
        config["env"] = {"LEVEL": "a", **keys.get("env", {})}
        (tmp_path / f"deployments/{name}.yaml").write_text(json.dumps(config))
    environ = {"PATH": os.environ["PATH"], "SERVICE_TOKEN": TOKEN, "KUBECONFIG": sternway_sandbox.kubeconfig}

    @contextmanager
    def server() -> Iterator[Service]:
        command = [sys.executable, "-W", "error", "-m", "deploy_service", "--listen", "127.0.0.1:0", "--deployments", str(tmp_path / "deployments")]  # fmt: skip
        with (tmp_path / "log").open("ab") as log, subprocess.Popen(command, cwd=ROOT / "templates/examples/service", env=environ, stdout=subprocess.PIPE, stderr=log) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                line = process.stdout.readline().decode()
                assert line.startswith("listening on "), (tmp_path / "log").read_text()
                yield Service(process, f"http://127.0.0.1:{line.strip().rpartition(':')[2]}")
            finally:
                process.kill()

    yield server
    assert "Traceback" not in (tmp_path / "log").read_text()


def deployed(sandbox: Sandbox) -> set[str]:
    return {obj["metadata"]["name"] for obj in sandbox.store.all(("apps", "Deployment"))}


def test_deployments_side_by_side(serve: Serve, sternway_sandbox: Sandbox) -> None:
    """One good, one bad and undone, one cancelled, all at once; then the good one is rolled back."""
    with serve() as service:
        good, bad = service.start("one"), service.start("two", image="nope:1")
        slow = service.start("slow")
        service.events(slow, "step-started verify")
        status, more = service.call("POST", "/deployments/slow/runs")
        assert status == 202, "one run more of a target that is at work"
        service.events(more["run"])  # it ends at once, before the first one leaves the target
        assert service.call("POST", f"/runs/{slow}/cancel") == (202, {"run": slow})
        told = {run: service.events(run) for run in (good, bad, slow)}
        ends = {run: events[-1]["status"] for run, events in told.items()}
        assert ends == {good: "succeeded", bad: "undone", slow: "undone"}
        assert told[slow][-1]["error"]["kind"] == "Stopped"
        assert {e["run"] for e in told[bad] if e["type"] == "run-started"} == {bad}
        assert service.status(good) == "succeeded"
        until(lambda: deployed(sternway_sandbox) == {"one"} or None, 30, "only the good one stays")
        assert service.call("POST", f"/runs/{good}/rollback")[0] == 202
        assert service.events(good)[-1]["status"] == "undone"
        assert deployed(sternway_sandbox) == set()
        listed = {run["run"]: run["status"] for run in service.call("GET", "/runs")[1]["runs"]}
        assert {good, bad, slow} <= set(listed)
        assert set(listed.values()) == {"undone"}


def test_a_server_that_is_stopped_undoes_first(serve: Serve, sternway_sandbox: Sandbox) -> None:
    with serve() as service:
        runs = [service.start(name) for name in ("slow", "slower")]
        for run in runs:
            service.events(run, "step-started verify")
        service.process.terminate()
        assert service.process.wait(30) == 0
    assert deployed(sternway_sandbox) == set()
    with serve() as service:
        assert [service.status(run) for run in runs] == ["undone", "undone"]


def test_what_a_killed_server_left_is_undone_by_the_next(serve: Serve, sternway_sandbox: Sandbox) -> None:
    with serve() as service:
        done = service.start("one")
        assert service.events(done)[-1]["status"] == "succeeded"
        runs = [service.start(name) for name in ("slow", "slower")]
        for run in runs:
            service.events(run, "step-started verify")
        service.process.kill()
        service.process.wait()
    assert deployed(sternway_sandbox) == {"one", "slow", "slower"}
    with serve() as service:
        until(lambda: all(service.status(run) == "undone" for run in runs), 60, "nobody asked, and all is undone")
        assert service.status(done) == "succeeded"
    assert deployed(sternway_sandbox) == {"one"}


def test_an_undo_runs_a_command_that_the_service_has_and_no_other(
    serve: Serve, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    """A journal may be anybody's: of a run whose command is another one by now nothing is touched."""
    file, made = tmp_path / "deployments/one.yaml", tmp_path / "undone"

    def with_command(undo: str) -> None:
        step = {"name": "tell", "execute": ["true"], "rollback": ["sh", "-c", undo], "folder": str(tmp_path)}
        file.write_text(json.dumps({**json.loads(file.read_text()), "steps": ["deploy", step]}))

    with serve() as service:
        with_command("touch undone")
        first = service.start("one")
        assert service.events(first)[-1]["status"] == "succeeded"
        with_command("touch other")
        assert service.call("POST", f"/runs/{first}/rollback")[0] == 202
        refused = service.events(first)[-1]
        assert (refused["type"], "touch undone" in json.dumps(refused)) == ("error", True), refused
        assert (deployed(sternway_sandbox), made.exists()) == ({"one"}, False)
        with_command("touch undone")
        assert service.call("POST", f"/runs/{first}/rollback")[0] == 202
        assert service.events(first)[-1]["status"] == "undone"
        assert (deployed(sternway_sandbox), made.exists()) == (set(), True)


def test_who_has_no_token_sees_and_changes_nothing(serve: Serve, sternway_sandbox: Sandbox) -> None:
    with serve() as service:
        for method, path in (("GET", "/runs"), ("GET", "/deployments"), ("POST", "/deployments/one/runs"), ("POST", "/runs/x/rollback"), ("GET", "/nix")):  # fmt: skip
            for token in ("", "wrong", TOKEN[:-1], "ü"):
                if token.isascii():
                    assert service.call(method, path, token=token)[0] == 401, (method, path)
        assert service.call("GET", "/healthz", token="") == (200, {"status": "ok"})
    assert deployed(sternway_sandbox) == set()
    short = {"PATH": os.environ["PATH"], "SERVICE_TOKEN": "short"}
    done = subprocess.run([sys.executable, "-m", "deploy_service"], cwd=ROOT / "templates/examples/service", env=short, capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, "set SERVICE_TOKEN" in done.stderr) == (1, True)


MISTAKES: dict[str, tuple[str, str, Any, int, str]] = {
    "no such deployment": ("POST", "/deployments/nix/runs", {}, 404, "there is no deployment 'nix'"),
    "a path": ("POST", "/deployments/..%2F..%2Fetc/runs", {}, 404, ""),
    "a key that is not offered": ("POST", "/deployments/one/runs", {"set": {"namespace": "kube-system"}}, 409, "namespace may not be changed here"),
    "a value that is not offered": ("POST", "/deployments/one/runs", {"set": {"env.LEVEL": "c"}}, 409, "env.LEVEL can't be 'c'"),
    "a value that is none": ("POST", "/deployments/one/runs", {"set": {"replicas": "many"}}, 400, "replicas"),
    "no object": ("POST", "/deployments/one/runs", [1], 400, "the body is an object"),
    "too much": ("POST", "/deployments/one/runs", {"set": {"image": "x" * 100_000}}, 413, "exceeds"),
    "no such run": ("GET", "/runs/nix", None, 404, "run nix is not in the journal"),
    "no run to cancel": ("POST", "/runs/nix/cancel", None, 409, "this service does not work on run nix"),
    "no run to undo": ("POST", "/runs/nix/rollback", None, 404, "run nix is not in the journal"),
    "no events": ("GET", "/runs/nix/events", None, 404, "does not know run nix"),
}  # fmt: skip


def test_mistakes_are_named_and_nothing_is_touched(serve: Serve, sternway_sandbox: Sandbox) -> None:
    with serve() as service:
        for what, (method, path, body, code, words) in MISTAKES.items():
            answer = service.call(method, path, body)
            assert (answer[0], words in answer[1]["error"]) == (code, True), (what, answer)
    assert deployed(sternway_sandbox) == set()
