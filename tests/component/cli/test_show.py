"""What `sternway show` says of a run, in words: where it stands, the first failure first, what stays, what comes next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.errors import Abandoned
from sternway_steps.journal.entries import new_run_id
from sternway_steps.objects.ref import Ref
from sternway_steps.release.restore import Restorer
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail
from sternway_steps.session import Session

from tests.helpers import config_map, config_of, deployment, sternway

DEPLOY = (StepConfig("deploy", "deploy"),)
MAIL = StepConfig("mail", "command", {"execute": ["true"]}, effects="irreversible")
SMOKE = StepConfig("smoke", "command", {"execute": ["sh", "-c", "echo the smoke test saw 502; exit 1"]}, retries=0, effects="none")  # fmt: skip


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        yield session


def config(*objects: dict[str, Any], **keys: Any) -> Config:
    keys.setdefault("steps", DEPLOY)
    return config_of("default", *objects, **keys)


def show(sandbox: Sandbox, run: str) -> tuple[list[str], dict[str, Any]]:
    text = sternway("show", run, kubeconfig=sandbox.kubeconfig)
    data = sternway("show", run, "--output", "json", kubeconfig=sandbox.kubeconfig)
    assert (text.returncode, data.returncode) == (0, 0), text.stderr + data.stderr
    return text.stdout.splitlines(), json.loads(data.stdout)


def test_a_success_and_its_undo_by_regret(sternway_sandbox: Sandbox, session: Session) -> None:
    session.run(config(config_map("m", v="1")))
    run = session.run(config(config_map("m", v="2"), config_map("n", v="2"))).run
    lines, data = show(sternway_sandbox, run)
    assert lines[0] == f"run {run} of default.t: succeeded"
    assert lines[1] == "  every step succeeded, and what it changed stands"
    assert "    changed configmap/m in default" in lines
    assert "      data.v" in lines
    assert lines[-1] == f"to undo it: sternway rollback default/{run}"
    assert (data["status"], data["meaning"], data["next"]) == ("succeeded", lines[1].strip(), lines[-1])
    session.rollback(run)
    lines, data = show(sternway_sandbox, run)
    assert lines[1] == "  it had succeeded, and its undo was asked for, and what it had changed was put back"
    assert lines.index("what was done") < lines.index("what was undone")
    assert "    deleted configmap/n in default" in lines
    assert data["next"] == ""


def test_the_first_failure_comes_first_with_its_cause_and_what_stays(
    sternway_sandbox: Sandbox, session: Session
) -> None:
    run = session.run(config(config_map("m", v="1"), steps=(*DEPLOY, MAIL, SMOKE))).run
    lines, data = show(sternway_sandbox, run)
    assert lines[1] == "  it did not succeed, and what it had changed was put back"
    assert lines[3].startswith("first error (in step smoke): sh -c ")
    assert any("the smoke test saw 502" in line for line in lines[3 : lines.index("what was done")])
    assert sum("ended with exit code 1" in line for line in lines) == 1, "one sentence is said once"
    assert lines[lines.index("what stays") + 1] == "  what mail did, which is irreversible"
    assert data["left"] == ["what mail did, which is irreversible"]


def test_a_bad_image_is_told_with_pod_and_events(sternway_sandbox: Sandbox, session: Session) -> None:
    steps = (*DEPLOY, StepConfig("verify", "verify"))
    run = session.run(config(deployment("web", "localhost:5000/nope:9"), steps=steps)).run
    lines, _ = show(sternway_sandbox, run)
    first = next(number for number, line in enumerate(lines) if line.startswith("first error (in step verify)"))
    evidence = lines[first : lines.index("what was done")]
    assert "ErrImagePull" in evidence[0]
    assert any(line.strip().startswith("pod web-") for line in evidence)
    assert any(line.strip().startswith("event Failed") for line in evidence)


def test_what_could_not_be_put_back_is_named_with_the_command(sternway_sandbox: Sandbox, session: Session) -> None:
    session.run(config(config_map("m", v="1"), config_map("n", v="1")))
    run = session.run(config(config_map("m", v="2"), config_map("n", v="2"))).run
    session.client.patch(Ref("v1", "ConfigMap", "default", "m"), {"data": {"v": "theirs"}}, manager="kubectl-edit")
    session.rollback(run)
    lines, _ = show(sternway_sandbox, run)
    assert lines[1] == "  it had succeeded, and its undo was asked for, and not everything could be put back"
    assert lines[lines.index("what stays") + 1].startswith(
        "  configmap/m in default: somebody else changed after this run"
    )
    assert lines[-1].startswith(
        f"to finish the undo: sternway rollback default/{run} --on-conflict merge (merge leaves"
    )
    session.rollback(run, on_conflict="force")
    lines, _ = show(sternway_sandbox, run)
    assert "what stays" not in lines, "what an earlier attempt left is put back now"


def test_a_run_whose_process_is_gone(
    sternway_sandbox: Sandbox, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: object) -> None:
        raise Abandoned

    with monkeypatch.context() as patched:
        patched.setattr(Restorer, "undo", leave)
        run = session.run(config(config_map("m", v="1"), steps=(*DEPLOY, SMOKE))).run
    lines, _ = show(sternway_sandbox, run)
    assert lines[0].endswith("interrupted")
    assert lines[1] == "  its process ended without a word, so what it began is half done or half undone"
    assert (
        lines[-1] == f"the next run of default.t undoes it first; to finish the undo: sternway rollback default/{run}"
    )
    assert session.rollback(run).exit_code == 0
    assert show(sternway_sandbox, run)[0][0].endswith("undone")


def test_a_success_of_which_only_the_end_is_missing(sternway_sandbox: Sandbox, session: Session) -> None:
    run = new_run_id()
    sternway_sandbox.faults.when(lambda r: r.method == "PATCH" and r.path.endswith(f"{run}.run"), fail(403), times=9)
    session.run(config(config_map("m", v="1")), run=run)
    sternway_sandbox.faults.reset()
    lines, _ = show(sternway_sandbox, run)
    assert lines[1] == "  every step succeeded, and only its end is not recorded"
    assert f"sternway rollback default/{run} --unfinished" in lines[-1]
    done = sternway("rollback", run, "--unfinished", kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == 0, done.stdout + done.stderr
    assert show(sternway_sandbox, run)[0][0].endswith("succeeded")


def test_a_way_back(sternway_sandbox: Sandbox, session: Session) -> None:
    one, two, three = (session.run(config(config_map("m", v=v))).run for v in "123")
    back = session.rollback_to(one)
    assert back is not None
    lines, data = show(sternway_sandbox, back.run)
    assert lines[1] == f"  it went back to how things were after run {one}, by undoing {three}, {two}"
    assert (data["back_to"], data["undoes"]) == (one, [three, two])
