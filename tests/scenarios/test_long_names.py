"""Long names and odd ids: they work, or are refused with field and remedy before anything is asked of the server."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.builtin.command.invocation import name_of
from sternway_steps.config import Config, JournalConfig, Manifest, StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.locks.lease import LeaseLock
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.spec import Action
from sternway_steps.yamltree.errors import ConfigErrors

from tests.conftest import Cluster
from tests.helpers import config_map, until

LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
LONG = 63
LENGTHS = [(1, 1, 1, 1), (LONG, LONG, LONG, LONG), *[(n, 63 - n, 20, 30) for n in (52, 53, 54, 55)], (53, LONG, 60, 61)]
"""Of the namespace, the configuration's name, its step's, and the run's id; about where a target is cut."""


def named(length: int, seed: str) -> str:
    """Give a DNS label of a length, with dashes where they may be."""
    odd = random.Random(f"{seed}{length}")
    inner = "".join(odd.choice("ab-") for _ in range(max(0, length - 2)))
    return (seed[0] + inner + "y")[:length] if length > 1 else seed[0]


def of_lengths(namespace: str, lengths: tuple[int, int, int, int]) -> tuple[Config, str]:
    _, name, step, run = lengths
    steps = (
        StepConfig(named(step, "deploy"), "deploy", {}),
        StepConfig(named(step, "verify"), "verify", {}),
    )
    manifest = Manifest(config_map("m", a="1"), "test:1")
    return Config(name=named(name, "name"), namespace=namespace, manifests=(manifest,), steps=steps), named(run, "run")


def require_valid(obj: Mapping[str, Any]) -> None:
    metadata = obj["metadata"]
    assert len(metadata["name"]) <= 253, metadata["name"]
    assert NAME.fullmatch(metadata["name"]), metadata["name"]
    for key, value in (metadata.get("labels") or {}).items():
        assert len(value) <= LONG, (key, value)
        assert LABEL.fullmatch(value), (key, value)


def go_through(session: Session, namespace: str, lengths: tuple[int, int, int, int]) -> None:
    """Run it, look at what was recorded, and undo it by its name; then the same step by step."""
    config, run = of_lengths(namespace, lengths)
    assert session.run(config, run=run).status is Status.SUCCEEDED
    for obj in session.client.list("v1", "Secret", namespace).items:
        require_valid(obj)
    assert session.rollback(f"{namespace}/{run}").status is Status.UNDONE
    other = named(lengths[3], "other") if lengths[3] > 1 else "o"
    for step in config.steps:
        assert isinstance(step, StepConfig)
        assert session.step(config, step.name, Action.EXECUTE, other).exit_code == Exit.DONE
    first = config.steps[0]
    assert isinstance(first, StepConfig)
    assert session.step(config, first.name, Action.ROLLBACK, f"{namespace}/{other}").exit_code == Exit.DONE


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        yield session


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_names_of_all_lengths(sternway_sandbox: Sandbox, session: Session, lengths: tuple[int, int, int, int]) -> None:
    namespace = named(lengths[0], "namespace")
    session.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="test")
    go_through(session, namespace, lengths)
    leases = {r.path.rpartition("/")[2] for r in sternway_sandbox.faults.requests if "/leases/" in r.path}
    assert leases
    assert all(len(name) <= 253 and NAME.fullmatch(name) for name in leases), leases


@pytest.mark.cluster
@pytest.mark.parametrize("length", [LONG, 53])
def test_the_longest_names_on_a_real_cluster(real: Cluster, length: int) -> None:
    namespace = (real.namespace + "-" + "n" * LONG)[:length]
    real.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="test")
    try:
        until(lambda: real.client.get(Ref("v1", "ServiceAccount", namespace, "default")))
        with Session(kubeconfig=real.kubeconfig) as session:
            go_through(session, namespace, (length, LONG, LONG, LONG))
    finally:
        real.client.delete(Ref("v1", "Namespace", None, namespace), uid=None, propagation="Background")


@pytest.mark.parametrize("target", ["a..b", "Web_1", "x" * 53 + ".-y", "_", "a.-b", "ns.web"])
def test_a_lock_has_a_valid_name_whatever_the_target(session: Session, target: str) -> None:
    lock = LeaseLock(session.client, "default", target)
    lock.acquire("r", session.stop)
    try:
        (lease,) = session.client.list("coordination.k8s.io/v1", "Lease", "default").items
        require_valid(lease)
    finally:
        lock.release()


@pytest.mark.parametrize("run", ["PR_12", "Upper", "a_b", "a..b", "a.-b", "a-.b", "-a", "a-", ".a", "x" * 64, "ä", "a b", "a/b"])  # fmt: skip
@pytest.mark.parametrize("how", ["run", "step", "report"])
def test_an_id_that_no_server_takes_is_refused_before_anything_is_asked(
    sternway_sandbox: Sandbox, session: Session, run: str, how: str
) -> None:
    config = Config(name="t", namespace="default", manifests=(Manifest(config_map("m", a="1"), "test:1"),))
    ask: dict[str, Callable[[], object]] = {
        "run": lambda: session.run(config, run=run),
        "step": lambda: session.step(config, "validate", Action.EXECUTE, run),
        "report": lambda: session.end(config, run, "Failed"),
    }
    with pytest.raises(Refused) as raised:
        ask[how]()
    assert raised.value.remedy
    changing = [r for r in sternway_sandbox.faults.requests if r.method != "GET" and "selfsubject" not in r.path]
    assert [r for r in changing if "/leases" not in r.path] == []  # a report looks under the lock whether it is known


@pytest.mark.parametrize("field", ["name", "namespace", "steps[1]", "steps[1].name", "journal.namespace"])
@pytest.mark.parametrize("bad", ["x" * 64, "Upper", "a_b", "a.b", "-a"])
def test_a_configuration_refuses_a_name_with_its_place(tmp_path: Path, field: str, bad: str) -> None:
    keys: dict[str, Any] = {"name": "t", "namespace": "shop", "image": "web:1", "port": 80}
    if field.startswith("steps"):
        keys["steps"] = ["validate", bad if field == "steps[1]" else {"name": bad, "uses": "deploy"}]
    elif field == "journal.namespace":
        keys["journal"] = {"namespace": bad}
    else:
        keys[field] = bad
    file = tmp_path / "sternway.yaml"
    file.write_text(yaml.safe_dump(keys))
    with pytest.raises(ConfigErrors) as raised:
        load(str(file))
    (error,) = raised.value.errors
    assert error.field == field
    assert error.location.line > 0
    assert error.hint or "expected" in str(error)


@pytest.mark.parametrize("run", ["r", named(LONG, "run"), "PR_12", "20261124-135240-5c92f1"])
@pytest.mark.parametrize("step", ["s", named(LONG, "step")])
@pytest.mark.parametrize("attempt", [1, 999])
def test_a_job_of_a_command_has_a_name_of_its_own(run: str, step: str, attempt: int) -> None:
    """A Job's name is the value of a label of its pods."""
    name = name_of(run, step, Action.EXECUTE, attempt)
    assert len(name) <= LONG
    assert NAME.fullmatch(name)
    others = {name_of(run, step, Action.ROLLBACK, attempt), name_of(run, step, Action.EXECUTE, attempt + 1), name_of(run + "z", step, Action.EXECUTE, attempt)}  # fmt: skip
    assert name not in others
    assert len(others) == 3


def test_names_of_a_program_are_refused_as_those_of_a_file_are(session: Session) -> None:
    wrong = Config(
        name="Web_1",
        namespace="A B",
        journal=JournalConfig(namespace="x" * 64),
        steps=(StepConfig("Deploy", "deploy"),),
    )
    for ask in (
        lambda: session.run(wrong),
        lambda: session.plan(wrong),
        lambda: session.step(wrong, "Deploy", Action.EXECUTE),
        lambda: session.end(wrong, "r", "Failed"),
        lambda: session.rollback("r", journal_of=wrong),
    ):
        with pytest.raises(ConfigErrors) as raised:
            ask()
        found = {error.field: error for error in raised.value.errors}
        assert set(found) == {"name", "namespace", "journal.namespace", "steps[0].name"}
        assert all(error.location.source == "Config" and "a DNS label" in error.expected for error in found.values())
