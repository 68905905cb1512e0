"""What a program may rely on: many runs in one session, each cancelled by itself, and names that cost nothing."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sternway_steps
from sternway_steps import (
    Event,
    Failed,
    Refused,
    Result,
    RollbackFailed,
    Session,
    Status,
    Stopped,
    Transient,
    new_run_id,
)
from sternway_steps.config import Config
from sternway_steps.saga.events import RunStarted, StepStarted
from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT, WEB
from tests.helpers import config_map, config_of, deployment, until


def test_every_name_is_there_and_the_bare_import_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import sternway_steps; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ast.literal_eval(done.stdout)) <= {"sternway_steps", "sternway_steps.moved", "__future__"}
    for name in sternway_steps.__all__:
        assert getattr(sternway_steps, name) is not None
        assert name in dir(sternway_steps)
    with pytest.raises(AttributeError, match="no attribute 'Sesion'"):
        _ = sternway_steps.Sesion  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.skipif("mypy" not in str(list(Path(sys.executable).parent.glob("mypy"))), reason="mypy is not installed")
def test_a_type_checker_knows_the_names_and_their_types(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(
        "from sternway_steps import Event, Result, Session, load\n\n"
        "def tell(event: Event) -> None: ...\n\n"
        "def deploy(path: str) -> Result:\n"
        "    with Session() as session:\n"
        "        return session.run(load(path), tell).raise_for_status()\n"
    )
    (tmp_path / "bad.py").write_text("from sternway_steps import Sesion\n")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
    for name, code, words in (("good", 0, "Success"), ("bad", 1, 'has no attribute "Sesion"')):
        command = [*mypy, "--cache-dir", str(tmp_path / "cache"), str(tmp_path / f"{name}.py")]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert (done.returncode, words in done.stdout) == (code, True), done.stdout


def example(namespace: str, name: str, image: str = "localhost/app:1") -> Config:
    config = config_of(namespace, config_map(f"{name}-settings", of=name), deployment(name, image))
    return replace(config, name=name)


def test_one_session_serves_many_threads(sternway_sandbox: Sandbox) -> None:
    """Good and bad runs of different targets at once, each with events and a result of its own."""
    names = [f"app{n}" for n in range(6)]
    told: dict[str, list[Event]] = {name: [] for name in names}
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:

        def deploy(name: str) -> Result:
            bad = name in names[::2]
            config = example("default", name, "nope:1" if bad else "localhost/app:1")
            return session.run(config, told[name].append, run=f"run-{name}")

        with ThreadPoolExecutor(len(names)) as pool:
            results = dict(zip(names, pool.map(deploy, names), strict=True))
        stories = {story.run: story for story in session.runs()}
    for number, name in enumerate(names):
        status = Status.UNDONE if number % 2 == 0 else Status.SUCCEEDED
        assert (results[name].run, results[name].status) == (f"run-{name}", status)
        assert stories[f"run-{name}"].status is status
        runs = {event.run for event in told[name] if isinstance(event, RunStarted)}
        assert runs == {f"run-{name}"}
    there = {obj["metadata"]["name"] for obj in sternway_sandbox.store.all(("apps", "Deployment"))}
    assert there == set(names[1::2])


def test_two_runs_of_one_target_are_told_apart(sternway_sandbox: Sandbox) -> None:
    started, release = threading.Event(), threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, StepStarted):
            started.set()
            release.wait(30)

    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session, ThreadPoolExecutor(2) as pool:
        first = pool.submit(session.run, example("default", "one"), hold)
        assert started.wait(30)
        with pytest.raises(Transient, match="another run of this target is at work"):
            session.run(example("default", "one"))
        release.set()
        assert first.result().status is Status.SUCCEEDED


def unready(name: str) -> Config:
    config = config_of("default", deployment(name, "localhost/app:1", env=[{"name": "APP_MODE", "value": "unready"}]))
    return replace(config, name=name)


def test_a_run_is_cancelled_by_itself_from_another_thread(sternway_sandbox: Sandbox) -> None:
    """Two runs wait; one is cancelled and undone, the other goes on until all are asked to stop."""
    stop, verifying = threading.Event(), {"one": threading.Event(), "two": threading.Event()}
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session, ThreadPoolExecutor(2) as pool:

        def run(name: str, own: threading.Event | None) -> Result:
            def tell(event: Event) -> None:
                if isinstance(event, StepStarted) and event.step == "verify":
                    verifying[name].set()

            return session.run(unready(name), tell, run=f"r-{name}", stop=own)

        one, two = pool.submit(run, "one", stop), pool.submit(run, "two", None)
        assert all(event.wait(30) for event in verifying.values())
        stop.set()
        ended = one.result(30)
        assert (ended.status, type(ended.error)) == (Status.UNDONE, Stopped)
        assert not two.done()
        assert not session.stop.is_set()
        session.stop.set()
        assert two.result(30).status is Status.UNDONE
        with pytest.raises(Stopped):
            ended.raise_for_status()
    assert sternway_sandbox.store.all(("apps", "Deployment")) == []


def test_a_run_that_loses_its_lock_stops_no_other(sternway_sandbox: Sandbox) -> None:
    verifying = {"one": threading.Event(), "two": threading.Event()}
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session, ThreadPoolExecutor(2) as pool:

        def run(name: str) -> Result:
            def tell(event: Event) -> None:
                if isinstance(event, StepStarted) and event.step == "verify":
                    verifying[name].set()

            return session.run(unready(name), tell)

        one, two = pool.submit(run, "one"), pool.submit(run, "two")
        assert all(event.wait(30) for event in verifying.values())
        from sternway_steps.objects.ref import Ref

        ref = Ref("coordination.k8s.io/v1", "Lease", "default", "sternway-default.one")
        session.client.patch(ref, {"spec": {"holderIdentity": "somebody else 1"}}, manager="test")
        assert one.result(30).status is not Status.SUCCEEDED
        assert not two.done()
        session.stop.set()
        assert two.result(30).status is Status.UNDONE


def test_two_threads_that_undo_one_run_are_told_apart(sternway_sandbox: Sandbox) -> None:
    """Both are this process and want the same run: the lock still has one holder."""
    from sternway_steps.journal.locks.lease import LeaseLock
    from sternway_steps.kube.client import Client

    client = Client.connect(sternway_sandbox.kubeconfig)
    barrier, stop = threading.Barrier(4), threading.Event()

    def take(lock: LeaseLock) -> bool:
        barrier.wait(30)
        try:
            lock.acquire("r1", stop)
        except Transient:
            return False
        return True

    locks = [LeaseLock(client, "default", "t") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, locks))
    for lock in locks:
        lock.release()
    client.close()
    assert sum(taken) == 1, taken


def test_an_id_is_known_before_the_run_and_taken_once(sternway_sandbox: Sandbox) -> None:
    run = new_run_id()
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.run(example("default", "one"), run=run).run == run
        with pytest.raises(Refused, match=f"run {run} is in the journal already"):
            session.run(example("default", "two"), run=run)
        assert len(sternway_sandbox.store.all(("apps", "Deployment"))) == 1
        assert session.finish(run) is None, "it has ended"
        assert session.finish("never-began") is None
        assert session.rollback(run).raise_for_status().status is Status.UNDONE


def test_errors_come_as_exceptions_when_they_are_asked_for() -> None:
    from sternway_steps.exits import Exit

    failed, left = Failed("verify failed"), RollbackFailed("deploy: conflict")
    assert Result("r", Status.SUCCEEDED, Exit.DONE).raise_for_status().run == "r"
    with pytest.raises(Failed, match="verify failed"):
        Result("r", Status.UNDONE, Exit.FAILED, failed).raise_for_status()
    with pytest.raises(RollbackFailed, match="conflict") as raised:
        Result("r", Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, failed, (left,)).raise_for_status()
    assert raised.value.__cause__ is failed


def test_a_session_touches_no_signal(sternway_sandbox: Sandbox) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        session.run(example("default", "one"), lambda _: seen.append({n: signal.getsignal(n) for n in before}))
    assert {number: signal.getsignal(number) for number in before} == before
    assert all(one == before for one in seen)


seen: list[dict[signal.Signals, object]] = []


def test_the_page_in_python_runs(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """The page's code, as a program of its own, against a sandbox."""
    page = (ROOT / "docs/reference/python.md").read_text()
    section = re.search(r"# In Python\n.*?```python\n(.*?)```", page, re.DOTALL)
    assert section is not None
    (tmp_path / "sternway.yaml").write_text(WEB.read_text())
    (tmp_path / "program.py").write_text(textwrap.dedent(section[1]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={"KUBECONFIG": sternway_sandbox.kubeconfig, "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded" in done.stdout
    assert "undone" in done.stdout
    until(lambda: not sternway_sandbox.store.all(("apps", "Deployment")), 30)
