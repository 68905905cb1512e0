"""Starting a pipeline on Argo and following it; the sandbox is the API server, `Controller` stands for Argo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.cluster.api_error import ApiError
from sternway_steps.cluster.client import Client
from sternway_steps.cluster.discovery import UnknownKind
from sternway_steps.cluster.ref import Ref
from sternway_steps.cluster.watch import Watches
from sternway_steps.config import Config, load
from sternway_steps.errors import Refused, SternwayError, Stopped, Transient
from sternway_steps.events import RunEnded, RunStarted, StepEnded, StepProgress, StepStarted, UndoStarted
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Attempt, Status
from sternway_steps.journal.writer import RunJournal
from sternway_steps.places import open_journal, target_of
from sternway_steps.plan import make_plan
from sternway_steps.report import end_run
from sternway_steps.run import run_step
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Request, cut, fail
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import command, sternway, until

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.pipeline import HASH
from sternway_templates.submit.asked import asked
from sternway_templates.submit.command import Submitted, start
from sternway_templates.submit.telling import Telling
from sternway_templates.submit.version import Version, find_version, known_faults, of_image, of_schema, too_old

API = "argoproj.io/v1alpha1"
BAD = "image=nope:9"


def definition(kind: str, plural: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema or free}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.argoproj.io"},
        "spec": {"group": "argoproj.io", "scope": "Namespaced", "names": {"kind": kind, "plural": plural}, "versions": [version]},
    }  # fmt: skip


@dataclass
class Recorder:
    """An output that keeps what it is told."""

    events: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def event(self, event: Any) -> None:
        self.events.append(event)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def error(self, error: Exception) -> None:
        raise AssertionError(error)

    plan = runs = story = error

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Controller:
    """Does with a Workflow what Argo does: a pod for each step, then the handler; the steps are the real ones."""

    def __init__(self, kubeconfig: str, path: Path, namespace: str = "shop") -> None:
        self.session = Session(kubeconfig=kubeconfig)
        self.client, self.path, self.namespace = self.session.client, path, namespace
        self.before: Callable[[str, Action, str], None] = lambda step, action, name: None
        self.lost: dict[str, bool] = {}
        """Steps whose pods die, and whether they began before that."""
        self._watching = Client.connect(kubeconfig)
        self._watches = Watches(self._watching)
        self._threads = [threading.Thread(target=self._work), threading.Thread(target=self._mind)]
        self.failed: list[BaseException] = []

    def __enter__(self) -> Controller:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watches.close()
        for thread in self._threads:
            thread.join(20)
        self._watching.close()
        self.session.close()
        assert not self.failed, self.failed

    def set(self, name: str, **status: Any) -> None:
        self.client.patch(Ref(API, "Workflow", self.namespace, name), {"status": status}, manager="argo")

    def node(self, name: str, node: str, kind: str, template: str, phase: str, **more: Any) -> None:
        stamps = {"startedAt": f"2026-11-24T10:00:{len(self._names(name, node)):02d}Z"}
        more = {"id": node, "name": node, "type": kind, "templateName": template, "phase": phase, **stamps, **more}
        self.set(name, nodes={node: more})

    def _names(self, name: str, node: str) -> list[str]:
        there = (self.workflow(name).get("status") or {}).get("nodes") or {}
        return list(there)[: list(there).index(node)] if node in there else list(there)

    def workflow(self, name: str) -> dict[str, Any]:
        return self.client.get(Ref(API, "Workflow", self.namespace, name)) or {"status": {}}

    def _mind(self) -> None:
        """Stop the step that runs when the Workflow is to stop; the handler is not stopped."""
        for change, obj in self._watches.follow(API, "Workflow", self.namespace):
            if change == "MODIFIED" and obj["spec"].get("shutdown"):
                self.session.stop.set()
                return

    def _work(self) -> None:
        for change, obj in self._watches.follow(API, "Workflow", self.namespace):
            if change == "ADDED" and "status" not in obj:
                try:
                    self.run(obj)
                except BaseException as error:  # noqa: BLE001
                    self.failed.append(error)
                return

    def run(self, workflow: dict[str, Any]) -> None:
        name, run = workflow["metadata"]["name"], workflow["metadata"]["uid"]
        given = workflow["spec"].get("arguments", {}).get("parameters", [])
        config = load(self.path, overrides=[f"{p['name'].replace('-', '.')}={p['value']}" for p in given])
        plan = make_plan(config.steps, self.session.specs())
        self.set(name, phase="Running")
        self.node(name, name, "Steps", "execute", "Running")
        good = all(self._pod(name, run, config, step.name, Action.EXECUTE, step.retries + 1) for step in plan.steps)
        self.node(
            name, name, "Steps", "execute", "Succeeded" if good else "Failed", message="" if good else "child failed"
        )
        self.node(name, f"{name}.onExit", "Steps", "undo", "Running")
        self.session.stop.clear()
        if not good:
            for step in reversed([step for step in plan.steps if step.undoable]):
                self._pod(name, run, config, step.name, Action.ROLLBACK, 1)
            code = int(end_run(self.session, config, run, "Failed", name, lambda _: None).exit_code)
            self.node(
                name,
                f"{name}-report(0)",
                "Pod",
                "report",
                "Failed",
                message="Error",
                outputs={"exitCode": str(code)},
            )
        self.set(name, phase="Succeeded" if good else "Failed", message="" if good else "child failed")

    def _pod(self, name: str, run: str, config: Any, step: str, action: Action, tries: int) -> bool:
        for number in range(tries):
            node, template = f"{name}-{action.value}-{step}({number})", f"{action.value}-{step}"
            self.node(name, node, "Pod", template, "Pending", message="PodInitializing")
            self.before(step, action, name)
            self.node(name, node, "Pod", template, "Running", message="", progress="0/1")
            if step in self.lost and action is Action.EXECUTE:
                if self.lost[step]:
                    target = target_of(config, self.session.book)
                    RunJournal(open_journal(config, self.session.book)[0], run, target).begin(step, action)
                self.node(name, node, "Pod", template, "Error", message="pod deleted")
                return False
            try:
                code = int(run_step(self.session, config, step, action, run, lambda _: None).exit_code)
            except SternwayError:
                code = 75
            message = f"Error (exit code {code})" if code else ""
            self.node(
                name,
                node,
                "Pod",
                template,
                "Failed" if code else "Succeeded",
                message=message,
                outputs={"exitCode": str(code)},
            )
            if code != Exit.TRANSIENT:
                return code == 0
        return False


@pytest.fixture
def argo(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    for kind, plural in (("Workflow", "workflows"), ("WorkflowTemplate", "workflowtemplates")):
        client.create(definition(kind, plural), manager="test")
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")

    def served() -> bool:
        client.forget_discovery()
        try:
            return bool(client.resource(API, "Workflow") and client.resource(API, "WorkflowTemplate"))
        except UnknownKind:
            return False

    until(served)
    yield client
    client.close()


def written(folder: Path, **keys: Any) -> Path:
    path = folder / "sternway.yaml"
    base = {
        "name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "replicas": 2,
        "verify": {"deadline": "20s", "grace": {"pull": "500ms"}}, **keys,
    }  # fmt: skip
    path.write_text(json.dumps({key: value for key, value in base.items() if value is not None}))
    return path


def submitted(
    kubeconfig: str, path: Path, *overrides: str, wait: bool = True, apply: bool = True
) -> tuple[int, Recorder]:
    output = Recorder()
    with Session(kubeconfig=kubeconfig) as session:
        code = start(session, output, asked(str(path), overrides, {}, StringIO()), str(path), apply, wait)
    return code, output


def shape(events: list[Any]) -> list[Any]:
    """Give what must be alike in both runners: kinds, steps, order, items, errors; not times and counts on the way."""
    found: list[Any] = []
    for event in events:
        match event:
            case RunStarted():
                found.append(("run", event.target, event.steps))
            case StepStarted():
                found.append(("began", event.step, event.action, event.attempt))
            case StepProgress() if event.progress.item is not None:
                found.append(("item", event.step, event.action, event.progress.item))
            case StepEnded():
                error = event.error
                told = (
                    (type(error), str(error), getattr(error, "remedy", None), sorted(getattr(error, "details", {})))
                    if error
                    else None
                )
                found.append(("ended", event.step, event.action, event.items, told, event.retry_in))
            case UndoStarted():
                found.append(("undo", event.because, event.steps, event.stays))
            case RunEnded():
                found.append(
                    ("over", event.status, event.exit_code, str(event.error), [str(e) for e in event.rollback_errors])
                )
    return found


def alone(path: Path, *overrides: str) -> tuple[int, list[Any]]:
    """Run the same in one process, on a cluster of its own where version 1 runs already."""
    events: list[Any] = []
    with Sandbox() as sandbox, Session(kubeconfig=sandbox.kubeconfig) as session:
        session.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")
        assert session.run(load(path)).exit_code == 0
        return int(session.run(load(path, overrides=overrides), events.append).exit_code), events


@pytest.mark.parametrize("overrides", [("image=web:2",), (BAD,)])
def test_a_run_on_argo_reads_like_a_run_in_one_process(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    path = written(tmp_path)
    code, events = alone(path, *overrides)
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.run(load(path)).exit_code == 0
    with Controller(sternway_sandbox.kubeconfig, path):
        got, output = submitted(sternway_sandbox.kubeconfig, path, *overrides)
    assert got == code == (Exit.DONE if overrides == ("image=web:2",) else Exit.FAILED)
    there, here = shape(output.events), shape(events)
    assert isinstance(output.events[0], Submitted)
    assert _comparable(there) == _comparable(here)
    assert output.notes == []


def _comparable(found: list[Any]) -> Any:
    # Pods have names by chance; all else is the same text.
    import re

    return re.sub(r"web-[0-9a-f]+-[0-9a-z]+", "web-POD", repr(found))


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
        controller.session.steps["deploy"] = _AwayOnce(controller.session.steps["deploy"])
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
    argo.delete(Ref(API, "Workflow", "shop", output.events[0].workflow), uid=None, propagation="Background")
    with Controller(sternway_sandbox.kubeconfig, path) as controller:
        controller.lost = {"deploy": False}
        code, output = submitted(sternway_sandbox.kubeconfig, path)
    assert output.notes == ["execute deploy ended before it began: pod deleted"]
    assert [(e.steps, e.because) for e in output.of(UndoStarted)] == [((), "pod deleted")]
    assert code == Exit.STOPPED


@pytest.mark.parametrize(
    ("overrides", "words", "remedy"),
    [
        (("env.LEVEL=debug",), "no parameter of the pipeline; its parameters are image, replicas, env.MODE", "name env.LEVEL under"),
        (("namespace=x",), "no parameter", "parameters:"),
        (("image={{workflow.name}}",), "tag of its own", "{{"),
        (("env.MODE=loud",), "'loud' is not among the values", "quiet, normal"),
    ],
)  # fmt: skip
def test_only_parameters_can_be_changed(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, overrides: tuple[str, ...], words: str, remedy: str
) -> None:
    path = written(
        tmp_path, env={"LEVEL": "info", "MODE": "quiet"}, parameters={"env.MODE": {"enum": ["quiet", "normal"]}}
    )
    with pytest.raises(Refused) as refused:
        submitted(sternway_sandbox.kubeconfig, path, *overrides, wait=False)
    assert words in str(refused.value)
    assert remedy in str(refused.value.remedy)
    assert argo.list(API, "Workflow", "shop").items == []


def test_values_are_checked_as_the_configuration_checks_them(
    sternway_sandbox: Sandbox, argo: Client, tmp_path: Path
) -> None:
    done = sternway(
        "submit",
        "-c",
        str(written(tmp_path)),
        "--set",
        "replicas=many",
        "--apply",
        kubeconfig=sternway_sandbox.kubeconfig,
    )
    assert done.returncode == Exit.USAGE, done.stderr
    assert "--set replicas" in done.stderr
    assert argo.list(API, "WorkflowTemplate", "shop").items == []


def test_the_workflow_is_a_reference_with_values(argo: Client, sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path, env={"A_B": "1"}, parameters={"env.A_B": {}}, argo={"labels": {"team": "a"}})
    done = sternway(
        "submit",
        "-c",
        str(path),
        "--apply",
        "-s",
        "env.A_B=2",
        "-s",
        "image=web:7",
        kubeconfig=sternway_sandbox.kubeconfig,
    )
    assert done.returncode == 0, done.stderr
    (made,) = argo.list(API, "Workflow", "shop").items
    assert made["metadata"]["name"].startswith("web-")
    assert made["metadata"]["labels"]["team"] == "a"
    assert made["metadata"]["labels"]["app.kubernetes.io/name"] == "web"
    assert made["spec"] == {
        "workflowTemplateRef": {"name": "web"},
        "arguments": {"parameters": [{"name": "env-A_B", "value": "2"}, {"name": "image", "value": "web:7"}]},
    }
    uid, name = made["metadata"]["uid"], made["metadata"]["name"]
    assert f"Workflow {name} in namespace shop, run {uid}" in done.stdout
    assert f"sternway show {uid} -n shop" in done.stdout
    assert f"argo get {name} -n shop" in done.stdout
    done = sternway("submit", "-c", str(path), "-o", "json", kubeconfig=sternway_sandbox.kubeconfig)
    told = json.loads(done.stdout)
    assert (told["type"], told["namespace"], told["schema"]) == ("submitted", "shop", 1)
    assert {w["metadata"]["uid"] for w in argo.list(API, "Workflow", "shop").items} == {uid, told["run"]}


def test_a_template_of_another_configuration_is_refused(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    kubeconfig, path = sternway_sandbox.kubeconfig, written(tmp_path)
    with pytest.raises(Refused, match="is not there") as refused:
        submitted(kubeconfig, path, wait=False, apply=False)
    assert f"sternway template --config {path} --output - | kubectl apply --server-side -f -" in str(
        refused.value.remedy
    )
    assert "--apply" in str(refused.value.remedy)
    assert submitted(kubeconfig, path, wait=False)[0] == 0
    assert submitted(kubeconfig, path, wait=False, apply=False)[0] == 0
    written(tmp_path, port=8081)
    with pytest.raises(Refused, match="another configuration"):
        submitted(kubeconfig, path, wait=False, apply=False)
    assert len(argo.list(API, "Workflow", "shop").items) == 2


def test_what_kubectl_applied_is_taken_over_and_what_others_changed_is_not(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written(tmp_path)
    for obj in asked(str(path), (), {}, StringIO()).objects:
        argo.apply(obj, manager="kubectl")
    written(tmp_path, deadline="5m")
    assert submitted(sternway_sandbox.kubeconfig, path, wait=False)[0] == 0
    template = argo.get(Ref(API, "WorkflowTemplate", "shop", "web"))
    assert template is not None
    assert template["spec"]["activeDeadlineSeconds"] == 300
    argo.apply(
        {
            "apiVersion": API,
            "kind": "WorkflowTemplate",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"activeDeadlineSeconds": 7},
        },
        manager="somebody",
        force=True,
    )
    with pytest.raises(Refused, match=r"changed by somebody: spec\.activeDeadlineSeconds"):
        submitted(sternway_sandbox.kubeconfig, path, wait=False)


def test_the_hash_is_of_all_that_is_generated_but_itself(tmp_path: Path) -> None:
    def digest(**keys: Any) -> str:
        return asked(str(written(tmp_path, **keys)), (), {}, StringIO()).digest

    assert digest() == digest()
    assert (
        len({digest(), digest(replicas=3), digest(argo={"annotations": {"a": "b"}}), digest(schedule="1 2 * * *")}) == 4
    )
    template = asked(str(written(tmp_path, argo={"annotations": {"a": "b"}})), (), {}, StringIO()).template
    assert set(template["metadata"]["annotations"]) == {"a", HASH}


def test_a_cluster_without_argo_is_refused(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    done = sternway("submit", "-c", str(written(tmp_path)), "--apply", kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == Exit.REFUSED
    assert "no Argo Workflows on this cluster" in done.stderr
    assert "sternway run" in done.stderr
    assert "sternway-web" not in json.dumps(sternway_sandbox.store.all(("", "ConfigMap")))


def controller_of(image: str, namespace: str = "argo") -> dict[str, Any]:
    labels = {"app": "c"}
    one = {"name": "c", "image": image, "command": ["workflow-controller"]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [one]}}},
    }  # fmt: skip


@pytest.mark.parametrize("everywhere", [True, False])
def test_an_old_argo_is_named_and_one_that_is_too_old_refused(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, everywhere: bool
) -> None:
    argo.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo"}}, manager="test")
    argo.create(controller_of("quay.io/argoproj/workflow-controller:v3.5.4"), manager="test")
    if not everywhere:
        _deny_everywhere(sternway_sandbox, "deployments")
    path = written(tmp_path)
    code, output = submitted(sternway_sandbox.kubeconfig, path, wait=False)
    assert code == 0
    assert [note.partition(": Argo Workflows 3.5.4 is old: ")[0] for note in output.notes] == ["warning"] * 2
    assert any("two runs" in note for note in output.notes)
    assert not any("schedule" in note for note in output.notes), "this pipeline has none"
    argo.patch(
        Ref("apps/v1", "Deployment", "argo", "c"),
        {
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": "c", "image": "workflow-controller:v3.3.1", "command": ["x"]}]}
                }
            }
        },
        manager="test",
    )
    with pytest.raises(Refused, match=r"3\.3\.1 can't run this pipeline"):
        submitted(sternway_sandbox.kubeconfig, path, wait=False)
    assert len(argo.list(API, "Workflow", "shop").items) == 1


def _deny_everywhere(sandbox: Sandbox, plural: str) -> None:
    """Take the right away to list something in all namespaces, and leave that for one of them."""
    check = sandbox.access.check

    def checked(verb: str, kind: Any, subresource: str, namespace: str) -> None:
        if kind.plural == plural and verb == "list" and not namespace:
            from sternway_steps.sandbox.status import StatusError

            raise StatusError(403, "Forbidden", "no")
        check(verb, kind, subresource, namespace)

    sandbox.access.check = checked  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("quay.io/argoproj/workflow-controller:v4.1.2", Version(4, 1, 2)),
        ("localhost:5000/argo/workflow-controller:3.6.0-rc1", Version(3, 6, 0)),
        ("workflow-controller:v3.5.11@sha256:" + "a" * 64, Version(3, 5, 11)),
        ("quay.io/argoproj/workflow-controller:latest", None),
        ("localhost:5000/workflow-controller", None),
        ("workflow-controller@sha256:" + "a" * 64, None),
    ],
)  # fmt: skip
def test_a_version_is_read_from_a_tag(image: str, version: Version | None) -> None:
    assert of_image(image) == version


LOCKS = {
    ("mutexes", "semaphores"): ((4, 0), ()),
    ("mutex", "mutexes", "semaphore"): ((3, 6), ()),
    ("mutex", "semaphore"): ((3, 5), ("mutexes", "schedules")),
}


@pytest.mark.parametrize("locks", LOCKS)
def test_a_definition_tells_the_line(sternway_sandbox: Sandbox, locks: tuple[str, ...]) -> None:
    spec = {
        "type": "object",
        "properties": {"synchronization": {"type": "object", "properties": {k: {} for k in locks}}},
    }
    crd = definition("WorkflowTemplate", "workflowtemplates", {"type": "object", "properties": {"spec": spec}})
    client = Client.connect(sternway_sandbox.kubeconfig)
    assert find_version(client, "shop") is None
    client.create(crd, manager="test")
    sternway_sandbox.access.deny("list", "deployments", "apps")
    found = find_version(client, "shop")
    line, words = LOCKS[locks]
    assert found is not None
    assert (found.major, found.minor) == line
    assert too_old(found) is None
    faults = known_faults(found)
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))
    sternway_sandbox.access.deny("get", "customresourcedefinitions", "apiextensions.k8s.io")
    assert find_version(client, "shop") is None
    client.close()


def test_a_definition_without_a_schema_tells_nothing() -> None:
    assert of_schema(definition("WorkflowTemplate", "workflowtemplates")) is None


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (Version(4, 1, 2), []), (Version(4, 0, 0), []), (Version(3, 7, 0), []), (Version(3, 6, 0), []),
        (Version(3, 5, 11), ["mutexes", "schedules"]), (Version(3, 5, 10), ["mutexes", "schedules", "deadline"]),
        (Version(3, 4, 17), ["mutexes", "schedules", "deadline"]),
    ],
)  # fmt: skip
def test_known_faults(version: Version, words: list[str]) -> None:
    faults = known_faults(version)
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))
    assert [f for f in faults if "schedules" not in f] == list(known_faults(version, scheduled=False))
    assert too_old(version) is None


@pytest.mark.parametrize(("version", "word"), [(Version(3, 3, 9), "WorkflowTaskResults"), (Version(3, 1, 0), "retryStrategy")])  # fmt: skip
def test_a_version_can_be_too_old(version: Version, word: str) -> None:
    assert word in str(too_old(version))


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
    assert ended.rollback_errors[0].remedy == f"sternway rollback {run}"
    assert sternway("rollback", run, kubeconfig=sternway_sandbox.kubeconfig).returncode == 0
    assert argo.get(Ref("apps/v1", "Deployment", "shop", "web")) is None


@pytest.mark.parametrize("override", ["image=web:2", BAD])
def test_without_a_right_to_read_secrets_the_pods_tell(
    argo: Client, sternway_sandbox: Sandbox, tmp_path: Path, override: str
) -> None:
    path = written(tmp_path)
    with Controller(sternway_sandbox.kubeconfig, path), Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        output = Recorder()
        _blind(session)
        code = start(session, output, asked(str(path), (override,), {}, StringIO()), str(path), True, True)
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
    assert kinds == [("Submitted", "", ""), ("RunStarted", "", ""), *steps, *undo, ("RunEnded", "", "")]
    if not good:
        verify = next(e for e in output.of(StepEnded) if e.step == "verify")
        assert f"exit code {int(Exit.FAILED)}" in str(verify.error)
        (ended,) = output.of(RunEnded)
        assert (ended.status, str(ended.error)) == (Status.UNDONE, str(verify.error))


def _blind(session: Session) -> None:
    """Let this session's journal client be refused, as a user without rights on Secrets is."""

    def refused(api_version: str, kind: str, namespace: str | None = None, **_: Any) -> Any:
        raise ApiError("GET", f"/api/v1/namespaces/{namespace}/secrets", 403, "Forbidden", "no")

    session.book.list = refused  # type: ignore[method-assign]


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
        controller.session.steps["verify"] = _Counting(verify, controller)
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
        code = start(session, output, asked(str(path), (), {}, StringIO()), str(path), True, True)
    assert code == 0
    assert (away_for, output.notes) == ([], [])
    assert [e.step for e in output.of(StepEnded)] == ["validate", "deploy", "verify"]


def test_what_ended_is_told_before_what_began_whatever_the_clocks_say() -> None:
    plan = make_plan(Config(name="t").steps, {name: step.spec for name, step in builtin_steps().items()})
    events: list[Any] = []
    telling = Telling(plan, events.append)
    deploy = Attempt("deploy", Action.EXECUTE, 1, "2026-11-24T10:00:09+00:00", "", "", {})
    telling.look([deploy], None, {})
    done = Attempt("deploy", Action.EXECUTE, 1, deploy.began, "2026-11-24T10:00:10+00:00", "done", {"summary": "all"})
    early = Attempt("verify", Action.EXECUTE, 1, "2026-11-24T10:00:05+00:00", "", "", {})
    telling.look([early, done], None, {})
    telling.look([early, done], None, {})
    assert [(type(e).__name__, e.step) for e in events] == [
        ("StepStarted", "deploy"),
        ("StepEnded", "deploy"),
        ("StepStarted", "verify"),
    ]
    assert (events[1].summary, events[1].seconds, events[1].error) == ("all", 1.0, None)
    telling.look([early, done], "the deadline passed", {("verify", Action.EXECUTE): "killed"})
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
            if line.startswith("execute verify"):
                break
        process.send_signal(signal.SIGTERM)
        if twice:
            for line in process.stdout:
                lines.append(line)
                if line.startswith("undo"):
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
