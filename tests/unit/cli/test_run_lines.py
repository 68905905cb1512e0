"""The lines of a run: each says one thing once, the cause first, and at the end what to do next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sternway_steps.cli.github_summary import Summary
from sternway_steps.cli.run_lines import RunLines
from sternway_steps.errors import Bug, Failed, Refused, RollbackFailed, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import (
    Event,
    LogLine,
    RunEnded,
    RunStarted,
    StepEnded,
    StepProgress,
    StepStarted,
    UndoStarted,
)
from sternway_steps.spec import Action, Item, Progress

EXECUTE, ROLLBACK = Action.EXECUTE, Action.ROLLBACK
IMAGE = "spec.template.spec.containers[name=web].image"
WEB, API = "deployment.apps/web in shop", "deployment.apps/api in shop"
PULL = f"{WEB}: ErrImagePull: image registry/nope:9: not found"
EVENT = 'Failed: Failed to pull image "registry/nope:9": rpc error: code = NotFound desc = registry/nope:9: not found'


def failure(*failures: dict[str, Any], **more: Any) -> Failed:
    cause = {"reason": "ErrImagePull", "message": "image registry/nope:9: not found"}
    details = {"object": WEB, "cause": cause, "pod": "web-1", "container": "web", "events": [EVENT], "log": (), **more}
    also = f"; also failed: {', '.join(one['object'] for one in failures[1:])}" if failures else ""
    return Failed(PULL + also, details=details | ({"failures": list(failures)} if failures else {}))


def lines(capsys: pytest.CaptureFixture[str], *events: Event, stamped: bool = False) -> list[str]:
    shown = RunLines(stamped=stamped)
    for event in events:
        shown.event(event)
    return capsys.readouterr().out.splitlines()


def bad_tag(error: Exception) -> list[Event]:
    def progress(step: str, action: Action, *all_of: Progress) -> list[Event]:
        return [StepProgress(step, action, one) for one in all_of]

    def item(what: str, result: str, *fields: str) -> Progress:
        return Progress("", item=Item(what, result, fields=fields))

    return [
        RunStarted("r1", "shop.web", ("validate", "deploy", "verify"), "Secrets in namespace shop", name="shop/r1"),
        StepStarted("validate", EXECUTE, 1),
        *progress("validate", EXECUTE, Progress("asking", passing=True)),
        StepEnded("validate", EXECUTE, "2 objects are valid", 0.1),
        StepStarted("deploy", EXECUTE, 1),
        *progress("deploy", EXECUTE, item("service/web in shop", "unchanged"), item(WEB, "changed", IMAGE)),
        StepEnded("deploy", EXECUTE, "0 created, 1 changed, 1 unchanged", 0.2),
        StepStarted("verify", EXECUTE, 1),
        *progress("verify", EXECUTE, *(Progress(f"{WEB}: {n} of 3", n, 3, passing=True) for n in range(3))),
        StepEnded("verify", EXECUTE, "", 1.2, error=error),
        UndoStarted(str(error), ("deploy",)),
        StepStarted("deploy", ROLLBACK, 1),
        *progress("deploy", ROLLBACK, item("service/web in shop", "restored"), item(WEB, "restored", IMAGE)),
        StepEnded("deploy", ROLLBACK, "2 restored, as before and healthy", 0.4),
        RunEnded("r1", "undone", 4, 2.0, error, name="shop/r1"),
    ]


def test_a_bad_tag_takes_at_most_twelve_lines_with_its_cause_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, *bad_tag(failure())) == [
        "run r1 of shop.web (journal: Secrets in namespace shop)",
        "validate: 2 objects are valid (0.1 s)",
        f"deploy: changed {WEB}: {IMAGE}",
        "deploy: 0 created, 1 changed, 1 unchanged (0.2 s)",
        f"verify failed: {PULL} (1.2 s)",
        "  pod web-1, container web",
        "undo: deploy",
        "rollback deploy: restored service/web in shop",
        f"rollback deploy: restored {WEB}: {IMAGE}",
        "rollback deploy: 2 restored, as before and healthy (0.4 s)",
        "run r1: undone after 2.0 s",
        "next: push that image, or name one that is there, and run again; sternway show shop/r1 tells all of it",
    ]


def test_without_a_terminal_each_line_of_a_step_has_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    written = lines(capsys, *bad_tag(failure()), stamped=True)
    assert len(written) == 12
    without = [line for line in written if not re.match(r"\d\d:\d\d:\d\d \S", line)]
    assert [line.split()[0] for line in without] == ["pod", "next:"]


def test_several_that_failed_are_a_table_below_the_cause_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    web = {
        "object": WEB,
        "why": "ErrImagePull: image registry/nope:9: not found",
        "done": 1,
        "wanted": 2,
        "pod": "web-1",
    }
    api = {
        "object": API,
        "why": "CrashLoopBackOff: it ended",
        "done": 0,
        "wanted": 2,
        "pod": "api-1",
        "log": ["fatal: no db"],
    }
    written = lines(capsys, *bad_tag(failure(web, api)))
    start = next(number for number, line in enumerate(written) if line.startswith("verify failed"))
    assert written[start : start + 7] == [
        f"verify failed: {PULL} (1.2 s)",
        "  FAILED                       PODS  CAUSE",
        f"  {WEB}  1/2   as above",
        f"  {API}  0/2   CrashLoopBackOff: it ended",
        "  pod web-1, container web",
        "  pod api-1",
        "  log | fatal: no db",
    ]
    assert "also failed" not in "\n".join(written)


def test_an_event_that_says_more_than_the_cause_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    written = lines(capsys, *bad_tag(failure(events=[EVENT, "FailedMount: volume settings: not found"])))
    assert [line for line in written if "event" in line] == ["  event FailedMount: volume settings: not found"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("no right", remedy="grant it"), "validate refused: no right (1.0 s)"),
        (Failed("no"), "validate failed: no (1.0 s)"),
        (KeyError("x"), "validate: KeyError: 'x' (1.0 s)"),
        (Bug("KeyError: 'x' at line 1", "KeyError"), "validate: KeyError: 'x' at line 1 (1.0 s)"),
    ],
)
def test_how_a_step_ended_is_named(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = lines(capsys, StepEnded("validate", EXECUTE, "", 1.0, error=error))
    assert first == said
    assert rest == (["  grant it"] if getattr(error, "remedy", None) else [])


@pytest.mark.parametrize(
    "details",
    [
        {"cause": "Dockerfile:2: RUN false: exit code 1", "log": ["#7 ERROR: no"]},  # a build's
        {"cause": ["x"], "log": "x", "events": 5, "failures": "x"},
        {"failures": ["x", {"cause": "y"}, {"events": "x"}]},
    ],
    ids=["text", "wrong", "nested"],
)
def test_whatever_a_step_says_of_its_failure_all_of_it_is_written(
    details: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    error = Failed("build: it failed", details=details)
    ended = (StepEnded("build", EXECUTE, "", 1.0, error=error), RunEnded("r1", Status.UNDONE, Exit.FAILED, 1.0, error))
    first, *rest = lines(capsys, *ended)
    assert first == "build failed: build: it failed (1.0 s)"
    assert ("  log | #7 ERROR: no" in rest) == ("#7 ERROR: no" in str(details))
    assert rest[-1] == "next: sternway show r1 tells all of it; usual causes: sternway explain Failed"
    summary = Summary()
    for event in ended:
        summary.add(event)
    assert "**Failed**: build: it failed" in summary.markdown()


def test_an_undo_that_failed_ends_with_the_command_that_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    error = RollbackFailed("1 of 1 object could not be put back")
    ended = StepEnded("deploy", ROLLBACK, "", 0.4, error=error)
    over = RunEnded("r1", "rollback-failed", 5, 0.4, Failed("first"), (error,), name="shop/r1")
    assert lines(capsys, ended, over) == [
        "rollback deploy failed: 1 of 1 object could not be put back (0.4 s)",
        "run r1: rollback-failed after 0.4 s",
        "  first error: first",
        "next: to finish the undo: sternway rollback shop/r1",
    ]


def test_a_run_that_went_well_has_nothing_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, RunEnded("r1", "succeeded", 0, 1.0)) == ["run r1: succeeded after 1.0 s"]


def test_a_pods_line_names_it_and_drives_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    evil = "\x1b[2J\x1b]0;title\x07::error::stop\r"
    said = lines(capsys, LogLine(WEB, "web-1", "app", evil, "2026-11-29T04:00:00.000000000Z"), stamped=True)
    assert re.fullmatch(r"\d\d:\d\d:\d\d web-1/app \| (%0A)?::error::stop", said[0])


FATAL = "FATAL no database at db:5432"
LOG = ["web starting", FATAL, FATAL]
LONG = "x" * 501
CUT = "x" * 499 + "…"


def crashed(*came: str, late: Sequence[str] = (), pod: str = "web-1", log: Sequence[str] = LOG) -> list[Event]:
    def line(text: str) -> LogLine:
        return LogLine(WEB, pod, "web", text, "2026-11-29T04:00:00.000000000Z")

    ended = StepEnded("verify", EXECUTE, "", 1.0, error=failure(log=log, events=()))
    return [*map(line, came), ended, *map(line, late)]


@pytest.mark.parametrize(
    ("events", "written"),
    [
        (crashed("web starting", FATAL, FATAL), ["web-1/web", "web-1/web", "web-1/web"]),
        (crashed(), ["  log", "  log", "  log"]),
        (crashed("web starting", FATAL), ["web-1/web", "web-1/web", "  log"]),
        (crashed(late=["web starting", FATAL, FATAL, FATAL]), ["  log", "  log", "  log", "web-1/web"]),
        (crashed("web starting", late=[FATAL, FATAL]), ["web-1/web", "  log", "  log"]),
        (crashed(FATAL, pod="web-2"), ["web-2/web", "  log", "  log", "  log"]),
        (crashed(CUT, log=[LONG]), ["web-1/web"]),
        (crashed(late=[CUT], log=[LONG]), ["  log"]),
    ],
    ids=["all came before", "none came", "some came", "all come after", "some come after", "another pod's", "long", "long after"],
)  # fmt: skip
def test_a_line_of_a_log_is_written_as_it_comes_or_below_the_failure_once(
    events: list[Event], written: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert [line.partition(" | ")[0] for line in lines(capsys, *events) if " | " in line] == written


def test_what_was_only_away_needs_no_correction(capsys: pytest.CaptureFixture[str]) -> None:
    error = Transient("the registry localhost:5000 does not answer")
    said = lines(capsys, RunEnded("r1", Status.REFUSED, Exit.TRANSIENT, 1.0, error))
    assert said[-1] == "next: run again when that answers, or is free"
