"""Following a run on Argo: it reads and ends as a run in one process does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.config.argo import ArgoConfig
from sternway_steps.errors import Refused, SternwayError, Stopped, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Attempt, Status
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
from sternway_steps.registry.steps import Steps
from sternway_steps.saga.events import LogLine, RunEnded, StepEnded, StepProgress, StepStarted, UndoStarted
from sternway_steps.saga.plan import make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Request, cut, fail
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import command, sternway, until

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.submit.events import EventEmitter
from sternway_templates.submit.start import start
from sternway_templates.submit.submission import read_submission

from tests.component.submit.playing import API, BAD, Controller, Recorder, alone, blind, shape, submitted, written


@pytest.mark.parametrize("overrides", [("image=web:2",), (BAD,)])
def test_a_run_on_argo_reads_like_a_run_in_one_process(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    path = written(tmp_path)
    code, events = alone(path, *overrides)
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.run(load(path)).exit_code == 0
    with Controller(sternway_sandbox.kubeconfig, path):
        got, output = submitted(sternway_sandbox.kubeconfig, path, *overrides, logs="all")
    assert bool(output.of(LogLine)) == (BAD not in overrides)  # what no image was found for writes nothing
    assert got == code == (Exit.DONE if overrides == ("image=web:2",) else Exit.FAILED)
    there, here = shape(output.events), shape(events)
    assert [kind for kind, _ in output.results] == ["submitted"]
    assert _comparable(there) == _comparable(here)
    assert output.notes == []


def _comparable(found: list[Any]) -> Any:
    # Pods have names by chance, and a kubelet's reasons alternate; all else is the same text.
    import re

    return re.sub(r"web-[0-9a-f]+-[0-9a-z]+", "web-POD", repr(found)).replace("ImagePullBackOff", "ErrImagePull")


def test_what_is_refused_before_a_change_ends_alike(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path, labels={"a": "not valid!"})
    with (
        Sandbox() as other,
        Session(kubeconfig=other.kubeconfig) as there,
    ):
        there.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")
        events: list[Any] = []
        code = there.run(load(path), events.append).exit_code
    with Controller(sternway_sandbox.kubeconfig, path):
        got, output = submitted(sternway_sandbox.kubeconfig, path)
    assert got == code == Exit.REFUSED
    assert shape(output.events) == shape(events)


def test_a_step_that_is_tried_again_says_so(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path) as controller:
        own = controller.session.steps.own
        controller.session.steps = Steps({**own, "deploy": _AwayOnce(own["deploy"])}, tuple)
        got, output = submitted(sternway_sandbox.kubeconfig, path)
    assert got == Exit.DONE
    deploys = [e for e in output.events if isinstance(e, StepStarted | StepEnded) and e.step == "deploy"]
    assert [type(e).__name__ for e in deploys] == ["StepStarted", "StepEnded"] * 2
    assert isinstance(deploys[1].error, Transient)
    assert deploys[1].retry_in == 1.0
    assert deploys[2].attempt == 2
    assert (deploys[3].error, deploys[3].retry_in) == (None, None)


class _AwayOnce:
    def __init__(self, step: Any) -> None:
        self.spec, self._step, self._times = step.spec, step, 0

    def execute(self, context: Any) -> Any:
        self._times += 1
        if self._times == 1:
            raise Transient("away for a moment")
        return self._step.execute(context)

    def rollback(self, context: Any) -> Any:
        return self._step.rollback(context)


def test_a_pod_that_dies_and_one_that_never_begins_are_told(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path) as controller:
        controller.lost = {"verify": True}
        code, output = submitted(sternway_sandbox.kubeconfig, path)
    kinds = [(type(e).__name__, e.step) for e in output.events if isinstance(e, StepStarted | StepEnded)]
    assert kinds[4:] == [
        ("StepStarted", "verify"),
        ("StepEnded", "verify"),
        ("StepStarted", "deploy"),
        ("StepEnded", "deploy"),
    ]
    lost = next(e for e in output.of(StepEnded) if e.step == "verify")
    assert str(lost.error) == "attempt 1 of step verify was cut off: pod deleted"
    assert output.events.index(lost) < output.events.index(output.of(UndoStarted)[0])
    assert (code, output.of(RunEnded)[0].status) == (Exit.STOPPED, Status.UNDONE)
    argo.delete(Ref(API, "Workflow", "shop", output.results[0][1]["workflow"]), uid=None, propagation="Background")
    with Controller(sternway_sandbox.kubeconfig, path) as controller:
        controller.lost = {"deploy": False}
        code, output = submitted(sternway_sandbox.kubeconfig, path)
    assert output.notes == ["execute deploy ended before it began: pod deleted"]
    assert [(e.steps, e.because) for e in output.of(UndoStarted)] == [((), "pod deleted")]
    assert code == Exit.STOPPED


@pytest.mark.parametrize("how", ["terminated", "deleted"])
@pytest.mark.parametrize("when", ["validate", "verify"])
def test_a_workflow_that_ends_without_its_handler(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, how: str, when: str
) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path) as controller:

        def cut(step: str, action: Action, name: str) -> None:
            if step != when:
                return
            ref = Ref(API, "Workflow", "shop", name)
            if how == "deleted":
                argo.delete(ref, uid=None, propagation="Background")
            else:
                argo.patch(
                    ref,
                    {
                        "spec": {"shutdown": "Terminate"},
                        "status": {"phase": "Failed", "message": "Stopped with strategy 'Terminate'"},
                    },
                    manager="test",
                )
            raise SternwayError("the controller stops here")

        controller.before = cut
        code, output = submitted(sternway_sandbox.kubeconfig, path)
        until(lambda: controller.failed)
        controller.failed.clear()
    (ended,) = output.of(RunEnded)
    run = ended.run
    assert how in str(ended.error)
    assert output.of(UndoStarted) == []
    if when == "validate":
        assert (code, ended.status) == (Exit.STOPPED, Status.UNDONE)
        return
    assert (code, ended.status) == (Exit.ROLLBACK_FAILED, Status.INTERRUPTED)
    assert "not undone: deploy" in str(ended.rollback_errors[0])
    assert ended.rollback_errors[0].remedy == f"sternway rollback shop/{run}"
    assert sternway("rollback", run, kubeconfig=sternway_sandbox.kubeconfig).returncode == 0
    assert argo.get(Ref("apps/v1", "Deployment", "shop", "web")) is None


@pytest.mark.parametrize("override", ["image=web:2", BAD])
def test_without_a_right_to_read_secrets_the_pods_tell(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, override: str
) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path), Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        output = Recorder()
        blind(session)
        code = start(session, output, read_submission(str(path), (override,), {}, StringIO()), str(path), True, True)
    good = override == "image=web:2"
    assert code == (Exit.DONE if good else Exit.FAILED)
    assert sum("argo logs web-" in note for note in output.notes) == 1
    kinds = [(type(e).__name__, getattr(e, "step", ""), getattr(e, "action", "")) for e in output.events]
    steps = [
        (kind, step, Action.EXECUTE)
        for step in ("validate", "deploy", "verify")
        for kind in ("StepStarted", "StepEnded")
    ]
    undo = (
        []
        if good
        else [
            ("UndoStarted", "", ""),
            ("StepStarted", "deploy", Action.ROLLBACK),
            ("StepEnded", "deploy", Action.ROLLBACK),
        ]
    )
    assert kinds == [("RunStarted", "", ""), *steps, *undo, ("RunEnded", "", "")]
    if not good:
        verify = next(e for e in output.of(StepEnded) if e.step == "verify")
        assert f"exit code {int(Exit.FAILED)}" in str(verify.error)
        (ended,) = output.of(RunEnded)
        assert (ended.status, str(ended.error)) == (Status.UNDONE, str(verify.error))


def test_waiting_needs_the_right_to_watch(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    sternway_sandbox.access.deny("watch", "workflows", "argoproj.io")
    with pytest.raises(Refused, match="may not watch workflows"):
        submitted(sternway_sandbox.kubeconfig, written(tmp_path))
    assert argo.list(API, "Workflow", "shop").items == []


def test_pods_that_wait_and_counts_are_told(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path) as controller:

        def stuck(step: str, action: Action, name: str) -> None:
            if step == "verify":
                for message in ("ErrImagePull: no", "ImagePullBackOff: no", "ErrImagePull: no"):
                    node = f"{name}-execute-verify(0)"
                    controller.node(name, node, "Pod", "execute-verify", "Pending", message=message)

        controller.before = stuck
        verify = controller.session.steps["verify"]
        controller.session.steps = Steps(
            {**controller.session.steps.own, "verify": _Counting(verify, controller)}, tuple
        )
        code, output = submitted(sternway_sandbox.kubeconfig, path)
    assert code == 0
    assert output.notes == [f"execute verify waits: {why}: no" for why in ("ErrImagePull", "ImagePullBackOff")]
    counts = [(e.progress.done, e.progress.wanted) for e in output.of(StepProgress) if e.progress.wanted]
    assert counts == [(2, 3)]


class _Counting:
    def __init__(self, step: Any, controller: Controller) -> None:
        self.spec, self._step, self._controller = step.spec, step, controller

    def execute(self, context: Any) -> Any:
        (workflow,) = self._controller.client.list(API, "Workflow", "shop").items
        name = workflow["metadata"]["name"]
        for progress in ("", "0/1", "2/3", "2/3"):
            self._controller.node(
                name, f"{name}-execute-verify(0)", "Pod", "execute-verify", "Running", progress=progress
            )
        return self._step.execute(context)


def test_the_api_server_may_go_away_for_a_while(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path)
    faults, output = sternway_sandbox.faults, Recorder()

    away_for: list[int] = []

    def ours(request: Request) -> bool:
        return "fieldSelector=metadata.name" in request.query

    with (
        Controller(sternway_sandbox.kubeconfig, path) as controller,
        Session(kubeconfig=sternway_sandbox.kubeconfig) as session,
    ):
        session.client.transport._patience = session.book.transport._patience = (
            0.0  # its own tries are tested elsewhere
        )
        faults.when(lambda r: ours(r) and "watch=1" not in r.query, fail(503), times=2)
        faults.when(lambda r: ours(r) and "watch=1" in r.query, fail(410, "Expired"))
        faults.when(lambda r: ours(r) and "watch=1" in r.query, cut())

        def away(step: str, action: Action, name: str) -> None:
            if step == "deploy":
                # The list, twice in vain; a watch, expired; a list; a watch, cut; a watch.
                until(lambda: sum(ours(r) for r in faults.requests) >= 6)
                away_for.extend([503, 503])

        read = session.book.list

        def read_later(*arguments: Any, **keys: Any) -> Any:
            if away_for:
                raise ApiError("GET", "/secrets", away_for.pop(), "ServiceUnavailable", "away")
            return read(*arguments, **keys)

        session.book.list = read_later  # type: ignore[method-assign]
        controller.before = away
        code = start(session, output, read_submission(str(path), (), {}, StringIO()), str(path), True, True)
    assert code == 0
    assert (away_for, output.notes) == ([], [])
    assert [e.step for e in output.of(StepEnded)] == ["validate", "deploy", "verify"]


def test_what_ended_is_told_before_what_began_whatever_the_clocks_say() -> None:
    plan = make_plan(Config(name="t").steps, {name: step.spec for name, step in builtin_steps().items()})
    events: list[Any] = []
    emitter = EventEmitter(plan, events.append, ArgoConfig())
    deploy = Attempt("deploy", Action.EXECUTE, 1, "2026-11-24T10:00:09+00:00", "", "", {})
    emitter.update([deploy], None, {})
    done = Attempt("deploy", Action.EXECUTE, 1, deploy.began, "2026-11-24T10:00:10+00:00", "done", {"summary": "all"})
    early = Attempt("verify", Action.EXECUTE, 1, "2026-11-24T10:00:05+00:00", "", "", {})
    emitter.update([early, done], None, {})
    emitter.update([early, done], None, {})
    assert [(type(e).__name__, e.step) for e in events] == [
        ("StepStarted", "deploy"),
        ("StepEnded", "deploy"),
        ("StepStarted", "verify"),
    ]
    assert (events[1].summary, events[1].seconds, events[1].error) == ("all", 1.0, None)
    emitter.update([early, done], "the deadline passed", {("verify", Action.EXECUTE): "killed"})
    assert isinstance(events[3].error, Stopped)
    assert "killed" in str(events[3].error)
    assert events[4].because == "attempt 1 of step verify was cut off"


def test_programs_read_the_lines_of_a_run(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path):
        done = sternway(
            "submit",
            "-c",
            str(path),
            "--apply",
            "--wait",
            "-o",
            "json",
            "-s",
            BAD,
            kubeconfig=sternway_sandbox.kubeconfig,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == Exit.FAILED, done.stderr
    assert [line["type"] for line in lines if line["type"] != "step-progress"] == [
        "submitted", "run-started", *["step-started", "step-ended"] * 3, "undo-started", "step-started", "step-ended", "run-ended",
    ]  # fmt: skip
    failed = next(line for line in lines if line.get("step") == "verify" and line["type"] == "step-ended")
    assert failed["error"]["kind"] == "Failed"
    assert failed["error"]["details"]["cause"]
    assert lines[-1]["run"] == lines[0]["run"]
    assert (lines[-1]["status"], lines[-1]["exit_code"], lines[-1]["error"]["kind"]) == ("undone", 4, "Failed")


def test_the_closing_command_has_the_option_that_the_undo_needs(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written(tmp_path)
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.run(load(path)).exit_code == 0
    with Controller(sternway_sandbox.kubeconfig, path) as controller:

        def meddle(step: str, action: Action, name: str) -> None:
            if action is Action.ROLLBACK:
                container = {"name": "web", "image": "theirs:1"}
                change = {"spec": {"template": {"spec": {"containers": [container]}}}}
                argo.apply(
                    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, **change},
                    manager="somebody", force=True,
                )  # fmt: skip

        controller.before = meddle
        arguments = ("submit", "-c", str(path), "--apply", "--wait", "-s", BAD)
        done = sternway(*arguments, kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == Exit.ROLLBACK_FAILED, done.stdout + done.stderr
    run = done.stdout.partition(", run ")[2].split()[0]
    assert f"sternway rollback shop/{run} --on-conflict merge (merge leaves what others set" in done.stdout
    back = sternway("rollback", run, "--on-conflict", "force", kubeconfig=sternway_sandbox.kubeconfig)
    assert back.returncode == 0, back.stdout + back.stderr


@pytest.mark.parametrize("twice", [False, True])
def test_a_signal_stops_the_workflow_and_the_undo_is_followed(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, twice: bool
) -> None:
    path = written(tmp_path, env={"APP_MODE": "unready"}, verify={"deadline": "2m"})
    hold = threading.Event()
    with Controller(sternway_sandbox.kubeconfig, path) as controller:
        controller.before = lambda step, action, name: hold.wait(20) if twice and action is Action.ROLLBACK else None
        process = subprocess.Popen(
            command("submit", "-c", str(path), "--apply", "--wait"),
            env={**os.environ, "KUBECONFIG": sternway_sandbox.kubeconfig}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if " verify: " in line:
                break
        process.send_signal(signal.SIGTERM)
        if twice:
            for line in process.stdout:
                lines.append(line)
                if " undo: " in line:
                    break
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        hold.set()
        text = "".join(lines) + out
        (workflow,) = argo.list(API, "Workflow", "shop").items
        assert workflow["spec"]["shutdown"] == "Stop"
        until(lambda: controller.workflow(workflow["metadata"]["name"])["status"]["phase"] == "Failed")
    assert process.returncode == Exit.STOPPED, text + err
    assert "undo: deploy" in text
    if twice:
        assert "Argo goes on, and undoes the run" in err
        assert "rollback deploy" not in text
    else:
        assert ": undone after" in text
        assert "deleted deployment.apps/web" in text
    assert argo.get(Ref("apps/v1", "Deployment", "shop", "web")) is None
