"""Whoever may write Secrets may write a record: no command of it runs that the configuration at hand does not have."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.journal.writer import RunJournal
from sternway_steps.saga.trust import Concern
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import alive, config_map, config_of, sternway

APPLIED = "PATCH /configmaps/m"


def migrate(script: str, undo: str, folder: Path, **more: Any) -> StepConfig:
    options = {"execute": ["sh", "-c", script], "rollback": ["sh", "-c", undo], "folder": str(folder), **more}
    return StepConfig("migrate", "command", {"runner": "process", **options}, effects="reversible")


def config(cluster: Cluster, value: str, *steps: StepConfig, **keys: Any) -> Config:
    return config_of(cluster.namespace, config_map("m", a=value), steps=(*steps, DEFAULT_STEPS[1]), **keys)


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return str(found["data"]["a"]) if found else None


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


@pytest.fixture
def honest(cluster: Cluster, session: Session, tmp_path: Path) -> Config:
    """A configuration, which was deployed once."""
    made = config(cluster, "old", migrate("true", "echo back >> undone", tmp_path))
    assert session.run(made).exit_code == Exit.DONE
    return made


def killed(cluster: Cluster, config: Config) -> str:
    """Leave a run of a configuration as a killed process does; what somebody forges looks no different."""
    run = new_run_id()
    assert dying.run_until(cluster.kubeconfig, config, run, APPLIED) == dying.DIED
    assert value(cluster) == "new"
    return run


@pytest.fixture
def forged(cluster: Cluster, honest: Config, tmp_path: Path) -> str:
    """A run whose record says that `touch stolen` undoes it."""
    return killed(cluster, config(cluster, "new", migrate("true", "touch stolen", tmp_path)))


def stolen(folder: Path) -> bool:
    return (folder / "stolen").exists()


def undone(folder: Path) -> list[str]:
    file = folder / "undone"
    return file.read_text().split() if file.exists() else []


def file_of(config: Config, folder: Path) -> str:
    """Write a configuration as a file, which the command line reads."""
    steps = [
        {"name": s.name, **{k: v for k, v in s.options.items() if k != "folder"}} if s.options else s.name
        for s in config.steps
        if isinstance(s, StepConfig)
    ]
    (folder / "m.yaml").write_text(yaml.safe_dump(config.manifests[0].obj))
    keys = {"name": config.name, "namespace": config.namespace, "manifests": ["m.yaml"], "steps": steps}
    (folder / "sternway.yaml").write_text(yaml.safe_dump(keys))
    return str(folder / "sternway.yaml")


def test_a_person_is_shown_the_command_and_nothing_is_touched_before(
    cluster: Cluster, session: Session, forged: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="touch stolen") as raised:
        session.rollback(forged)
    assert "--trust-journal" in str(raised.value.remedy)
    shown: list[Concern] = []
    with pytest.raises(Refused):
        session.rollback(forged, approve=lambda concerns: bool(shown.extend(concerns)))
    assert [(one.step, "touch stolen" in one.command) for one in shown] == [("migrate", True)]
    assert (stolen(tmp_path), value(cluster), session.story(forged).goes_back()) == (False, "new", False)


@pytest.mark.parametrize("with_config", [True, False])
def test_a_sweep_leaves_it_out_and_undoes_the_rest(
    cluster: Cluster, session: Session, honest: Config, forged: str, tmp_path: Path, with_config: bool
) -> None:
    (swept,) = session.sweep(journal_of=honest if with_config else None)
    assert (swept.run, swept.status, swept.exit_code) == (forged, Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    assert "touch stolen" in swept.message
    assert f"sternway rollback {cluster.namespace}/{forged}" in str(session.story(forged).attempts)
    assert (stolen(tmp_path), undone(tmp_path), value(cluster)) == (False, [], "old")


def test_the_next_run_of_the_target_does_the_same_and_is_refused(
    cluster: Cluster, session: Session, honest: Config, forged: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="touch stolen"):
        session.run(honest)
    assert (stolen(tmp_path), value(cluster)) == (False, "old")
    assert session.story(forged).status is Status.ROLLBACK_FAILED
    assert session.run(honest).status is Status.SUCCEEDED


def test_nothing_of_it_goes_on_forward(cluster: Cluster, session: Session, honest: Config, tmp_path: Path) -> None:
    evil = StepConfig("migrate", "command", {"execute": ["touch", "stolen"], "folder": str(tmp_path)}, effects="none")
    steps = (DEFAULT_STEPS[1], evil)
    run = killed(cluster, replace(config(cluster, "new"), steps=steps, on_interrupt="resume"))
    with pytest.raises(Refused, match="touch stolen"):
        session.resume(run)
    with pytest.raises(Refused, match="touch stolen"):
        session.resume(run, journal_of=honest)
    (swept,) = session.sweep(journal_of=honest)
    assert (swept.status, stolen(tmp_path), value(cluster)) == (Status.UNDONE, False, "old")


def test_what_a_record_would_run_when_the_run_has_ended_is_not_run(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path
) -> None:
    evil = StepConfig(
        "tell", "command", {"execute": ["touch", "stolen"], "folder": str(tmp_path)}, on="always", effects="none"
    )
    run = killed(cluster, config(cluster, "new", on_end=(evil,)))
    with pytest.raises(Refused, match="touch stolen"):
        session.rollback(run)
    (swept,) = session.sweep(journal_of=honest)
    assert (swept.status, stolen(tmp_path), value(cluster)) == (Status.UNDONE, False, "old")
    assert "touch stolen" in swept.message


def test_the_report_of_a_workflow_runs_what_its_own_configuration_says(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path
) -> None:
    evil = StepConfig(
        "tell", "command", {"execute": ["touch", "stolen"], "folder": str(tmp_path)}, on="always", effects="none"
    )
    head = {"config": config(cluster, "new", on_end=(evil,)).to_dict(), "stepwise": True, "workflow": "w"}
    RunJournal(SecretStore(session.book, cluster.namespace), "w1", f"{cluster.namespace}.t").start(head)
    result = session.end(honest, "w1", "Failed", "w")
    assert (result.status, stolen(tmp_path)) == (Status.UNDONE, False)


@pytest.mark.parametrize(
    "says",
    [
        {"runner": "./evil"},
        {"runner": "docker"},
        {"mark": {"VICTIM": "yes"}},
        {"mark": {}},
        {"name": ".*"},
        {"mark": {"STERNWAY_RUN": "another", "STERNWAY_STEP": "migrate"}},
    ],
    ids=str,
)
def test_a_record_can_make_the_undo_end_nothing_else_and_start_no_other_program(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path, says: Mapping[str, Any]
) -> None:
    """What is recorded of a command that may still run says which processes are ended, and by which program."""
    evil = tmp_path / "evil"
    evil.write_text("#!/bin/sh\ntouch stolen\n")
    evil.chmod(0o755)
    journal = RunJournal(SecretStore(session.book, cluster.namespace), "r1", f"{cluster.namespace}.t")
    journal.start({"config": honest.to_dict()})
    mark = {"STERNWAY_RUN": "r1", "STERNWAY_STEP": "migrate", "STERNWAY_ACTION": "execute", "STERNWAY_ATTEMPT": "1"}
    begun = {"runner": "process", "name": "sternway-r1-migrate-execute-1", "place": os.uname().nodename, "mark": mark}
    journal.begin("migrate", Action.EXECUTE).intent({**begun, **says})
    victim = subprocess.Popen(["sleep", "300"], env={**os.environ, "VICTIM": "yes"}, cwd=tmp_path)
    try:
        result = session.rollback("r1", journal_of=honest)
        assert alive(victim.pid)
    finally:
        victim.kill()
        victim.wait()
    assert (result.exit_code, stolen(tmp_path)) == (Exit.ROLLBACK_FAILED, False)
    assert undone(tmp_path) == []


def test_an_image_is_no_other_one_by_what_a_record_hands_on(cluster: Cluster, session: Session) -> None:
    """A digest of a build is appended to the image that the configuration names; it can be nothing but a digest."""
    step = StepConfig("job", "command", {"image": "localhost/app:1", "execute": ["true"], "rollback": ["true"]})
    made = config(
        cluster, "old", replace(step, effects="reversible"), replace(step, name="b", uses="build", options={})
    )
    journal = RunJournal(SecretStore(session.book, cluster.namespace), "r1", f"{cluster.namespace}.t")
    journal.start({"config": made.to_dict()})
    hands_on = {"images": {"localhost/app:1": "evil@sha256:1"}}
    journal.begin("b", Action.EXECUTE).end({"result": "done", "hands_on": hands_on})
    mark = {"STERNWAY_RUN": "r1", "STERNWAY_STEP": "job", "STERNWAY_ACTION": "execute", "STERNWAY_ATTEMPT": "1"}
    begun = {"runner": "kubernetes", "name": "sternway-r1-job-execute-1", "place": cluster.namespace, "mark": mark}
    job = journal.begin("job", Action.EXECUTE)
    job.intent(begun)
    job.evidence({"ended": begun["name"], "code": 0, "started": True, "log": []})
    result = session.rollback("r1", journal_of=made)
    assert result.exit_code == Exit.ROLLBACK_FAILED
    assert "no digest" in "; ".join(map(str, result.rollback_errors))
    assert cluster.client.list("batch/v1", "Job", cluster.namespace).items == []


# What is honest keeps working.


def test_the_same_command_is_run_by_whoever_has_it(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path
) -> None:
    """The values of the run are others than today's; its commands are the same."""
    mine = migrate("true", "echo back >> undone", tmp_path)
    run = killed(cluster, config(cluster, "new", mine))
    (swept,) = session.sweep(journal_of=honest)
    assert (swept.run, swept.status, undone(tmp_path)) == (run, Status.UNDONE, ["back"])
    killed(cluster, config(cluster, "new", mine))
    assert session.run(honest).status is Status.SUCCEEDED
    assert undone(tmp_path) == ["back"] * 2
    good = session.run(honest).run
    assert session.rollback(good, journal_of=honest).status is Status.UNDONE
    assert undone(tmp_path) == ["back"] * 3


def test_a_configuration_that_changed_since_is_named_with_the_remedy_which_works(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path
) -> None:
    changed = config(cluster, "old", migrate("true", "echo other >> undone", tmp_path))
    run = killed(cluster, config(cluster, "new", migrate("true", "echo back >> undone", tmp_path)))
    with pytest.raises(Refused, match="echo other"):
        session.run(changed)
    assert (undone(tmp_path), value(cluster)) == ([], "old")
    assert session.rollback(run, approve=lambda _: True).status is Status.UNDONE
    assert undone(tmp_path) == ["back"]
    assert session.run(changed).status is Status.SUCCEEDED


def test_going_back_over_several_runs_asks_once(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path
) -> None:
    first = session.runs()[0].run
    for word in ("one", "two"):
        made = config(cluster, word, migrate("true", f"echo {word} >> undone", tmp_path))
        assert session.run(made).status is Status.SUCCEEDED
    with pytest.raises(Refused, match="echo two"):
        session.rollback_to(first)
    asked: list[int] = []
    result = session.rollback_to(first, approve=lambda concerns: not asked.append(len(concerns)))
    assert result is not None
    assert (result.status, asked, undone(tmp_path)) == (Status.SUCCEEDED, [2], ["two", "one"])


def test_the_command_line_asks_on_a_terminal_and_else_wants_a_word(
    cluster: Cluster, session: Session, honest: Config, forged: str, tmp_path: Path
) -> None:
    name = f"{cluster.namespace}/{forged}"
    blind = sternway("rollback", name, kubeconfig=cluster.kubeconfig)
    assert (blind.returncode, "touch stolen" in blind.stderr) == (Exit.REFUSED, True), blind.stderr
    assert "--trust-journal" in blind.stderr
    unlike = sternway("rollback", name, "--config", file_of(honest, tmp_path), kubeconfig=cluster.kubeconfig)
    assert (unlike.returncode, "echo back" in unlike.stderr) == (Exit.REFUSED, True), unlike.stderr
    code, said = on_a_terminal("n", "rollback", name, kubeconfig=cluster.kubeconfig)
    assert (code, "touch stolen" in said, stolen(tmp_path)) == (Exit.REFUSED, True, False), said
    code, said = on_a_terminal("y", "rollback", name, kubeconfig=cluster.kubeconfig)
    assert (code, stolen(tmp_path), value(cluster)) == (Exit.DONE, True, "old"), said


def test_an_unfinished_undo_of_a_ci_job_leaves_it_out(
    cluster: Cluster, session: Session, honest: Config, forged: str, tmp_path: Path
) -> None:
    words = ("rollback", f"{cluster.namespace}/{forged}", "--unfinished", "--config", file_of(honest, tmp_path))
    done = sternway(*words, kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.ROLLBACK_FAILED, done.stdout + done.stderr
    assert (stolen(tmp_path), value(cluster)) == (False, "old")
    trusted = sternway("rollback", words[1], "--trust-journal", kubeconfig=cluster.kubeconfig)
    assert (trusted.returncode, stolen(tmp_path)) == (Exit.DONE, True), trusted.stdout + trusted.stderr


def test_what_is_shown_is_all_of_it_and_nothing_that_a_terminal_obeys(
    cluster: Cluster, session: Session, honest: Config, tmp_path: Path
) -> None:
    script = f"true # {'x' * 5000}\n\x1b[2K\r\u202etouch stolen"
    run = killed(cluster, config(cluster, "new", migrate("true", script, tmp_path, env={"WHERE": "/evil"})))
    with pytest.raises(Refused) as raised:
        session.rollback(run)
    (line,) = [line for line in raised.value.message.splitlines() if "x" * 5000 in line]
    assert "touch stolen" in line
    assert "/evil" in line
    assert line.isprintable()


def on_a_terminal(answer: str, *arguments: str, kubeconfig: str) -> tuple[int, str]:
    """Run the command line on a terminal of its own, and answer what it asks."""
    ours, theirs = pty.openpty()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("STERNWAY_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "sternway_steps", *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**environ, "KUBECONFIG": kubeconfig}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    said = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the terminal is closed: nobody has it open any more
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return running.wait(60), said.decode(errors="replace")
