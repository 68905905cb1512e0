"""The suite for steps of third parties finds each breach of the contract, by the check that is meant for it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.sandbox import Sandbox
from sternway_steps.step import Action
from sternway_steps.testing import StepContract, World
from sternway_steps.testing.lab import Lab
from sternway_steps.testing.limit import Limit
from sternway_steps.testing.trial import Subject
from sternway_steps.testing.world import world

from tests.component.testing import broken
from tests.conftest import ROOT
from tests.helpers import config_map, config_of

CHECKS = {name.removeprefix("test_"): name for name in vars(StepContract) if name.startswith("test_")}
CUT, RETRY, STOP = "it_is_undone_wherever_it_is_cut", "it_is_undone_after_a_retry", "it_stops_when_it_is_asked_to"
FORM, DOES, FOUR = "it_keeps_the_form_of_the_contract", "it_does_what_it_is_for", "it_fails_in_one_of_four_ways"
NOTHING, TWICE = "it_has_nothing_to_undo_when_nothing_ran", "it_can_be_rolled_back_twice"
TWO, NEXT = "it_can_be_rolled_back_by_two_at_once", "a_rollback_is_finished_by_the_next"
BACK, OTHER = "its_rollback_fails_in_one_of_four_ways", "it_is_undone_by_another_process"
LEAVES, RIGHTS = "it_leaves_nothing_if_it_says_so", "it_needs_no_more_rights_than_it_declares"
DEADLINE, STDOUT, SECRET = "it_keeps_its_deadline", "it_leaves_standard_output_alone", "it_shows_no_secret"
ASKED = "it_changes_nothing_when_it_is_asked_beforehand"


class TestGood(StepContract):
    """The good one, as its authors would test it."""

    step = broken.Good

    @pytest.fixture
    def lab(self, tmp_path: Path) -> Any:
        return of_file(broken.Good, tmp_path)


class TestLabels(StepContract):
    step = broken.Labels

    def prepare(self, world: World) -> None:
        world.create(config_map("m"))

    def state(self, world: World) -> Any:
        found = world.read("v1", "ConfigMap", "m")
        return found and (found["metadata"].get("labels") or {})


def of_file(step: Any, folder: Path, longest: float = 300.0) -> Lab:
    file = folder / "word"
    file.write_text("old")
    subject = Subject(step, config_of("default"), {"file": str(file)}, (), None, folder / "journal", Limit(longest))
    return Lab(subject, World(folder), lambda _: file.read_text(), hide=lambda _: {"the password": broken.PASSWORD})


def found(lab: Lab, *names: str) -> dict[str, str]:
    """Give what the checks say that fail, by their names."""
    said = {}
    for name in names:
        try:
            getattr(StepContract(), CHECKS[name])(lab)
        except AssertionError as error:
            said[name] = str(error)
    return said


@pytest.mark.parametrize(
    ("step", "check", "words"),
    [
        (broken.Nameless, FORM, "spec.effects is 'reversible' instead of a member of Effects; spec.options is"),
        (broken.Idle, DOES, "it changed nothing: let state"),
        (broken.Mute, DOES, "gave back NoneType instead of an Outcome"),
        (broken.Secretly, DOES, "it needs no cluster, and asks for one"),
        (broken.Vandal, DOES, "it has no effects .Effects.NONE., and it changed the state"),
        (broken.Generous, DOES, "it hands on images, which spec.hands_on does not name"),
        (broken.IntentLast, CUT, "had changed something, and no intent was in the journal"),
        (broken.NeedsEvidence, CUT, "cut .*: the rollback failed: RollbackFailed: there is no evidence"),
        (broken.LatestIntent, RETRY, "executed again: it was not undone: there is 'new' instead of 'old'"),
        (broken.Deaf, STOP, "it went on: call context.check"),
        (broken.Late, DEADLINE, "its deadline passed before its first change, and it went on: call context.check"),
        (broken.Chatty, STDOUT, "it writes to standard output, .*: 'putting it back'; context.say reports"),
        (broken.NoisyChild, STDOUT, "it writes to standard output, .*: 'hello'; .* a child's output is to be captured"),
        (broken.Leaky, SECRET, "it shows the password by context.say .execute, all went well."),
        (broken.LeakyWhenItFails, SECRET, "it shows the password by its error .rollback, before intent"),
        (broken.Wordy, FOUR, r"ValueError: something went wrong \(.*broken, line \d+, in execute\), which is none of"),
        (broken.RefusesLate, FOUR, "Refused, which promises that nothing was changed, and it had"),
        (broken.Greedy, NOTHING, "rollback of what never ran: .*IndexError"),
        (broken.Once, TWICE, "a second time: the rollback failed: RollbackFailed: it was rolled back already"),
        (broken.Lonely, TWO, "two rollbacks at once, .* FileNotFoundError"),
        (broken.Forgetful, NEXT, "a rollback cut .* was not undone: there is 'new' instead of 'old'"),
        (broken.WordyBack, BACK, "KeyError: 'the journal' .*in _safe., which is none of"),
        (broken.Remembers, OTHER, "the rollback in another process failed: RollbackFailed: nobody knows"),
        (broken.OnItsDisk, OTHER, "another process did not undo it: there is 'new' instead of 'old'"),
        (broken.Liar, LEAVES, "it has no effects .*, and it did: intent is in the journal"),
        (broken.Hasty, ASKED, "its check did: intent is in the journal"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_breach_is_found(step: Any, check: str, words: str, tmp_path: Path) -> None:
    said = found(of_file(step, tmp_path), check)
    assert check in said, "the check passes a step that breaks the contract"
    assert re.search(words, said[check]), said[check]


@pytest.mark.parametrize(
    ("step", "check", "words"),
    [
        (broken.Unlabelled, CUT, "had changed something, and no intent was in the journal"),
        (broken.Tells, SECRET, "it shows key password of Secret db by the log (rollback, all went well)"),
        (broken.TooFewRights, RIGHTS, "the step's rules do not grant patch configmaps"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_breach_in_the_cluster_is_found(step: Any, check: str, words: str, tmp_path: Path, sternway_sandbox: Sandbox) -> None:  # fmt: skip
    with world(tmp_path, sternway_sandbox.kubeconfig) as made:
        made.create(config_map("m"))
        made.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "x" * 8}}
        )
        config = config_of(made.namespace)
        subject = Subject(step, config, {}, (), sternway_sandbox.kubeconfig, tmp_path / "journal")

        def labels(there: World) -> Any:
            read = there.read("v1", "ConfigMap", "m")
            return read and (read["metadata"].get("labels") or {})

        said = found(Lab(subject, made, labels), check)
        assert words in said.get(check, ""), said


def test_every_check_has_a_breach_that_only_it_is_for() -> None:
    """A check that no broken step fails could as well not be there."""
    marks = [m for t in (test_a_breach_is_found, test_a_breach_in_the_cluster_is_found) for m in t.pytestmark]  # type: ignore[attr-defined]
    assert {case[1] for mark in marks for case in mark.args[1]} == set(CHECKS)


@pytest.mark.parametrize("step", [broken.LatestIntent, broken.Lonely, broken.Late, broken.Hasty, broken.Chatty])
def test_one_breach_fails_one_check(step: Any, tmp_path: Path) -> None:
    said = found(of_file(step, tmp_path), *(name for name in CHECKS if name != OTHER))
    assert len(said) == 1, said


def test_what_is_tried_is_every_line_and_every_use_of_the_journal(tmp_path: Path) -> None:
    seen = [what for _, what in of_file(broken.Good, tmp_path).points(Action.EXECUTE)]
    outside = [what for what in seen if not what.startswith("line")]
    assert outside == [f"{when} {what} is in the journal" for what in ("intent", "evidence") for when in ("before", "after")]  # fmt: skip
    lines = [line for line in seen if line.startswith("line")]
    assert len(lines) >= 9, lines
    assert all(line.endswith("of tests.component.testing.broken") for line in lines)


@pytest.mark.parametrize(("step", "check", "words", "longest"), [
    (broken.Slow, DOES, r"execute of good took too long: after [2-9]\.\d s it was still at work at line \d+ of tests.component.testing.broken", 10.0),
    (broken.Slow, OTHER, "execute of good took too long", 10.0),
    (broken.SlowBack, CUT, "rollback of good took too long", 5.0),
])  # fmt: skip
def test_a_slow_step_is_named_and_the_suite_does_not_run_on(step: Any, check: str, words: str, longest: float, tmp_path: Path) -> None:  # fmt: skip
    began = time.monotonic()
    said = found(of_file(step, tmp_path, longest), check)
    assert re.search(words, said.get(check, "")), said
    assert "set `longest` of the suite" in said[check]
    assert time.monotonic() - began < longest + 20


def test_what_takes_too_long_comes_to_no_further_point(tmp_path: Path) -> None:
    """Else it would go on changing the world of the next test."""
    lab = of_file(broken.SlowBack, tmp_path, 5.0)
    trial = lab.trial()
    trial.act(Action.EXECUTE)
    with pytest.raises(AssertionError, match="took too long"):
        trial.act(Action.ROLLBACK)
    [slow] = [thread for thread in threading.enumerate() if thread.name == "rollback of good"]
    slow.join(20)
    assert not slow.is_alive()
    assert (tmp_path / "word").read_text() == "new"


def test_without_pytest_it_says_what_is_missing() -> None:
    code = "import sys; sys.modules['pytest'] = None\nimport sternway_steps.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "sternway_steps.testing needs pytest, which is not installed: pip install pytest" in done.stderr


@pytest.mark.slow
def test_the_step_of_the_readme_passes_by_the_test_of_the_readme(tmp_path: Path) -> None:
    page = (ROOT / "steps/README.md").read_text()
    for name in ("notice_step.py", "test_notice.py"):
        (tmp_path / name).write_text(page.split(f"<!-- {name} -->\n```python\n")[1].split("```")[0])
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."], cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"{len(CHECKS)} passed" in done.stdout, done.stdout + done.stderr
    broken_step = (tmp_path / "notice_step.py").read_text().replace("        context.check()", "        #")
    (tmp_path / "notice_step.py").write_text(broken_step)
    again = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "call context.check() before each change" in again.stdout
