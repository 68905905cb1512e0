"""A run is NAMESPACE/RUN: the same id in two namespaces, as schedules make them, never leads to the wrong one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, sternway

RUN = "web-29384756"  # as a CronJob names its Jobs
UNDOING = ("rollback", "rollback --unfinished", "rollback --to", "resume")


@pytest.fixture
def both(cluster: Cluster, other: str, session: Session) -> tuple[str, str]:
    """Run the same id in two namespaces, and give them."""
    for namespace in (cluster.namespace, other):
        assert session.run(config(namespace), run=RUN).status is Status.SUCCEEDED
    return cluster.namespace, other


def config(namespace: str) -> Config:
    return config_of(namespace, config_map("m", a="1"))


def there(cluster: Cluster, namespace: str) -> bool:
    return cluster.client.get(Ref("v1", "ConfigMap", namespace, "m")) is not None


@pytest.mark.parametrize("command", [("rollback",), ("rollback", "--unfinished"), ("rollback", "--to"), ("show",)])
def test_an_id_that_names_two_runs_is_refused_with_both(
    cluster: Cluster, both: tuple[str, str], command: tuple[str, ...]
) -> None:
    refused = sternway(*command, RUN, kubeconfig=cluster.kubeconfig)
    assert refused.returncode == Exit.REFUSED, refused.stdout + refused.stderr
    for namespace in both:
        assert f"sternway {' '.join(command)} {namespace}/{RUN}" in refused.stderr
        assert there(cluster, namespace)


def test_a_name_undoes_the_one_that_it_names(cluster: Cluster, both: tuple[str, str]) -> None:
    first, second = both
    shown = sternway("show", f"{second}/{RUN}", kubeconfig=cluster.kubeconfig)
    assert f"sternway rollback {second}/{RUN}" in shown.stdout
    undone = sternway("rollback", f"{second}/{RUN}", kubeconfig=cluster.kubeconfig)
    assert undone.returncode == Exit.DONE, undone.stdout + undone.stderr
    assert (there(cluster, first), there(cluster, second)) == (True, False)


def test_each_is_told_of_by_its_name(cluster: Cluster, session: Session, both: tuple[str, str]) -> None:
    mine = [story for story in session.runs() if story.place in both]
    assert sorted(story.name for story in mine) == sorted(f"{namespace}/{RUN}" for namespace in both)
    assert [story.status for story in mine] == [Status.SUCCEEDED] * 2
    listed = sternway("runs", "--output", "json", kubeconfig=cluster.kubeconfig)
    names = [json.loads(line).get("name") for line in listed.stdout.splitlines()]
    assert {f"{namespace}/{RUN}" for namespace in both} <= set(names)


def test_a_configuration_says_which_one_is_meant(
    cluster: Cluster, session: Session, both: tuple[str, str], tmp_path: Path
) -> None:
    first, second = both
    file = written(tmp_path, namespace=first)
    undone = sternway("rollback", RUN, "--config", str(file), kubeconfig=cluster.kubeconfig)
    assert undone.returncode == Exit.DONE, undone.stdout + undone.stderr
    assert (there(cluster, first), there(cluster, second)) == (False, True)
    assert session.story(f"{second}/{RUN}").status is Status.SUCCEEDED


def test_a_name_of_another_namespace_than_was_said_is_refused(cluster: Cluster, both: tuple[str, str]) -> None:
    first, second = both
    refused = sternway("rollback", f"{second}/{RUN}", "-n", first, kubeconfig=cluster.kubeconfig)
    assert refused.returncode == Exit.REFUSED
    assert there(cluster, second)


def test_a_run_of_another_namespace_than_the_configurations_is_named(
    cluster: Cluster, other: str, session: Session, tmp_path: Path
) -> None:
    run = session.run(config(other)).run  # no other test of this cluster has that id
    file = str(written(tmp_path, namespace=cluster.namespace))
    for command in (("rollback",), ("rollback", "--to"), ("resume",)):
        lost = sternway(*command, run, "--config", file, kubeconfig=cluster.kubeconfig)
        assert lost.returncode == Exit.REFUSED, lost.stdout + lost.stderr
        assert f"run {run} is not in the journal (Secrets in namespace {cluster.namespace}), but in an" in lost.stderr
        assert f"if that is meant: sternway {' '.join(command)} {other}/{run}" in lost.stderr
    unbegun = sternway("rollback", run, "--unfinished", "--config", file, kubeconfig=cluster.kubeconfig)
    assert (unbegun.returncode, there(cluster, other)) == (Exit.DONE, True)
    undone = sternway("rollback", f"{other}/{run}", "--config", file, kubeconfig=cluster.kubeconfig)
    assert (undone.returncode, there(cluster, other)) == (Exit.DONE, False)


@pytest.mark.parametrize(
    ("command", "at_hand"),
    [
        *((command, at_hand) for command in UNDOING for at_hand in (False, True)),
        ("show", False),
        ("sweep --run", False),
    ],
)
def test_a_name_of_no_run_is_refused(cluster: Cluster, tmp_path: Path, command: str, at_hand: bool) -> None:
    """Such a name was printed by a command, so it is mistyped; an id alone may be that of a run that never began."""
    words = [*command.split(), f"{cluster.namespace}/web-1"]
    if at_hand:
        words += ["--config", str(written(tmp_path, namespace=cluster.namespace))]
    lost = sternway(*words, kubeconfig=cluster.kubeconfig)
    assert lost.returncode == Exit.REFUSED, lost.stdout + lost.stderr
    assert "web-1 is not in the journal" in lost.stderr


def test_a_step_is_not_undone_below_later_runs(cluster: Cluster, session: Session) -> None:
    mine = config(cluster.namespace)
    for step in ("validate", "deploy", "verify"):
        assert session.step(mine, step, Action.EXECUTE, "first").exit_code == Exit.DONE
    later = session.run(config_of(cluster.namespace, config_map("m", a="2"))).run
    refused = session.step(mine, "deploy", Action.ROLLBACK, "first")
    assert (refused.status, refused.exit_code, type(refused.error)) == (Status.REFUSED, Exit.REFUSED, Refused)
    assert isinstance(refused.error, Refused)
    assert refused.error.details["overtaken_by"] == [f"{cluster.namespace}/{later}"]
    assert f"sternway rollback {cluster.namespace}/{later}" in str(refused.error.remedy)
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert live["data"] == {"a": "2"}
    assert session.story(f"{cluster.namespace}/first").status is Status.SUCCEEDED
    session.rollback(f"{cluster.namespace}/{later}")
    assert session.step(mine, "deploy", Action.ROLLBACK, "first").exit_code == Exit.DONE
    assert not there(cluster, cluster.namespace)


def test_a_sweep_names_the_run(cluster: Cluster, session: Session) -> None:
    session.step(config(cluster.namespace), "deploy", Action.EXECUTE, RUN)
    name = f"{cluster.namespace}/{RUN}"
    swept = sternway("sweep", "--run", name, "--output", "json", kubeconfig=cluster.kubeconfig)
    (line,) = map(json.loads, swept.stdout.splitlines())
    assert (line["type"], line["run"], line["name"]) == ("swept", RUN, name)


def test_what_undoes_does_not_take_a_run_of_another_namespace_for_none(
    cluster: Cluster, other: str, session: Session, tmp_path: Path
) -> None:
    """The configuration leaves its namespace to the kubeconfig, and the one at hand is not the run's."""
    elsewhere = session_in(cluster, other, tmp_path)
    lazy = replace(config(""), namespace=None)
    session.step(config(cluster.namespace), "deploy", Action.EXECUTE, "r")
    with Session(kubeconfig=elsewhere) as lost:
        for act in (
            lambda: lost.step(lazy, "deploy", Action.ROLLBACK, "r"),
            lambda: lost.end(lazy, "r", "Failed"),
            lambda: lost.rollback("r", journal_of=lazy),
            lambda: lost.finish("r", journal_of=lazy),
        ):
            with pytest.raises(Refused, match="but in another one") as raised:
                act()
            assert f"{cluster.namespace}/r" in str(raised.value.remedy)
        assert there(cluster, cluster.namespace)
        assert [story.place for story in session.runs() if story.run == "r"] == [cluster.namespace]
        name = f"{cluster.namespace}/r"
        assert lost.step(lazy, "deploy", Action.ROLLBACK, name).exit_code == Exit.DONE
        assert not there(cluster, cluster.namespace)
        assert lost.end(lazy, name, "Failed").status is Status.UNDONE
    assert session.story(name).status is Status.UNDONE


def test_the_namespace_that_a_kubeconfig_gave_is_recorded(
    cluster: Cluster, other: str, session: Session, tmp_path: Path
) -> None:
    with Session(kubeconfig=session_in(cluster, other, tmp_path)) as elsewhere:
        run = elsewhere.run(replace(config(""), namespace=None)).run
    story = session.story(run)
    assert (story.config["namespace"], story.place, story.target) == (other, other, f"{other}.t")
    assert story.lock == f"sternway-{other}.t"


def test_a_run_is_gone_on_with_by_the_configuration_of_its_target_alone(session: Session, cluster: Cluster) -> None:
    session.step(config(cluster.namespace), "validate", Action.EXECUTE, "r")
    different = replace(config(cluster.namespace), name="api")
    late = session.step(different, "deploy", Action.EXECUTE, "r")
    assert late.exit_code == Exit.REFUSED
    assert "is of target" in str(late.error)
    with pytest.raises(Refused, match="is of target"):
        session.end(different, "r", "Failed")


def test_a_journal_in_files_is_named_by_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "sternway.yaml"
    folder = tmp_path / "journal"
    steps = [{"name": "tell", "uses": "command", "execute": ["true"], "rollback": ["true"]}]
    file.write_text(yaml.safe_dump({"name": "t", "steps": steps, "journal": {"store": "file", "path": str(folder)}}))
    ran = sternway("run", "--run", RUN, "--config", str(file), kubeconfig="/dev/null")
    assert ran.returncode == Exit.DONE, ran.stdout + ran.stderr
    shown = sternway("show", f"{folder}/{RUN}", kubeconfig="/dev/null")
    assert f"sternway rollback {folder}/{RUN}" in shown.stdout, shown.stdout + shown.stderr
    undone = sternway("rollback", f"{folder}/{RUN}", "--config", str(file), kubeconfig="/dev/null")
    assert undone.returncode == Exit.DONE, undone.stdout + undone.stderr


def session_in(cluster: Cluster, namespace: str, folder: Path) -> str:
    """Give a kubeconfig of the same cluster whose context has another namespace."""
    data: dict[str, Any] = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    for context in data["contexts"]:
        context["context"]["namespace"] = namespace
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(data))
    return str(path)


def written(folder: Path, **keys: str) -> Path:
    (folder / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="1")))
    (folder / "sternway.yaml").write_text(yaml.safe_dump({"name": "t", "manifests": ["m.yaml"], **keys}))
    return folder / "sternway.yaml"
