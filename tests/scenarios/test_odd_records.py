"""A journal is data from anybody who may write Secrets there: what is no record of ours is named and left out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sternway_steps.config import Config
from sternway_steps.config.schema import StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import TARGET
from sternway_steps.journal.entries import Entry, Key, Kind
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, sternway
from tests.scenarios import forging

Forge = Callable[[Cluster], str]


@pytest.fixture
def session(noting: Session) -> Session:
    return noting


def config(cluster: Cluster, value: str) -> Config:
    return config_of(cluster.namespace, config_map("m", a=value))


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return str(found["data"]["a"]) if found else None


def head(cluster: Cluster, **data: object) -> Entry:
    whole = {"target": f"{cluster.namespace}.t", "mark": f"{cluster.namespace}/odd", "config": {}, **data}
    return Entry(Kind.RUN_STARTED, whole, "2031-01-01T00:00:00.000+00:00")


def line(**body: object) -> bytes:
    return forging.packed(json.dumps(body))


ODD: dict[str, Forge] = {
    "not packed": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": b"text"}),
    "no JSON": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": forging.packed("{")}),
    "deep JSON": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": forging.packed("[" * 200_000)}),
    "another kind": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": line(schema=1, kind="x", data={})}),
    "a list": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": line(schema=1, kind="run-started", data=[1])}),
    "a later schema": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": line(schema=9, kind="x", data={})}),
    "a bomb": lambda c: forging.put_raw(c, Key("odd"), {"0000.001-001": forging.packed(" " * 80_000_000)}),
    "an end that is none": lambda c: forging.put(
        c, Key("odd"), head(c), Entry(Kind.RUN_ENDED, {"status": "fine", "exit": "x"}, "2031")
    ),
    "undoes a number": lambda c: forging.put(c, Key("odd"), head(c, undoes=5)),
    "another target": lambda c: forging.put(c, Key("odd"), head(c, target="prod.web")),
    "another one's lock": lambda c: forging.put(c, Key("odd"), head(c, lock=f"sternway-{c.namespace}.other")),
    "a copy": lambda c: forging.put(c, Key("odd"), head(c, mark="prod/odd")),
    "called otherwise": lambda c: forging.put(c, Key("odd"), head(c), name="something"),
    "no key": lambda c: forging.put(c, Key("odd"), head(c), name="sternway.odd.deploy"),
    "no run": lambda c: forging.put(c, Key("odd"), head(c), name="sternway-run", labels={"sternway.dev/run": ""}),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_record_is_named_and_hinders_nothing(
    cluster: Cluster, session: Session, noted: list[str], odd: str
) -> None:
    first, second = session.run(config(cluster, "1")).run, session.run(config(cluster, "2")).run
    name = ODD[odd](cluster)
    assert [story.run for story in session.runs()] == [second, first]
    assert any("odd" in text or name in text for text in noted), noted
    with pytest.raises(Refused):
        session.story("odd")
    with pytest.raises(Refused):
        session.rollback("odd")
    assert [swept.run for swept in session.sweep() if swept.run != "odd"] == []
    assert session.status(f"{cluster.namespace}.t").live is not None
    third = session.run(config(cluster, "3"))
    assert third.status is Status.SUCCEEDED
    assert session.rollback(third.run).status is Status.UNDONE
    assert value(cluster) == "2"


def test_only_secrets_of_our_type_are_read(cluster: Cluster, session: Session, noted: list[str]) -> None:
    forging.put(cluster, Key("odd"), head(cluster), type_="Opaque")
    assert session.runs() == []
    assert session.sweep() == []
    with pytest.raises(Refused, match="not in the journal"):
        session.story("odd")
    assert session.run(config(cluster, "1")).status is Status.SUCCEEDED
    assert noted == []


def test_a_record_holds_no_lock_but_that_of_its_target(cluster: Cluster) -> None:
    """Its undo would hold up another target, and let two work on its own at once."""
    name, asked = f"sternway-{cluster.namespace}.other", list[str]()
    forging.put(cluster, Key("odd"), head(cluster, lock=name, stepwise=True))
    where: dict[str, str] = {"kubeconfig": cluster.kubeconfig, "namespace": cluster.namespace}
    with Session(**where, on_request=lambda request: asked.append(request.path)) as session:
        for undo in (session.rollback, session.finish, session.resume, session.story):
            with pytest.raises(Refused, match=f"its lock is '{name}', which is not that of its target"):
                undo("odd")
        assert session.sweep() == []
    assert asked
    assert not [path for path in asked if name in path]


def test_a_record_that_was_copied_to_another_namespace_is_no_run_of_that_one(
    cluster: Cluster, other: str, noted: list[str]
) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=other, on_warning=noted.append) as session:
        run = session.run(config(cluster, "1")).run
        forging.copied(cluster, Key(run), other)
        assert session.runs() == []
        assert any("it is a copy" in text for text in noted), noted
        with pytest.raises(Refused, match="damaged"):
            session.rollback(f"{other}/{run}")
    assert value(cluster) == "1"


def test_a_step_whose_record_is_damaged_is_named_and_the_others_are_undone(cluster: Cluster, session: Session) -> None:
    """An undo that took it for a step that did nothing would call the run undone."""

    def two(a: str) -> Config:
        objects = [{**config_map(n, a=a), "metadata": {"name": n, "labels": {"of": n}}} for n in ("m", "n")]
        steps = tuple(StepConfig(n, "deploy", {"selector": f"of={n}"}) for n in ("m", "n"))
        return config_of(cluster.namespace, *objects, steps=steps)

    session.run(two("1"))
    run = session.run(two("2")).run
    forging.overwrite(cluster, Key(run, "m", "execute", 1), {"0001.001-001": b"text"})
    result = session.rollback(run)
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    (error,) = result.rollback_errors
    assert "m.execute.1" in str(error)
    assert "damaged" in str(error)
    other = cluster.get("v1", "ConfigMap", "n")
    assert other is not None
    assert (value(cluster), other["data"]["a"]) == ("2", "1")
    assert session.story(run).status is Status.ROLLBACK_FAILED
    shown = sternway("show", f"{cluster.namespace}/{run}", kubeconfig=cluster.kubeconfig).stdout
    assert "the record of step m is damaged, so what it did is not known: " in shown
    assert "  m: not known\n" in shown, shown
    assert "cut off" not in shown
    told = sternway("show", f"{cluster.namespace}/{run}", "--output", "json", kubeconfig=cluster.kubeconfig).stdout
    assert list(json.loads(told.splitlines()[0])["damaged"]) == ["m"]


def test_the_command_line_lists_the_others(cluster: Cluster, session: Session) -> None:
    run = session.run(config(cluster, "1")).run
    ODD["not packed"](cluster)
    done = sternway("runs", "-n", cluster.namespace, kubeconfig=cluster.kubeconfig)
    assert (done.returncode, run in done.stdout) == (0, True), done.stdout + done.stderr
    assert f"run {cluster.namespace}/odd is left out: its record is damaged" in done.stdout + done.stderr
    asked = sternway("show", f"{cluster.namespace}/odd", kubeconfig=cluster.kubeconfig)
    assert (asked.returncode, "Traceback" in asked.stderr) == (Exit.REFUSED, False), asked.stderr


def test_labels_of_another_target_do_not_bring_a_run_to_its_sweeper(cluster: Cluster, session: Session) -> None:
    """A sweeper looks for its target by the label; what it finds says itself whose it is."""
    forging.put(cluster, Key("odd"), head(cluster), labels={TARGET: f"{cluster.namespace}.other"})
    assert session.sweep(target=f"{cluster.namespace}.other") == []
