"""Steps that share a pod on Argo: what their processes do that Argo does for a step in a pod of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sternway_steps.config import StepConfig
from sternway_steps.config.backoff import Backoff
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import Event, StepEnded
from sternway_steps.saga.repeated import Patience
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import config_map, config_of, sternway

PATIENCE = Patience(2, Backoff(0.01, 0.02))
STEPS = (StepConfig("deploy", "deploy"), StepConfig("verify", "verify"))
CONFIG = config_of("default", config_map("m", a="1"), steps=STEPS)


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        yield session


def attempts(session: Session, run: str) -> list[str]:
    return [f"{a.step} {a.action.value} {a.result}" for a in session.story(run).attempts]


def away(sandbox: Sandbox, status: int = 503, times: int = 1) -> None:
    """Let the server answer so to the next requests about the ConfigMap; a wait of a minute is not the client's own."""
    answer = fail(status, Retry_After="60") if status == 503 else fail(status, "Invalid")
    sandbox.faults.when(lambda request: request.path.endswith("/configmaps/m"), answer, times)


def test_what_may_pass_is_tried_again_in_the_process(session: Session, sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(Backoff, "delay", lambda *_: 0.01)
    told: list[Event] = []
    away(sternway_sandbox)
    result = session.step(CONFIG, "deploy", Action.EXECUTE, "r", told.append, "w", patience=PATIENCE)
    assert result.exit_code == Exit.DONE, result.error
    assert attempts(session, "r") == ["deploy execute transient", "deploy execute done"]
    assert [event.retry_in for event in told if isinstance(event, StepEnded)] == [0.01, None]


def test_a_pod_that_is_made_anew_goes_on_where_the_tries_were(session: Session, sternway_sandbox: Sandbox) -> None:
    away(sternway_sandbox)
    assert session.step(CONFIG, "deploy", Action.EXECUTE, "r", workflow="w").exit_code == Exit.TRANSIENT
    assert session.step(CONFIG, "deploy", Action.EXECUTE, "r", workflow="w", patience=PATIENCE).exit_code == Exit.DONE
    assert session.step(CONFIG, "deploy", Action.EXECUTE, "r", workflow="w", patience=PATIENCE).exit_code == Exit.DONE
    assert attempts(session, "r") == ["deploy execute transient", "deploy execute done"], "what is done is done once"


@pytest.fixture
def here(session: Session, tmp_path: Path) -> Path:
    """Give the folder of a configuration whose deploy is done in run r; no end is recorded."""
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="1")))
    (tmp_path / "sternway.yaml").write_text(
        "name: t\nnamespace: default\nmanifests: [m.yaml]\nsteps: [deploy, verify]\n"
    )
    assert session.step(CONFIG, "deploy", Action.EXECUTE, "r", workflow="w").exit_code == Exit.DONE
    return tmp_path


def report(here: Path, kubeconfig: str, *more: str) -> int:
    arguments = ("report", "--run", "r", "--workflow", "w", "--status", "Failed", "--code-file", str(here / "code"))
    return sternway(*arguments, "-c", str(here / "sternway.yaml"), *more, kubeconfig=kubeconfig).returncode


def code(here: Path) -> str:
    return (here / "code").read_text() if (here / "code").exists() else "none"


def test_a_report_leaves_a_run_open_that_another_round_may_undo(session: Session, sternway_sandbox: Sandbox, here: Path) -> None:  # fmt: skip
    assert report(here, sternway_sandbox.kubeconfig, "--another-round", "true") == Exit.TRANSIENT
    assert (code(here), session.story("r").status) == ("none", Status.OPEN)
    assert session.step(CONFIG, "deploy", Action.ROLLBACK, "r", workflow="w").exit_code == Exit.DONE
    assert report(here, sternway_sandbox.kubeconfig, "--another-round", "false") == Exit.STOPPED
    assert (code(here), session.story("r").status) == (str(int(Exit.STOPPED)), Status.UNDONE)


def test_the_last_round_says_what_it_could_not_undo(session: Session, sternway_sandbox: Sandbox, here: Path) -> None:
    assert report(here, sternway_sandbox.kubeconfig) == Exit.ROLLBACK_FAILED
    assert (code(here), session.story("r").status) == ("5", Status.ROLLBACK_FAILED)


def test_what_failed_for_good_is_not_tried_in_another_round(session: Session, sternway_sandbox: Sandbox, here: Path) -> None:  # fmt: skip
    away(sternway_sandbox, 422, 1000)
    assert session.step(CONFIG, "deploy", Action.ROLLBACK, "r", workflow="w").exit_code == Exit.ROLLBACK_FAILED
    assert report(here, sternway_sandbox.kubeconfig, "--another-round", "true") == Exit.ROLLBACK_FAILED
    assert code(here) == "5"
