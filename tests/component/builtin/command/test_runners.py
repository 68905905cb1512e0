"""A command means the same wherever it runs: as a process, by docker, by podman, as a Job."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.command.invocation import name_of
from sternway_steps.builtin.command.record import Begun
from sternway_steps.builtin.command.runner import runner_named
from sternway_steps.builtin.command.step import Command
from sternway_steps.config.schema import Grace, VerifyConfig
from sternway_steps.errors import Failed, RollbackFailed, Stopped, Transient
from sternway_steps.exits import Exit
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.process.marked import GRACE, end_marked
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.commands import Bench
from tests.conftest import Cluster
from tests.helpers import command, sternway, until

DOCKER_IMAGE = "localhost/python:3.11-slim"
JOB_IMAGE = "localhost/busybox:1"
pytestmark = pytest.mark.timeout(240)
# What podman needs where it may not raise limits, as in a container of its own.
PODMAN_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def _answers(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, "info"], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        pytest.skip(f"{program} does not answer: {done.stderr[-200:]}")


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give podman a configuration of its own, and the image that docker has."""
    conf = tmp_path_factory.mktemp("podman") / "containers.conf"
    conf.write_text(PODMAN_CONF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_CONF", str(conf))
        _answers("podman")
        if subprocess.run(["podman", "image", "exists", DOCKER_IMAGE], timeout=60, check=False).returncode != 0:
            archive = conf.with_name("image.tar")
            subprocess.run(["docker", "save", "-o", archive, DOCKER_IMAGE], check=True, timeout=120)
            subprocess.run(["podman", "load", "-q", "-i", archive], check=True, timeout=120, capture_output=True)
        yield


@pytest.fixture(params=[
    "process", "sandbox", *(pytest.param(name, marks=pytest.mark.cluster) for name in ("docker", "podman", "real")),
])  # fmt: skip
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    kind = request.param
    made = Bench(
        tmp_path, options={"runner": kind}, run=f"r-{tmp_path.name[-12:].strip('_-')}-{time.time_ns() % 10**9}"
    )
    made.config = {"verify": VerifyConfig(grace=Grace(pull=2))}
    if kind == "process":
        made.options["folder"] = str(tmp_path)
        yield made
    elif kind in ("docker", "podman"):
        request.getfixturevalue("podman") if kind == "podman" else _answers("docker")
        made.options |= {"image": DOCKER_IMAGE}
        yield made
    else:
        made.options = {"runner": "kubernetes", "image": JOB_IMAGE}
        if kind == "sandbox":
            sandbox: Sandbox = request.getfixturevalue("sternway_sandbox")
            made.lives = False
            made.client = Client.connect(sandbox.kubeconfig)
            yield made
            made.client.close()
        else:
            real: Cluster = request.getfixturevalue("real")
            made.client, made.namespace = real.client, real.namespace
            yield made


def runs(bench: Bench) -> Callable[[], bool]:
    """Give what tells whether a command of the bench is at work anywhere."""
    name = name_of(bench.run, "s", Action.EXECUTE, 1)

    def running() -> bool:
        if bench.client is not None:
            pods = bench.client.list("v1", "Pod", bench.namespace, labels=f"sternway.dev/job={name}").items
            return any(pod["status"].get("phase") == "Running" for pod in pods)
        if bench.options["runner"] == "process":
            return bool(bench.lines)
        asked = [bench.options["runner"], "ps", "--quiet", "--filter", f"name={name}"]
        return bool(subprocess.run(asked, capture_output=True, check=True, timeout=60).stdout.strip())

    return running


def gone(bench: Bench) -> bool:
    """Tell whether nothing is left of the run: no process, no container, no Job."""
    if bench.client is not None:
        return not bench.client.list("batch/v1", "Job", bench.namespace).items
    if bench.options["runner"] == "process":
        return True
    asked = [bench.options["runner"], "ps", "--all", "--quiet", "--filter", f"name=sternway-{bench.run}"]
    return not subprocess.run(asked, capture_output=True, check=True, timeout=60).stdout.strip()


def test_what_it_writes_is_told_and_its_end_is_kept(bench: Bench) -> None:
    assert bench.sh("echo one; echo two; exit 0").summary == "done: two"
    assert bench.lines == ["one", "two"]
    until(lambda: gone(bench), 30, "nothing is left of it")
    with pytest.raises(Failed, match=r"ended with exit code 3: no luck") as failed:
        bench.sh("echo no luck; exit 3")
    assert failed.value.details["log"] == ["no luck"]
    with pytest.raises(Transient, match="exit code 75"):
        bench.sh("exit 75")
    with pytest.raises(RollbackFailed, match="exit code 4: stuck") as stuck:
        bench.rollback("sh", "-c", "echo stuck; exit 4")
    assert stuck.value.details["log"] == ["stuck"]
    assert bench.rollback("sh", "-c", "echo back; exit 0").summary == "done: back"
    bench.said.clear()
    assert bench.rollback("sh", "-c", "echo again; exit 0").summary == "undone before in this run"
    assert bench.said == [], "what is undone is not undone twice"


def test_what_never_began_is_not_undone(bench: Bench) -> None:
    assert bench.rollback("sh", "-c", "echo back").summary == "it never started: nothing to undo"
    assert bench.said == []


def test_arguments_and_variables_arrive_as_they_were_written(bench: Bench) -> None:
    if not bench.lives:
        pytest.skip("nothing really runs in the sandbox")
    env = {"A": "two words", "B": "$(A) $A ${A}", "C": "a\nb", "D": 'it\'s "x"'}
    script = 'printf "%s|" "$0" "$1" "$A" "$B" "$C" "$D"; echo; echo $STERNWAY_RUN $STERNWAY_STEP $STERNWAY_ACTION $STERNWAY_ATTEMPT $STERNWAY_TARGET'
    bench.execute("sh", "-c", script, "$(A)", "$$A *", env=env)
    assert "\n".join(bench.lines) == (
        '$(A)|$$A *|two words|$(A) $A ${A}|a\nb|it\'s "x"|\n' + f"{bench.run} s execute 1 t"
    )
    bench.said.clear()
    bench.rollback("sh", "-c", "echo $STERNWAY_ACTION $STERNWAY_ATTEMPT")
    assert bench.lines == ["rollback 1"]


def test_what_is_stopped_is_ended_and_its_undo_finds_nothing_that_runs(bench: Bench) -> None:
    ended: list[BaseException] = []

    def execute() -> None:
        try:
            bench.sh("echo begun; sleep 300")
        except Stopped as stopped:
            ended.append(stopped)

    thread = threading.Thread(target=execute)
    thread.start()
    until(runs(bench), 60, "it runs")
    bench.stop.set()
    thread.join(60)
    assert [type(error) for error in ended] == [Stopped]
    until(lambda: gone(bench), 10, "nothing is left of it")
    bench.stop = threading.Event()
    assert bench.rollback("sh", "-c", "echo back; exit 0").summary == "done: back"


def test_a_deadline_ends_it(bench: Bench) -> None:
    bench.deadline = 3.0
    began = time.monotonic()
    with pytest.raises(Stopped):
        bench.sh("echo begun; sleep 300")
    assert time.monotonic() - began < 60
    until(lambda: gone(bench), 10, "nothing is left of it")


def test_an_undo_that_hangs_is_ended_and_the_next_one_goes_on(bench: Bench) -> None:
    bench.sh("echo begun; exit 0")
    bench.deadline = 3.0
    began = time.monotonic()
    with pytest.raises(Stopped):
        bench.rollback("sh", "-c", "echo stuck; sleep 300")
    assert time.monotonic() - began < 60
    until(lambda: gone(bench), 10, "nothing is left of it")
    bench.deadline = None
    assert bench.rollback("sh", "-c", "echo back; exit 0").summary == "done: back"


def test_an_undo_is_told_what_execute_printed_for_it(bench: Bench) -> None:
    """Of all attempts, also of one that nobody saw the end of, and whatever else it printed."""
    if not bench.lives:
        pytest.skip("nothing really runs in the sandbox")
    with pytest.raises(Transient):
        bench.sh("echo STERNWAY_UNDO=first; echo other; exit 75")
    flood = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
    bench.sh(f"{flood}; printf 'STERNWAY_UNDO=two words $(x) $$\\n'; {flood}")
    bench.said.clear()
    bench.rollback("sh", "-c", 'echo "$STERNWAY_UNDO"')
    assert bench.lines == ["first", "two words $(x) $$"]


def test_an_attempt_whose_end_nobody_knows_is_ended_before_anything_else(bench: Bench) -> None:
    """As after a kill -9 of its runner: the intent is there, the evidence is not, and the command goes on."""
    journal = bench.context(Action.EXECUTE).journal  # attempt 1 is cut off
    context = bench.context(Action.EXECUTE, execute=["sh", "-c", "echo begun; sleep 300"])
    context = replace(context, attempt=1)
    thread = threading.Thread(target=lambda: _quietly(Command().execute, replace(context, journal=_Cut(journal))))
    thread.start()
    until(runs(bench), 60, "it runs")
    assert bench.rollback("sh", "-c", "echo back; exit 0").summary == "done: back"
    thread.join(30)
    assert not thread.is_alive(), "the command was ended from outside"
    assert any(text.startswith("ending what may still run") for text in bench.said)
    until(lambda: gone(bench), 10, "nothing is left of it")


def test_another_journal_may_have_a_run_of_the_same_id(bench: Bench, tmp_path: Path) -> None:
    """As the jobs of two CI systems do: the undo of the one ends nothing of the other."""
    (tmp_path / "other").mkdir()
    other = replace(bench, folder=tmp_path / "other", said=[], stop=threading.Event())
    context = other.context(Action.EXECUTE, execute=["sh", "-c", "echo begun; sleep 300"])
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: (_quietly(Command().execute, context), ended.append(True)))
    thread.start()
    until(runs(bench if bench.options["runner"] != "process" else other), 60, "it runs")
    mine = bench.context(Action.EXECUTE)
    mark = {"STERNWAY_RUN": bench.run, "STERNWAY_STEP": "s", "STERNWAY_CHILD": "mine"}
    mark |= {"STERNWAY_ACTION": "execute", "STERNWAY_ATTEMPT": "1"}
    runner = runner_named(bench.options["runner"])
    mine.journal.intent(Begun(runner.name, name_of(bench.run, "s", Action.EXECUTE, 1), runner.where(mine), mark).to_dict())  # fmt: skip
    assert bench.rollback("true").summary.startswith("done")
    assert not ended, "the other one's command goes on"
    other.stop.set()
    thread.join(60)
    assert ended


class _Cut:
    """The journal of a process that is killed before it can write how its command ended."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def evidence(self, data: Any) -> None:
        """Never written."""


def _quietly(do: Callable[[Any], Any], given: Any) -> None:
    with suppress(Failed, Stopped):
        do(given)


def test_a_program_that_is_not_there_is_named(bench: Bench) -> None:
    if not bench.lives:
        pytest.skip("the sandbox knows no programs")
    with pytest.raises(Exception, match=r"no-such-program.*(not on PATH|not found)"):
        bench.execute("no-such-program", "x")


@pytest.mark.parametrize("bench", [pytest.param("docker", marks=pytest.mark.cluster), "sandbox", pytest.param("real", marks=pytest.mark.cluster)], indirect=True)  # fmt: skip
def test_an_image_that_is_not_there_never_started_so_nothing_is_undone(bench: Bench) -> None:
    began = time.monotonic()
    with pytest.raises(Exception, match=r"nope:9") as failed:
        bench.sh("echo begun", image="localhost:5000/nope:9")
    assert type(failed.value).__name__ in ("Failed", "Refused")
    assert time.monotonic() - began < 40
    assert "nothing to undo" in bench.rollback("sh", "-c", "echo back; exit 0", image="localhost:5000/nope:9").summary
    assert bench.lines == []
    assert gone(bench)


ENGINES = [pytest.param(name, marks=pytest.mark.cluster) for name in ("docker", "podman", "real")]


@pytest.mark.parametrize("bench", ENGINES, indirect=True)
@pytest.mark.parametrize("fault", ["no program", "a runtime that refuses"])
def test_a_program_that_could_not_begin_has_nothing_to_undo(bench: Bench, fault: str) -> None:
    options: dict[str, Any] = {} if fault == "no program" else {"workdir": "/etc/passwd"}
    argv = ["no-such-program"] if fault == "no program" else ["sh", "-c", "echo begun"]
    with pytest.raises(Failed) as failed:
        bench.execute(*argv, **options)
    assert ("no-such-program" if fault == "no program" else "/etc/passwd") in str(failed.value)
    until(lambda: gone(bench), 10, "nothing is left of it")
    assert "nothing to undo" in bench.rollback("sh", "-c", "echo back; exit 0").summary
    assert bench.lines == [] or "begun" not in bench.lines


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ENGINES[:2], indirect=True)
def test_much_output_of_a_container_costs_what_it_costs_a_process(bench: Bench) -> None:
    """Its engine keeps no log of its own; what is no text, and what has no newline, pass too."""
    began = time.monotonic()
    bench.sh("yes a line of a log that goes on and on and on | head -c 60000000; head -c 3000000 /dev/urandom; echo; printf end")  # fmt: skip
    assert time.monotonic() - began < 30
    last = [data for data in bench.context(Action.ROLLBACK).journal.history().execute.evidence if "log" in data][-1]
    assert last["log"][-1] == "end"


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ENGINES[2:], indirect=True)
def test_the_last_line_of_a_job_is_kept_however_much_it_said(bench: Bench) -> None:
    """Its node rotates the log while it is read."""
    script = "yes a line of a log that goes on and on and on | head -c 60000000; echo; echo the last line; exit 0"
    assert bench.sh(script).summary == "done: the last line"


NOWHERE = {"nodeSelector": {"no-such-label": "x"}}


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ENGINES[2:], indirect=True)
def test_a_job_that_fits_nowhere_fails_after_its_grace_also_where_nothing_else_happens(bench: Bench) -> None:
    bench.config = {"verify": VerifyConfig(grace=Grace(unschedulable=2))}
    began = time.monotonic()
    with pytest.raises(Failed, match=r"Unschedulable: pod .* fits on no node"):
        bench.sh("echo begun", **NOWHERE)
    assert time.monotonic() - began < 30
    assert "nothing to undo" in bench.rollback("sh", "-c", "echo back; exit 0").summary


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ENGINES[2:], indirect=True)
def test_what_a_deadline_met_before_it_began_has_nothing_to_undo(bench: Bench) -> None:
    bench.deadline = 2.0
    with pytest.raises(Stopped, match=r"ran into the deadline .*fits on no node"):
        bench.sh("echo begun", **NOWHERE)
    bench.deadline = None
    assert "nothing to undo" in bench.rollback("sh", "-c", "echo back; exit 0").summary


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ENGINES[2:], indirect=True)
def test_the_undo_sees_that_the_job_of_a_killed_run_never_began(bench: Bench) -> None:
    context = bench.context(Action.EXECUTE, execute=["sh", "-c", "echo begun"], **NOWHERE)
    name = name_of(bench.run, "s", Action.EXECUTE, 1)
    thread = threading.Thread(
        target=lambda: _quietly(Command().execute, replace(context, journal=_Cut(context.journal)))
    )
    thread.start()
    pods = lambda: bench.client.list("v1", "Pod", bench.namespace, labels=f"sternway.dev/job={name}").items  # type: ignore[union-attr]  # noqa: E731
    until(pods, 60, "its pod is there")
    assert "nothing to undo" in bench.rollback("sh", "-c", "echo back; exit 0").summary
    thread.join(30)


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ENGINES[2:], indirect=True)
@pytest.mark.parametrize(("how", "said"), [("evict", "EvictionByEvictionAPI: "), ("delete", "Deleted: somebody deleted its pod")])  # fmt: skip
def test_a_pod_that_is_taken_away_is_the_reason(bench: Bench, how: str, said: str) -> None:
    failed: list[BaseException] = []

    def execute() -> None:
        try:
            bench.sh("trap 'exit 7' TERM; echo begun; while :; do sleep 0.1; done")
        except Failed as error:
            failed.append(error)

    thread = threading.Thread(target=execute)
    thread.start()
    until(lambda: bench.lines, 60, "it runs")
    assert bench.client is not None
    name = name_of(bench.run, "s", Action.EXECUTE, 1)
    pod = bench.client.list("v1", "Pod", bench.namespace, labels=f"sternway.dev/job={name}").items[0]
    if how == "delete":
        bench.client.delete(Ref.of(pod), uid=None, propagation="Background")
    else:
        path = f"/api/v1/namespaces/{bench.namespace}/pods/{pod['metadata']['name']}/eviction"
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}}
        bench.client.transport.request("POST", path, body=body)
    thread.join(60)
    assert [str(error) for error in failed if said in str(error)], failed
    assert bench.rollback("sh", "-c", "echo back; exit 0").summary == "done: back"


def test_processes_are_known_by_what_they_inherit(tmp_path: Path) -> None:
    """Those too that left their group, and whose parent is gone."""
    mark = {"STERNWAY_RUN": f"r{time.time_ns()}", "STERNWAY_STEP": "s"}
    script = "setsid sleep 300 & echo $!; exit 0"
    file = tmp_path / "pid"
    with file.open("w") as out:
        subprocess.run(["sh", "-c", script], env={**os.environ, **mark}, stdout=out, timeout=10, check=True)
    pid = int(file.read_text())
    assert Path(f"/proc/{pid}").exists()
    end_marked({**mark, "STERNWAY_RUN": "another"})
    assert Path(f"/proc/{pid}").exists()
    end_marked(mark)
    until(lambda: not Path(f"/proc/{pid}").exists(), 10, "it is gone")


@pytest.mark.cluster
@pytest.mark.parametrize("runner", ["docker", "podman", "kubernetes"])
def test_one_step_that_is_stopped_is_sealed_before_its_grace_is_over(runner: str, real: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> None:  # fmt: skip
    """As Argo stops it: what can't be ended in that time is ended by the rollback, before it undoes anything."""
    if runner == "podman":
        request.getfixturevalue("podman")
    image = JOB_IMAGE if runner == "kubernetes" else DOCKER_IMAGE
    deaf = "trap '' TERM; echo begun; sleep 300"
    step = {"name": "s", "image": image, "runner": runner, "execute": ["sh", "-c", deaf], "rollback": ["true"]}
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({"name": "t", "namespace": real.namespace, "steps": [step]}))
    arguments = ["--kubeconfig", real.kubeconfig, "--config", str(path)]
    running = subprocess.Popen(command("step", "s", "execute", *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    assert running.stdout is not None
    said = [running.stdout.readline()]
    while b"| begun" not in said[-1]:
        said.append(running.stdout.readline())
        assert said[-1], said
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    rest = running.communicate(timeout=60)[0].decode()
    assert time.monotonic() - began < GRACE, rest
    assert running.returncode == Exit.STOPPED, rest
    undone = sternway("step", "s", "rollback", *arguments, kubeconfig=real.kubeconfig)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    pods = [pod["metadata"]["name"] for pod in real.client.list("v1", "Pod", real.namespace).items]
    assert not [name for name in pods if "-execute-" in name]
    if runner != "kubernetes":
        left = subprocess.run([runner, "ps", "-aq", "--filter", "name=-s-execute-1"], capture_output=True, check=True, timeout=60)  # fmt: skip
        assert not left.stdout.strip()
    with Session(kubeconfig=real.kubeconfig, namespace=real.namespace) as session:
        story = session.story(session.runs()[0].run)
    assert [f"{a.action} {a.result}" for a in story.attempts] == ["execute stopped", "rollback done"]


@pytest.mark.cluster
@pytest.mark.parametrize("bench", ["docker", "podman"], indirect=True)
def test_what_a_container_is_given_is_in_no_process_list(bench: Bench) -> None:
    env = {"HTTPS_PROXY": "http://me:s3cr3t@proxy:1", "DOCKER_AUTH_CONFIG": ' {"a": "s3cr3t # b"}', "TOKEN": "s3cr3t\ntwo"}  # fmt: skip
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.extend(file.read_bytes().decode(errors="replace") for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists())  # fmt: skip

    looking = threading.Thread(target=look)
    looking.start()
    try:
        bench.sh('echo "$HTTPS_PROXY|$DOCKER_AUTH_CONFIG|$TOKEN"; sleep 1', env=env)
    finally:
        over.set()
        looking.join()
    assert "|".join(env.values()).splitlines() == bench.lines
    assert any("--env-file" in words for words in seen), "the client was seen"
    assert not [words for words in seen if "s3cr3t" in words]
