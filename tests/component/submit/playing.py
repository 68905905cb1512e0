"""A sandbox on which the tests play Argo's controller, and what a run told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import SternwayError
from sternway_steps.exits import Exit
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.watch import Watches
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
from sternway_steps.saga.events import RunEnded, RunStarted, StepEnded, StepProgress, StepStarted, UndoStarted
from sternway_steps.saga.plan import make_plan
from sternway_steps.saga.pod_logs import Logs
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.submit.start import start
from sternway_templates.submit.submission import read_submission

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
    results: list[tuple[str, Any]] = field(default_factory=list)

    def event(self, event: Any) -> None:
        self.events.append(event)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def result(self, kind: str, data: Any, lines: Any) -> None:
        self.results.append((kind, data))

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
        plan = make_plan(config.steps, self.session.specs(config))
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
            code = int(self.session.end(config, run, "Failed", name, lambda _: None).exit_code)
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
                    at = self.session.locate(config)
                    RunJournal(at.store, run, at.target).begin(step, action)
                self.node(name, node, "Pod", template, "Error", message="pod deleted")
                return False
            try:
                code = int(self.session.step(config, step, action, run, lambda _: None).exit_code)
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


def written(folder: Path, **keys: Any) -> Path:
    path = folder / "sternway.yaml"
    base = {
        "name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "replicas": 2,
        "verify": {"deadline": "20s", "grace": {"pull": "500ms"}}, "argo": {"pods": "each"}, **keys,
    }  # fmt: skip
    path.write_text(json.dumps({key: value for key, value in base.items() if value is not None}))
    return path


def submitted(
    kubeconfig: str, path: Path, *overrides: str, wait: bool = True, apply: bool = True, logs: Logs | None = None
) -> tuple[int, Recorder]:
    output = Recorder()
    with Session(kubeconfig=kubeconfig) as session:
        submission = read_submission(str(path), overrides, {}, StringIO())
        code = start(session, output, submission, str(path), apply, wait, logs)
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


def blind(session: Session) -> None:
    """Let this session's journal client be refused, as a user without rights on Secrets is."""

    def refused(api_version: str, kind: str, namespace: str | None = None, **_: Any) -> Any:
        raise ApiError("GET", f"/api/v1/namespaces/{namespace}/secrets", 403, "Forbidden", "no")

    session.book.list = refused  # type: ignore[method-assign]
