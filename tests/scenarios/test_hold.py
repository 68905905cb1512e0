"""What was undone is not deployed again by a schedule, until its content changes or a person says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config, VerifyConfig
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.errors import Failed, Held, Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import HOLDS
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import Event, Note
from sternway_steps.session import Session
from sternway_steps.spec import Action, Effects, Outcome, StepSpec
from sternway_steps.step import Context

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, sternway


def check(*words: str, **keys: Any) -> StepConfig:
    return StepConfig("check", "command", {"execute": list(words)}, effects="none", **keys)


FAILS = (*DEFAULT_STEPS[:2], check("false", retries=0))


def config(cluster: Cluster, value: str = "new", **keys: Any) -> Config:
    """A configuration that is deployed, and then its check fails."""
    return config_of(cluster.namespace, config_map("m", a=value), **{"steps": FAILS, **keys})


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return str(found["data"]["a"]) if found else None


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


@pytest.fixture
def failed(cluster: Cluster, session: Session) -> str:
    """A run that was undone."""
    result = session.run(config(cluster), unattended=True)
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.FAILED)
    return result.run


def held_by(session: Session, config: Config) -> str:
    told: list[Event] = []
    result = session.run(config, told.append, unattended=True)
    assert (result.status, result.exit_code) == (Status.HELD, Exit.REFUSED)
    assert told == [result.as_event()]
    with pytest.raises(Held, match="held since 2") as raised:
        result.raise_for_status()
    assert "sternway unhold" in str(raised.value.remedy)
    return str(raised.value.details["held_by"])


def test_a_schedule_does_not_deploy_again_what_was_undone(cluster: Cluster, session: Session, failed: str) -> None:
    before = [story.run for story in session.runs()]
    assert held_by(session, config(cluster)) == failed
    assert (held_by(session, config(cluster)), value(cluster)) == (failed, None)
    assert [story.run for story in session.runs()] == before, "a night that is held forgets no run"


def test_parameters_of_the_run_are_no_content(cluster: Cluster, session: Session, failed: str) -> None:
    other = replace(config(cluster), deadline=77.0, history=5, wait_lock=1.0)
    steps = tuple(replace(step, retries=5, deadline=60.0, place="elsewhere:3:1") for step in FAILS)
    assert held_by(session, replace(other, steps=steps)) == failed


def test_other_content_is_deployed(cluster: Cluster, session: Session, failed: str) -> None:
    assert session.run(config(cluster, "newer"), unattended=True).status is Status.UNDONE
    longer = replace(config(cluster), verify=VerifyConfig(deadline=299.0))
    assert session.run(longer, unattended=True).status is Status.UNDONE
    passes = config(cluster, steps=(*DEFAULT_STEPS[:2], check("true")))
    assert session.run(passes, unattended=True).status is Status.SUCCEEDED
    assert held_by(session, config(cluster)) == failed, "each content is held by its own run"


def test_a_person_is_told_and_goes_on(cluster: Cluster, session: Session, failed: str) -> None:
    events: list[Any] = []
    again = session.run(config(cluster), events.append)
    (note,) = [event for event in events if isinstance(event, Note)]
    assert f"run {failed} " in note.message
    assert again.status is Status.UNDONE
    assert held_by(session, config(cluster)) == again.run
    forced = session.run(config(cluster), unattended=True, force_held=True)
    assert forced.status is Status.UNDONE


def test_what_succeeded_since_is_not_held(cluster: Cluster, session: Session) -> None:
    plain = config_of(cluster.namespace, config_map("m", a="x"))
    run = session.run(plain).run
    assert session.rollback(run).status is Status.UNDONE
    assert held_by(session, plain) == run, "the night does not bring back what a person took back"
    assert session.run(plain).status is Status.SUCCEEDED
    assert session.run(plain, unattended=True).status is Status.SUCCEEDED


def test_unhold_by_the_command(cluster: Cluster, session: Session, failed: str, tmp_path: Path) -> None:
    target, where = f"{cluster.namespace}.t", ["--namespace", cluster.namespace]
    ended = session.story(failed).ended
    done = sternway("unhold", target, *where, "--output", "json", kubeconfig=cluster.kubeconfig)
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (line["type"], line["run"], line["since"]) == ("unheld", failed, ended), done.stderr
    again = session.story(failed)
    assert (again.status, again.ended, again.exit_code) == (Status.UNDONE, ended, Exit.FAILED)
    assert session.run(config(cluster), unattended=True).status is Status.UNDONE
    assert sternway("unhold", target, *where, kubeconfig=cluster.kubeconfig).returncode == Exit.DONE
    empty = sternway("unhold", target, *where, kubeconfig=cluster.kubeconfig)
    assert (empty.returncode, empty.stderr) == (Exit.DONE, "nothing is held\n")
    assert sternway("unhold", kubeconfig=cluster.kubeconfig).returncode == Exit.USAGE


def test_the_command_ends_at_once(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump(config_map("m", a="new")))
    fails = {"name": "check", "execute": ["false"], "effects": "none"}
    steps = ["validate", "deploy", fails]
    keys = {"name": "t", "namespace": cluster.namespace, "manifests": ["objects.yaml"], "steps": steps}
    (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(keys))
    words = ["run", "--unattended", "--config", str(tmp_path / "sternway.yaml")]
    first = sternway(*words, kubeconfig=cluster.kubeconfig)
    assert first.returncode == Exit.FAILED, first.stdout + first.stderr
    second = sternway(*words, kubeconfig=cluster.kubeconfig)
    assert second.returncode == Exit.REFUSED
    assert second.stderr.startswith("error: held since 2"), second.stderr
    assert ": held after " in second.stdout
    as_json = sternway(*words, "--output", "json", kubeconfig=cluster.kubeconfig)
    ended, error = map(json.loads, as_json.stdout.splitlines())
    assert (ended["type"], ended["status"], ended["exit_code"]) == ("run-ended", "held", Exit.REFUSED)
    assert ended["name"] == f"{cluster.namespace}/{ended['run']}"
    assert (error["type"], error["kind"]) == ("error", "Held")
    by_environ = {"STERNWAY_UNATTENDED": "true"}
    third = sternway("run", *words[2:], kubeconfig=cluster.kubeconfig, environ=by_environ)
    assert third.returncode == Exit.REFUSED
    told = sternway("run", "--set", "deadline=5m", *words[2:], kubeconfig=cluster.kubeconfig)
    assert told.returncode == Exit.FAILED
    assert "this run goes on" in told.stderr


def test_what_says_nothing_of_the_content_holds_nothing(cluster: Cluster, session: Session) -> None:
    """A deadline, and a process that died: the same may well work tomorrow."""
    late = config(cluster, deadline=1.0, steps=(*DEFAULT_STEPS[1:2], check("sleep", "60")))
    first = session.run(late)
    assert (first.status, first.exit_code) == (Status.UNDONE, Exit.STOPPED)
    assert session.run(late, unattended=True).status is Status.UNDONE
    plain = config_of(cluster.namespace, config_map("m", a="x"), steps=DEFAULT_STEPS[1:])
    died = dying.run_until(cluster.kubeconfig, plain, new_run_id(), "PATCH /configmaps/m")
    assert died == dying.DIED
    assert session.run(plain, unattended=True).status is Status.SUCCEEDED


def test_what_failed_and_died_in_its_undo_is_held(cluster: Cluster, session: Session) -> None:
    run = new_run_id()
    died = dying.run_until(cluster.kubeconfig, config(cluster), run, "DELETE /configmaps/m")
    assert died == dying.DIED
    assert [swept.status for swept in session.sweep()] == [Status.UNDONE]
    assert held_by(session, config(cluster)) == run


def test_a_hold_outlives_the_history(cluster: Cluster, session: Session, failed: str) -> None:
    for number in range(3):
        kept = config_of(cluster.namespace, config_map("n", a=str(number)), history=1)
        assert session.run(kept, unattended=True).status is Status.SUCCEEDED
    assert held_by(session, config(cluster)) == failed
    assert len(session.runs()) == 2
    labels = f"{HOLDS}"
    (found,) = cluster.client.list("v1", "Secret", cluster.namespace, labels=labels).items
    assert failed in found["metadata"]["name"]


def test_the_first_step_on_argo_refuses_and_the_report_tells(cluster: Cluster, session: Session, failed: str) -> None:
    run, wanted = "uid-1", config(cluster)
    before = [story.run for story in session.runs()]
    first = session.step(wanted, "validate", Action.EXECUTE, run, workflow="w", unattended=True)
    assert (first.status, first.exit_code, type(first.error)) == (Status.HELD, Exit.REFUSED, Held)
    assert isinstance(first.error, Held)
    assert first.error.details["held_by"] == failed
    assert session.step(wanted, "deploy", Action.ROLLBACK, run, workflow="w", unattended=True).exit_code == Exit.DONE
    ended = session.end(wanted, run, "Failed", "w", unattended=True)
    assert (ended.status, ended.exit_code, type(ended.error)) == (Status.HELD, Exit.REFUSED, Held)
    assert [story.run for story in session.runs()] == before
    assert value(cluster) is None


def test_step_by_step_a_failure_holds_too(cluster: Cluster, session: Session) -> None:
    wanted = config(cluster)
    for name, code in (("validate", Exit.DONE), ("deploy", Exit.DONE), ("check", Exit.FAILED)):
        assert session.step(wanted, name, Action.EXECUTE, "uid-1", workflow="w").exit_code == code
    session.step(wanted, "deploy", Action.ROLLBACK, "uid-1", workflow="w")
    assert session.end(wanted, "uid-1", "Failed", "w").status is Status.UNDONE
    assert held_by(session, wanted) == "uid-1"


class Builds:
    """A step that hands on the digest of the image that it built."""

    spec = StepSpec("image", needs_cluster=False, hands_on=("images",))

    def __init__(self) -> None:
        self.digest = "sha256:1"

    def execute(self, _context: Context) -> Outcome:
        return Outcome("built", hands_on={"images": {"registry.example/web:1": self.digest}})

    def rollback(self, _context: Context) -> Outcome:
        return Outcome("nothing to undo")


def test_an_image_that_is_built_anew_is_other_content(cluster: Cluster) -> None:
    """Which digest it is shows only when it is built: the step after it refuses, before it changes anything."""
    builds = Builds()
    steps = {**builtin_steps(), "image": builds}
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace, steps=steps) as session:
        wanted = config(cluster, steps=(StepConfig("image", "image"), *FAILS[1:]))
        first = session.run(wanted, unattended=True)
        assert (first.status, type(first.error)) == (Status.UNDONE, Failed)
        second = session.run(wanted, unattended=True)
        assert (type(second.error), second.status, second.exit_code) == (Held, Status.HELD, Exit.REFUSED)
        story = session.story(second.run)
        assert (story.status, story.end["status"]) == (Status.HELD, "refused")  # what older versions read
        assert [one.status for one in session.runs() if one.run == second.run] == [Status.HELD]
        begun = [a.step for a in session.story(second.run).attempts if a.intended]
        assert (begun, value(cluster)) == ([], None)
        builds.digest = "sha256:2"
        third = session.run(wanted, unattended=True)
        assert (third.status, type(third.error)) == (Status.UNDONE, Failed)


class Pushes(Builds):
    """One that changes something by that: a tag."""

    spec = StepSpec("image", effects=Effects.REVERSIBLE, needs_cluster=False, hands_on=("images",))

    def __init__(self) -> None:
        super().__init__()
        self.tag = "old"

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"tag": self.tag})
        self.tag = self.digest
        return super().execute(context)

    def rollback(self, context: Context) -> Outcome:
        self.tag = context.journal.history().execute.intents[0]["tag"]
        return Outcome("put back")


def test_what_was_pushed_to_know_the_content_is_undone_and_the_verdict_says_so(cluster: Cluster) -> None:
    """Before the build nothing tells the digest; after it something was changed, so it is no refusal."""
    pushes = Pushes()
    steps = {**builtin_steps(), "image": pushes}
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace, steps=steps) as session:
        wanted = config(cluster, steps=(StepConfig("image", "image"), *FAILS[1:]))
        first = session.run(wanted, unattended=True)
        held = session.run(wanted, unattended=True)
        assert (held.status, held.exit_code, type(held.error)) == (Status.UNDONE, Exit.FAILED, Held)
        assert "only what was built now told so" in str(held.error)
        assert (pushes.tag, value(cluster)) == ("old", None)
        (hold,) = session.status(journal_of=wanted).holds
        assert hold.run == first.run  # to be held is no failure of the content's own


def test_a_rollback_of_a_rollback_is_refused(cluster: Cluster, session: Session) -> None:
    first = session.run(config_of(cluster.namespace, config_map("m", a="1"))).run
    session.run(config_of(cluster.namespace, config_map("m", a="2")))
    back = session.rollback_to(first)
    assert back is not None
    assert (back.status, value(cluster)) == (Status.SUCCEEDED, "1")
    with pytest.raises(Refused, match="can't be undone"):
        session.rollback(back.run)
    assert value(cluster) == "1"
