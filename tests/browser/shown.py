"""Runs whose pages are looked at in a browser: one with all that a page can hold, one of foreign text alone."""

from __future__ import annotations

from typing import Any

from sternway_steps.journal.replay import Attempt, Status, Story
from sternway_steps.objects.ref import Ref
from sternway_steps.release.shown_fields import Field
from sternway_steps.saga.recorded_changes import RecordedChange
from sternway_steps.spec import Action

Shown = tuple[Story, list[RecordedChange]]
_DAY = "2026-11-24T10:15:"
_IMAGE = "spec.template.spec.containers[name=web].image"


def _attempt(step: str, action: Action, began: float, ended: float, result: str, **data: Any) -> Attempt:
    times = [f"{_DAY}{second:06.3f}+00:00" for second in (began, ended)]
    return Attempt(step, action, data.pop("number", 1), *times, result, data, data.pop("intended", False))


def _item(what: str, result: str, why: str = "", *fields: str) -> dict[str, Any]:
    return {"what": what, "result": result, "why": why, "fields": list(fields)}


def _failure(name: str, why: str, *log: str) -> dict[str, Any]:
    events = [f"BackOff: Back-off restarting failed container {name} in pod {name}-6c7dc56dbf-8lcqs_shop(0d3c)"]
    return {"object": f"deployment.apps/{name} in shop", "why": why, "pod": f"{name}-6c7dc56dbf-8lcqs", "container": name, "done": 1, "wanted": 3, "events": events, "log": log}  # fmt: skip


def whole() -> Shown:
    """Give a run with a group, a retry, two workloads that fail, an undo that leaves something, and a step at the end."""
    web, worker = "deployment.apps/web in shop", "deployment.apps/worker in shop"
    first = _failure("web", "CrashLoopBackOff: exit code 1, 3 restarts", "Traceback (most recent call last):", '  File "/app/main.py", line 3', "KeyError: 'DATABASE_URL'")  # fmt: skip
    details = {
        **first,
        "failures": [first, _failure("worker", "CrashLoopBackOff: exit code 1, 3 restarts", "no broker")],
    }
    error = f"{web}: CrashLoopBackOff: exit code 1, 3 restarts; also failed: {worker}"
    kept = _item(
        "configmap/settings in shop", "conflict", "somebody else changed after this run: data.mode (kubectl-edit)"
    )
    attempts = (
        _attempt("validate", Action.EXECUTE, 0, 0.4, "done", summary="4 objects are valid, and every right is there to deploy and to undo"),
        _attempt("build", Action.EXECUTE, 0.4, 9, "done", summary="pushed registry.example/shop/web@sha256:5c1f", intended=True),
        _attempt("assets", Action.EXECUTE, 0.4, 4, "transient", error="the bucket does not answer: 503", remedy="it is tried again"),
        _attempt("assets", Action.EXECUTE, 5, 11, "done", number=2, summary="ended with exit code 0", intended=True),
        _attempt("deploy", Action.EXECUTE, 11, 12.5, "done", intended=True, summary="1 created, 2 changed, 1 unchanged", items=[
            _item("configmap/settings in shop", "changed", "", "data.mode"), _item("secret/keys in shop", "created"),
            _item(web, "changed", "", _IMAGE), _item("service/web in shop", "unchanged"),
        ]),
        _attempt("mail", Action.EXECUTE, 12.5, 13, "done", intended=True, summary="ended with exit code 0"),
        _attempt("verify", Action.EXECUTE, 13, 41, "failed", error=error, remedy="mend what the log says", details=details),
        _attempt("deploy", Action.ROLLBACK, 41, 52, "rollbackfailed", error="1 object could not be put back", items=[
            _item("secret/keys in shop", "deleted"), _item(web, "restored", "", _IMAGE), kept,
        ]),
        _attempt("assets", Action.ROLLBACK, 52, 53, "done", summary="ended with exit code 0"),
        _attempt("build", Action.ROLLBACK, 52, 54, "done", summary="registry.example/shop/web:1.5.0 is as before"),
    )  # fmt: skip
    names = [["validate"], ["build", "assets"], ["deploy"], ["mail"], ["verify"]]
    uses = {"assets": "command", "mail": "command"}
    groups = [[{"name": name, "uses": uses.get(name, name)} for name in group] for group in names]
    story = Story(
        run="20261124-101500-3fa9c1", target="shop.web", started=f"{_DAY}00.000+00:00", ended=f"{_DAY}54.200+00:00",
        status=Status.ROLLBACK_FAILED, error=error, stepwise=False, attempts=attempts, stays=("mail",), place="shop", exit_code=5,
        config={"steps": [group if len(group) > 1 else group[0] for group in groups]},
        by={"user": "ada", "host": "laptop", "version": "0.1.0"},
        after=(_attempt("tell", Action.EXECUTE, 54.2, 55, "done", summary="ended with exit code 0"),),
    )  # fmt: skip
    text = "".join(f"line {number}\n" for number in range(1, 20))
    return story, [
        RecordedChange("deploy", Ref("v1", "ConfigMap", "shop", "settings"), "changed", (
            Field("data.mode", "slow", "fast", had=True, has=True), Field("data[nginx.conf]", text, text.replace("line 9\n", "line nine\n"), had=True, has=True),
        )),
        RecordedChange("deploy", Ref("v1", "Secret", "shop", "keys"), "created", (Field("data.token", None, "(hidden)", had=False, has=True),)),
        RecordedChange("deploy", Ref("apps/v1", "Deployment", "shop", "web"), "changed", (
            Field(_IMAGE, "registry.example/shop/web:1.4.2", "registry.example/shop/web:1.5.0", had=True, has=True),
            Field("spec.template.spec.containers[name=web].env[name=DATABASE_URL]", {"name": "DATABASE_URL", "value": "postgres://db"}, None, had=True, has=False),
        )),
    ]  # fmt: skip


def succeeded() -> Shown:
    """Give a run of which nothing is to be told but that it went well."""
    attempts = tuple(
        _attempt(name, Action.EXECUTE, n, n + 1, "done", summary="done")
        for n, name in enumerate(("validate", "deploy", "verify"))
    )
    steps = [{"name": one.step, "uses": one.step} for one in attempts]
    times = f"{_DAY}00.000+00:00", f"{_DAY}03.000+00:00"
    return Story("r1", "shop.web", *times, Status.SUCCEEDED, {"steps": steps}, "", stepwise=False, attempts=attempts), []  # fmt: skip
