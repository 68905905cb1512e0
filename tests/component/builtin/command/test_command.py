"""The command step by itself: names, output, secrets, exit codes, what is asked beforehand, how it is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.command.exit_code import error_of
from sternway_steps.builtin.command.invocation import Invocation, name_of
from sternway_steps.builtin.command.job import job
from sternway_steps.builtin.command.record import Ended
from sternway_steps.builtin.command.step import Command
from sternway_steps.config import Manifest
from sternway_steps.errors import Failed, Refused, RollbackFailed, Stopped, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client
from sternway_steps.process.marked import GRACE
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.commands import Bench
from tests.helpers import alive, command, sternway, until

SECRET = "s3cr3t-p4ssw0rd"


@pytest.fixture
def bench(tmp_path: Path, sternway_sandbox: Sandbox) -> Iterator[Bench]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    for kind, name, data in (("Secret", "keys", {"stringData": {"pw": SECRET, "pem": f"BEGIN\n{SECRET}\nEND"}}), ("ConfigMap", "settings", {"data": {"a": "b"}})):  # fmt: skip
        client.create({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, **data}, manager="test")  # fmt: skip
    yield Bench(tmp_path, client=client, options={"runner": "process", "folder": str(tmp_path)})
    client.close()


@pytest.mark.parametrize(
    "run", ["20261124-135240-5c92f1", "0f9a2f43-6e4d-4a0c-9c7c-2d6f0c1f3b77", "My_Run.1", "r" * 63]
)
@pytest.mark.parametrize("step", ["migrate", "a-" + "b" * 61])
def test_a_name_is_one_for_each_attempt_and_a_label(run: str, step: str) -> None:
    names = {name_of(run, step, action, attempt) for action in Action for attempt in (1, 2, 10)}
    assert len(names) == 6
    for name in names:
        assert len(name) <= 63
        assert name[0] + name[-1] == (name[0] + name[-1]).lower()
        assert all(c.islower() or c.isdigit() or c == "-" for c in name)
    assert name_of("20261124-135240-5c92f1", "migrate", Action.EXECUTE, 1) == "sternway-20261124-135240-5c92f1-migrate-execute-1"  # fmt: skip


ENDS = {
    "done": (Ended(0), type(None), ""),
    "try again": (Ended(75), Transient, "exit code 75"),
    "failed": (Ended(3, log=("a", "b")), Failed, "x y ended with exit code 3: b"),
    "not found": (Ended(127), Failed, "exit code 127 (the program was not found)"),
    "not allowed": (Ended(126), Failed, "exit code 126 (it can't be run"),
    "killed": (Ended(137), Failed, "exit code 137 (it was killed"),
    "never started": (Ended(None, started=False, why="no image"), Failed, "no image"),
    "ended by us": (Ended(None), Stopped, "step s was stopped, and x y with it"),
    "ended by a deadline": (Ended(None, stopped=True, why="step s ran into the deadline"), Stopped, "step s ran into the deadline, and x y with it"),
}  # fmt: skip


@pytest.mark.parametrize(("how", "kind", "said"), ENDS.values(), ids=ENDS)
def test_what_an_exit_code_means(how: Ended, kind: type, said: str) -> None:
    for action in Action:
        error = error_of(Invocation("n", ("x", "y"), {}), action, how, "s")
        wanted = RollbackFailed if kind is Failed and action is Action.ROLLBACK else kind
        assert type(error) is wanted
        assert said in str(error)


MEMORY = """
import resource, sys, threading
from pathlib import Path
from tests.commands import Bench
bench = Bench(Path(sys.argv[1]), options={"runner": "process"})
bench.sh("echo warm")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bench.sh(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, len(bench.said))
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [True, False], ids=["lines", "one line"])
def test_a_gigabyte_of_output_takes_no_memory(tmp_path: Path, lines: bool) -> None:
    script = ("yes a line of a log that goes on and on and on" if lines else "cat /dev/zero") + " | head -c 1073741824; echo end"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path), script], capture_output=True, text=True, timeout=250, check=True)  # fmt: skip
    kib, told = map(int, done.stdout.split())
    assert kib < 20_000
    assert told < 200 * 120


def test_what_comes_from_secrets_is_in_no_journal_no_log_and_no_argument(bench: Bench) -> None:
    env = {"PW": {"secret": "keys", "key": "pw"}, "PEM": {"secret": "keys", "key": "pem"}, "A": {"config": "settings", "key": "a"}}  # fmt: skip
    with pytest.raises(Failed) as failed:
        bench.sh('test "$PW" || exit 9; echo "$A: $PW"; echo "$PEM"; tr "\\0" " " </proc/$$/cmdline; exit 1', env=env)
    assert bench.lines[:2] == ["b: ***", "***"]
    assert SECRET not in bench.journal() + "".join(bench.said) + str(failed.value) + json.dumps(dict(failed.value.details))  # fmt: skip
    assert '"b: ***"' in bench.journal()


def check(bench: Bench, **options: Any) -> str:
    with pytest.raises(Refused) as refused:
        Command().check(bench.context(Action.EXECUTE, **options))
    return str(refused.value)


def test_what_is_missing_is_all_said_before_the_run(bench: Bench, sternway_sandbox: Sandbox) -> None:
    said = check(bench, execute=["no-such-program"], rollback=["./nor-this"], folder="/no/such/folder")
    assert "the program no-such-program is not on PATH" in said
    assert "the program ./nor-this is not in /no/such/folder" in said
    assert "folder /no/such/folder does not exist" in said
    env = {"A": {"secret": "nope", "key": "k"}, "B": {"secret": "keys", "key": "nope"}, "C": {"config": "nope", "key": "k"}}  # fmt: skip
    assert check(bench, execute=["true"], env=env).split("\n") == [
        "step s: A: there is no Secret nope in default", "step s: B: Secret keys in default has no key nope",
        "step s: C: there is no ConfigMap nope in default",
    ]  # fmt: skip
    sternway_sandbox.access.deny("create", "jobs", "batch")
    sternway_sandbox.access.deny("get", "pods/log")
    said = check(bench, execute=["true"], runner="kubernetes", image="i", folder=None)
    assert said.split("\n") == ["step s: not allowed: create jobs.batch in default", "step s: not allowed: get pods/log in default"]  # fmt: skip
    assert bench.journal().count("intent") == 0


def test_what_the_run_itself_deploys_need_not_be_there_before_it(bench: Bench) -> None:
    coming = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "later"}}
    bench.config = {"manifests": (Manifest(coming, "m:1"),)}
    env = {"A": {"secret": "later", "key": "k"}}
    Command().check(bench.context(Action.EXECUTE, execute=["true"], env=env))
    with pytest.raises(Refused, match="there is no Secret later"):
        bench.execute("true", env=env)


def test_a_container_engine_that_is_not_there_is_said(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "docker is not on PATH" in check(bench, execute=["x"], image="i", runner="docker")
    assert "neither docker nor podman is on PATH" in check(bench, execute=["x"], image="i", runner="auto")
    (tmp_path / "docker").write_text("#!/bin/sh\necho Cannot connect to the daemon >&2; exit 1\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "docker does not answer: Cannot connect to the daemon" in check(bench, execute=["x"], image="i", runner="auto")  # fmt: skip


def test_a_job_is_as_strict_as_its_image_allows(bench: Bench) -> None:
    work = Invocation("n", ("sh", "-c", "echo $(A) $$"), {}, "i", {"A": "$(B)"}, {}, {"user": 999})
    made = job(bench.context(Action.EXECUTE), work, "shop")
    pod = made["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["command"] == ["sh", "-c", "echo $$(A) $$$$"], "Kubernetes reads $$ as $"
    assert container["env"] == [{"name": "A", "value": "$$(B)"}]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 999,
        "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert (made["spec"]["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert pod["automountServiceAccountToken"] is False


def test_a_process_of_another_machine_is_not_taken_for_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    context = bench.context(Action.EXECUTE, execute=["true"])

    def lost(_data: Any) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr(type(context.journal), "evidence", lambda self, data: lost(data))
    with pytest.raises(RuntimeError):
        Command().execute(context)
    monkeypatch.undo()
    with pytest.raises(RollbackFailed, match="may still run on elsewhere") as failed:
        bench.rollback("true")
    assert "--on-conflict force" in str(failed.value.remedy)


def config(folder: Path, script: str, **keys: Any) -> str:
    step = {"name": "s", "execute": ["sh", "-c", script], "rollback": ["sh", "-c", "echo back > undone"]}
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({"name": "t", "namespace": "default", "steps": [{**step, **keys}]}))
    return str(path)


@pytest.mark.parametrize("deaf", [False, True], ids=["it listens", "it does not"])
def test_one_step_that_is_stopped_is_sealed_before_its_grace_is_over_and_nothing_runs_on(sternway_sandbox: Sandbox, tmp_path: Path, deaf: bool) -> None:  # fmt: skip
    script = ("trap '' TERM; " if deaf else "") + "echo $$ > pid; sleep 300 & wait; sleep 300"
    arguments = ["--kubeconfig", sternway_sandbox.kubeconfig, "--config", config(tmp_path, script)]
    running = subprocess.Popen(command("step", "s", "execute", *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    pid = tmp_path / "pid"
    until(lambda: pid.is_file() and pid.read_text().strip(), 30, "it runs")
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    said = running.communicate(timeout=20)[0].decode()
    assert time.monotonic() - began < GRACE, said
    assert running.returncode == Exit.STOPPED
    until(lambda: not alive(int(pid.read_text())), 2, "it is gone")
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        story = session.story(session.runs()[0].run)
        assert [attempt.result for attempt in story.attempts] == ["stopped"]
    undone = sternway("step", "s", "rollback", *arguments, kubeconfig=sternway_sandbox.kubeconfig)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert (tmp_path / "undone").read_text() == "back\n"


def test_a_run_that_is_left_ends_its_command(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """Twice Ctrl-C: the second time nothing waits for a command that does not listen."""
    path = config(tmp_path, "trap '' TERM INT; echo $$ > pid; while :; do sleep 1; done")
    running = subprocess.Popen(command("run", "--kubeconfig", sternway_sandbox.kubeconfig, "--config", path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    pid = tmp_path / "pid"
    until(lambda: pid.is_file() and pid.read_text().strip(), 30, "it runs")
    running.send_signal(signal.SIGINT)
    assert running.stdout is not None
    until(lambda: b"stopping" in running.stdout.readline(), 10, "it was heard")
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=20)[0].decode()
    assert running.returncode == Exit.STOPPED, said
    until(lambda: not alive(int(pid.read_text())), 2, "it is gone")
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        run = session.runs()[0].run
        assert session.runs()[0].status is Status.INTERRUPTED
        assert session.rollback(run, journal_of=load(path)).exit_code == 0
    assert (tmp_path / "undone").read_text() == "back\n"


def test_what_a_command_leaves_running_in_its_group_ends_with_it(bench: Bench, tmp_path: Path) -> None:
    bench.sh("sleep 300 & echo $! > pid")
    pid = (tmp_path / "pid").read_text().strip()
    until(lambda: not Path(f"/proc/{pid}").exists(), 10, "it is gone")


def test_a_command_may_call_sternway(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """What it is told in its environment is no configuration of the one that it calls."""
    script = f'{sys.executable} -m sternway_steps runs --kubeconfig "{sternway_sandbox.kubeconfig}" -n default; {sys.executable} -m sternway_steps plan -c "{config(tmp_path, "true")}"'  # fmt: skip
    outer = tmp_path / "outer"
    outer.mkdir()
    done = sternway("run", "-c", config(outer, script), kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == 0, done.stdout + done.stderr
