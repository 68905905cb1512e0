"""The next pod of a Job takes up what an earlier one left: its undo, or the deployment that a stop or a lock kept it from."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config, VerifyConfig
from sternway_steps.config.schema import DEFAULT_STEPS
from sternway_steps.errors import Failed, Refused, Stopped, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.locks.lock import held
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import Event, Note, StepStarted
from sternway_steps.saga.job import Job
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, deployment, sternway

NIGHT = "web-29384756"
APPLIED, UNDOES = "PATCH /configmaps/m", "DELETE /deployments/d"
NO_CHECK = DEFAULT_STEPS[1:]


def config(cluster: Cluster, value: str, **keys: Any) -> Config:
    return config_of(cluster.namespace, config_map("m", a=value), **{"steps": NO_CHECK, **keys})


def job_of(cluster: Cluster) -> Job:
    return Job(cluster.namespace, NIGHT, str(uuid.uuid4()))


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return str(found["data"]["a"]) if found else None


def killed(cluster: Cluster, job: Job, config: Config, at: str = APPLIED, run: str = NIGHT) -> None:
    assert dying.run_until(cluster.kubeconfig, config, run, at, job) == dying.DIED


def events_on(cluster: Cluster, job: Job) -> list[tuple[str, str, str]]:
    found = cluster.client.list("v1", "Event", cluster.namespace).items
    mine = [e for e in found if e["involvedObject"].get("uid") == job.uid]
    return [(e["type"], e["reason"], e["message"]) for e in mine]


def test_what_was_killed_is_undone_and_run_again_once(cluster: Cluster, session: Session) -> None:
    session.run(config(cluster, "old"))
    job, new = job_of(cluster), config(cluster, "new")
    killed(cluster, job, new)
    killed(cluster, job, new)  # it undoes the first one, begins the second, and is killed there, too
    first, second = (session.story(f"{cluster.namespace}/{run}") for run in (NIGHT, f"{NIGHT}-2"))
    assert (first.status, second.status) == (Status.UNDONE, Status.INTERRUPTED)
    assert first.job == second.job == job.as_record()["job"]
    heard: list[Event] = []
    ended = session.run(new, heard.append, run=NIGHT, job=job)
    assert (ended.status, ended.exit_code, type(ended.error)) == (Status.UNDONE, Exit.STOPPED, Stopped)
    assert value(cluster) == "old", "what is killed twice is left at that"
    assert not [e for e in heard if isinstance(e, StepStarted) and e.action == "execute"]
    assert session.run(new, run=NIGHT, job=job).exit_code == Exit.STOPPED, "the next pod says the same"


def test_what_was_stopped_is_run_again(cluster: Cluster, session: Session) -> None:
    session.run(config(cluster, "old"))
    job, new = job_of(cluster), config(cluster, "new")
    killed(cluster, job, new)
    again = session.run(new, run=NIGHT, job=job)
    assert (again.run, again.status, value(cluster)) == (f"{NIGHT}-2", Status.SUCCEEDED, "new")
    notes: list[Event] = []
    told = session.run(new, notes.append, run=NIGHT, job=job)
    assert (told.run, told.status, told.exit_code) == (again.run, Status.SUCCEEDED, Exit.DONE)
    assert any(isinstance(e, Note) and "has ended" in e.message for e in notes)


def test_what_failed_and_was_killed_in_its_undo_fails(cluster: Cluster, session: Session) -> None:
    """It is not begun anew: what failed would fail again."""
    session.run(config(cluster, "old"))
    bad = config_of(
        cluster.namespace, config_map("m", a="new"), deployment("d", "localhost:5000/nope:9"), steps=NO_CHECK
    )
    job = job_of(cluster)
    killed(cluster, job, replace(bad, verify=VerifyConfig(deadline=20)), UNDOES)
    ended = session.run(bad, run=NIGHT, job=job)
    assert (ended.status, ended.exit_code, type(ended.error)) == (Status.UNDONE, Exit.FAILED, Failed)
    assert value(cluster) == "old"
    assert cluster.get("apps/v1", "Deployment", "d") is None


def test_who_met_a_held_lock_runs_when_it_is_free(cluster: Cluster, session: Session) -> None:
    mine, job = config(cluster, "new"), job_of(cluster)
    at = session.locate(mine)
    with held(at.store.lock(at.target), "somebody", session.stop), pytest.raises(Transient, match="at work"):
        session.run(mine, run=NIGHT, job=job)
    ended = session.run(mine, run=NIGHT, job=job)
    assert (ended.run, ended.status) == (NIGHT, Status.SUCCEEDED)


def test_what_is_left_open_waits_for_who_is_at_work(cluster: Cluster, session: Session) -> None:
    mine, job = config(cluster, "new"), job_of(cluster)
    killed(cluster, job, mine)
    at = session.locate(mine)
    with held(at.store.lock(at.target), "sweeper", session.stop), pytest.raises(Transient, match="at work"):
        session.run(mine, run=NIGHT, job=job)
    assert session.run(mine, run=NIGHT, job=job).run == f"{NIGHT}-2"


def test_what_a_sweep_has_ended_is_taken_up_too_and_told_on_its_job(cluster: Cluster) -> None:
    mine, job = config(cluster, "new"), job_of(cluster)
    killed(cluster, job, mine)
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        (swept,) = session.sweep()
        assert swept.status is Status.UNDONE
        ((kind, reason, message),) = events_on(cluster, job)
        assert (kind, reason) == ("Warning", "Swept")
        assert f"run {NIGHT}: undone" in message
        assert session.run(mine, run=NIGHT, job=job).run == f"{NIGHT}-2"


@pytest.mark.parametrize("policy", ["resume", "report"])
def test_its_configuration_says_what_becomes_of_it(cluster: Cluster, session: Session, policy: str) -> None:
    mine, job = config(cluster, "new", on_interrupt=policy), job_of(cluster)
    killed(cluster, job, mine)
    if policy == "report":
        with pytest.raises(Refused, match="leaves it to you"):
            session.run(mine, run=NIGHT, job=job)
        assert value(cluster) == "new"
    else:
        ended = session.run(mine, run=NIGHT, job=job)
        assert (ended.run, ended.status) == (NIGHT, Status.SUCCEEDED)


def test_the_name_of_another_job_is_taken(cluster: Cluster, session: Session) -> None:
    mine = config(cluster, "new")
    assert session.run(mine, run=NIGHT, job=job_of(cluster)).status is Status.SUCCEEDED
    with pytest.raises(Refused, match="is in the journal already, of another Job") as taken:
        session.run(mine, run=NIGHT, job=job_of(cluster))
    remedy = f"give the Job another name: kubectl -n {cluster.namespace} create job NAME --from=cronjob/t"
    assert taken.value.remedy == remedy


def test_a_long_name_leaves_room_for_the_number() -> None:
    job = Job("shop", "n", "u")
    names = {job.id_of(f"{'n' * 52}-{minute}", number) for minute in (29384756, 29384757) for number in (1, 2, 3)}
    assert (len(names), max(map(len, names))) == (6, 63)
    assert job.id_of("web-1", 2) == "web-1-2"


Told = Callable[..., list[tuple[str, str, str]]]


@pytest.fixture
def told(cluster: Cluster, tmp_path: Path) -> Told:
    """Run the command as the Job's pod does, and give the Events on the Job; they are in the kubeconfig's namespace."""
    data: dict[str, Any] = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    for context in data["contexts"]:
        context["context"]["namespace"] = cluster.namespace
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(data))

    def tell(job: Job, code: Exit, image: str = "localhost/app:1", **keys: Any) -> list[tuple[str, str, str]]:
        path = tmp_path / "sternway.yaml"
        verify = {"deadline": "20s", "grace": {"pull": "1s"}}
        path.write_text(
            yaml.safe_dump({"name": "web", "namespace": cluster.namespace, "image": image, "verify": verify, **keys})
        )
        environ = {"STERNWAY_RUN": job.name, "STERNWAY_JOB_UID": job.uid}
        done = sternway("run", "--unattended", "-c", str(path), kubeconfig=str(kubeconfig), environ=environ)
        assert done.returncode == code, done.stdout + done.stderr
        return events_on(cluster, job)

    return tell


def test_somebody_with_kubectl_alone_learns_how_it_ended(cluster: Cluster, told: Told) -> None:
    good = job_of(cluster)
    ((kind, reason, message),) = told(good, Exit.DONE)
    assert (kind, reason, message) == ("Normal", "Succeeded", f"run {NIGHT}: succeeded")
    again = replace(good, uid=str(uuid.uuid4()))
    ((kind, reason, message),) = told(again, Exit.REFUSED)
    assert (kind, reason) == ("Warning", "Refused")
    assert message.endswith(
        f"give the Job another name: kubectl -n {cluster.namespace} create job NAME --from=cronjob/web"
    )
    bad = replace(job_of(cluster), name=f"{NIGHT}-b")
    ((kind, reason, message),) = told(bad, Exit.FAILED, "localhost:5000/nope:9")
    assert (kind, reason) == ("Warning", "Undone")
    assert message.startswith(f"run {bad.name}: undone\nfirst error: deployment.apps/web")
    assert f"all of it: kubectl -n {cluster.namespace} logs -l job-name={bad.name}" in message
    assert "sternway unhold" in message
    held_back = replace(job_of(cluster), name=f"{NIGHT}-c")
    ((kind, reason, message),) = told(held_back, Exit.REFUSED, "localhost:5000/nope:9")
    assert (kind, reason) == ("Normal", "Held")
    assert f"run {bad.name} deployed the same" in message


def test_a_mistake_in_the_configuration_is_told_on_the_job(cluster: Cluster, told: Told) -> None:
    ((kind, reason, message),) = told(job_of(cluster), Exit.USAGE, colour="blue")
    assert (kind, reason) == ("Warning", "Refused")
    assert "colour" in message
