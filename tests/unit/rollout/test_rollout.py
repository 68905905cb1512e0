"""What is told of a rollout: of objects that are gone, on the way, and at the end."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from sternway_steps.cli.failure import evidence
from sternway_steps.objects.ref import Ref
from sternway_steps.rollout.absent import Absent, judge_absent
from sternway_steps.rollout.diagnose import Cause, Verdict
from sternway_steps.rollout.progress import ProgressLines
from sternway_steps.rollout.report import succeeded
from sternway_steps.rollout.watch_cache import WatchCache
from sternway_steps.spec import Part
from sternway_steps.step import Progress

from tests.unit.rollout.diagnose.test_diagnose import NOW, ago, event, obj

JOB = Ref("batch/v1", "Job", "n", "x")


def told(reason: str, uid: str = "uid-1", seconds: float = 5, kind: str = "Normal") -> dict[str, Any]:
    about = {"kind": "Job", "name": "x", "uid": uid}
    return {**event(reason, f"{reason} message", uid, seconds, kind), "involvedObject": about}


def job(uid: str = "uid-1") -> dict[str, Any]:
    return obj("batch/v1", "Job", {}, {}, uid=uid)


def gone(*events: Any, uid: str | None = "uid-1", seconds: float = 1, ends_itself: bool = True, ref: Ref = JOB) -> Any:
    return judge_absent(Absent(ref, uid, NOW - timedelta(seconds=seconds), ends_itself), events, NOW)


COMPLETED, MADE = told("Completed"), told("SuccessfulCreate", seconds=9)
GONE: dict[str, tuple[Verdict | None, str, str]] = {
    "completed before anybody looked": (gone(MADE, COMPLETED, uid=None), "ready", "Completed"),
    "failed before anybody looked": (gone(MADE, told("BackoffLimitExceeded", kind="Warning"), uid=None), "failed", "BackoffLimitExceeded"),
    "an earlier one of its name completed": (gone(told("Completed", "uid-0", 99), MADE, uid=None), "", ""),
    "completed, as seen": (gone(COMPLETED), "ready", "Completed"),
    "its last word may come yet": (gone(MADE), "progressing", "Gone"),
    "no last word came": (gone(MADE, seconds=9), "failed", "Deleted"),
    "it has no TTL: somebody deleted it": (gone(MADE, ends_itself=False), "failed", "Deleted"),
    "another one completed": (gone(told("Completed", "uid-0"), seconds=9), "failed", "Deleted"),
    "never there, no word": (gone(uid=None), "", ""),
    "no Job": (gone(ref=Ref("v1", "Pod", "n", "x")), "failed", "Deleted"),
}  # fmt: skip


@pytest.mark.parametrize("case", GONE)
def test_what_is_known_of_an_object_that_is_gone(case: str) -> None:
    verdict, state, reason = GONE[case]
    assert (verdict.state, verdict.reason) == (state, reason) if verdict else (state, reason) == ("", "")


def test_an_object_that_went_keeps_its_last_state() -> None:
    observed, made = WatchCache(), job()
    assert observed.store("ADDED", made)
    assert not observed.store("DELETED", job("uid-0"))
    assert observed.get(JOB) == made
    assert observed.store("DELETED", made)
    assert (observed.get(JOB), observed.deleted(JOB)[0]) == (None, made)


REF = Ref("apps/v1", "Deployment", "n", "web")


def held(reason: str, message: str, done: int = 0) -> dict[Ref, Verdict]:
    return {REF: Verdict("progressing", reason, message, Cause(reason, message), done, 2)}


def test_nearly_equal_lines_are_one() -> None:
    heard: list[Progress] = []
    lines = ProgressLines(heard.append)
    for number in range(4):
        for reason in ("ErrImagePull", "ImagePullBackOff"):
            found = held(reason, f"image web:9: pod web-{number}: " + "not now, " * 80)
            lines.report(found, found)
    assert len(heard) == 1
    assert len(heard[0].message) <= 200
    more = held("ErrImagePull", "image web:9", done=1)
    lines.report(more, more)
    assert [(line.done, line.wanted) for line in heard] == [(0, 2), (1, 2)]


def test_what_is_waited_for_is_told_part_by_part_with_the_time_left() -> None:
    heard: list[Progress] = []
    lines = ProgressLines(heard.append, time.monotonic() + 60)
    web, job = Verdict("progressing", "", "1 of 2", done=1, wanted=2), Verdict("progressing", "", "it runs")
    lines.report({REF: web, JOB: job}, {REF: web, JOB: job})
    lines.report({REF: web, JOB: job}, {REF: web, JOB: job})
    (told,) = heard
    assert told.parts == (Part(str(REF), 1, 2, "1 of 2"), Part(str(JOB), 0, 1, "it runs"))
    assert told.passing
    assert told.left is not None
    assert 0 < told.left <= 60
    ProgressLines(heard.append).report({REF: web}, {REF: web})
    assert heard[-1].left is None


def test_what_is_held_on_purpose_is_told_at_the_end() -> None:
    found = {REF: Verdict("ready", "Paused", "paused: until"), JOB: Verdict("ready", "Complete", "1 of 1 completed")}
    assert succeeded(found).summary == "2 objects are ready; deployment.apps/web in n is paused: until"


def failure(name: str, why: str, *, pod: str = "", **more: Any) -> dict[str, Any]:
    return {"object": f"deployment.apps/{name}", "why": why, "done": 0, "wanted": 2, "pod": pod, **more}


def test_what_failed_too_is_a_table_and_nothing_is_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    first = failure("a", "Unschedulable: pod a-1 fits on no node", pod="a-1", events=["FailedScheduling: no"])
    second = failure("b", "Unschedulable: pod b-1 fits on no node", pod="b-1", events=["FailedScheduling: no"])
    third = failure("long-name", "CrashLoopBackOff: container c ended", pod="c-1", container="c", log=["fatal: no db"])
    evidence({**first, "failures": [first, second, third]})
    assert capsys.readouterr().out.splitlines() == [
        "  FAILED                     PODS  CAUSE",
        "  deployment.apps/a          0/2   as above",
        "  deployment.apps/b          0/2   the same",
        "  deployment.apps/long-name  0/2   CrashLoopBackOff: container c ended",
        "  pod a-1",
        "  event FailedScheduling: no",
        "  pod b-1",
        "  pod c-1, container c",
        "  log | fatal: no db",
    ]


def test_one_failure_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    evidence({"pod": "p", "container": "c", "log": ["x", "x"], "events": [f"Failed: at {ago(1)}"]})
    assert capsys.readouterr().out.splitlines()[0] == "  pod p, container c"
