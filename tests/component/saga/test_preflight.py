"""`plan`, `run` and the step `validate` find the same, and say it in the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.errors import Refused, SternwayError, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.conftest import Cluster
from tests.helpers import config_map, deployment, sternway

COMMAND = {"name": "x", "execute": ["no-such-program"], "effects": "none"}


@dataclass
class Place:
    """A cluster and a configuration; `deny` takes a right away."""

    cluster: Cluster
    folder: Path

    def config(self, *objects: dict[str, Any], **keys: Any) -> Config:
        (self.folder / "m.yaml").write_text("\n---\n".join(json.dumps(obj) for obj in objects))
        base = {"name": "t", "namespace": self.cluster.namespace, "manifests": ["m.yaml"]}
        self.path.write_text(json.dumps({**base, **keys}))
        return load(self.path)

    @property
    def path(self) -> Path:
        return self.folder / "sternway.yaml"

    def sandbox(self) -> Sandbox:
        assert self.cluster.sandbox is not None, "rights are taken away in the sandbox alone"
        return self.cluster.sandbox


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Place:
    return Place(cluster, tmp_path)


def lines(error: SternwayError | None) -> list[str]:
    assert isinstance(error, Refused), error
    return error.message.splitlines()


def by_plan(session: Session, config: Config) -> list[str]:
    return [line for finding in session.plan(config).findings for line in finding.splitlines()]


def by_run(session: Session, config: Config) -> list[str]:
    try:
        result = session.run(config)
    except Refused as bad:
        return lines(bad)
    assert result.exit_code == Exit.REFUSED
    return lines(result.error)


def by_validate(session: Session, config: Config) -> list[str]:
    result = session.step(config, "validate", Action.EXECUTE, new_run_id())
    assert result.exit_code == Exit.REFUSED
    return lines(result.error)


def unknown_kinds(place: Place) -> Config:
    return place.config(
        {"apiVersion": "farm.example/v1", "kind": "Goose", "metadata": {"name": "g"}}, config_map("m"),
        {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "old"}},
    )  # fmt: skip


def no_namespace(place: Place) -> Config:
    return place.config({**config_map("m"), "metadata": {"name": "m", "namespace": "not-there"}}, deployment("web"))


def no_right(place: Place) -> Config:
    place.sandbox().access.deny("delete", "configmaps")
    place.sandbox().access.deny("patch", "configmaps")
    return place.config(config_map("m"), deployment("web"))


def no_right_to_look(place: Place) -> Config:
    place.sandbox().access.deny("get", "configmaps")
    return place.config(config_map("m"))


def not_valid(place: Place) -> Config:
    bad = deployment("web", replicas=-1)
    return place.config(bad, config_map("good"), {**bad, "metadata": {"name": "worse"}})


def owned_by_others(place: Place) -> Config:
    client, mine = place.cluster.client, place.cluster.namespace
    client.apply({**config_map("m", a="theirs"), "metadata": {"name": "m", "namespace": mine}}, manager="somebody")
    return place.config(config_map("m", a="ours"))


def not_changeable(place: Place) -> Config:
    client, mine = place.cluster.client, place.cluster.namespace
    there = deployment("web")
    there["metadata"]["namespace"] = mine
    client.apply(there, manager="sternway-t")
    other = deployment("web")
    other["spec"]["selector"]["matchLabels"] = other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    return place.config(other)


def bad_hook(place: Place) -> Config:
    hook = deployment("h", replicas=-1)
    hook["metadata"]["annotations"] = {"helm.sh/hook": "pre-install"}
    return place.config(hook, config_map("m"), hooks="run")


BY_THE_SERVER: dict[str, tuple[Callable[[Place], Config], tuple[str, ...]]] = {
    "kinds that are not served": (unknown_kinds, ("Goose", "apps/v1beta1")),
    "no namespace": (no_namespace, ("namespace not-there does not exist",)),
    "not valid": (not_valid, ("m.yaml:1: deployment.apps/web", "m.yaml:5: deployment.apps/worse")),
    "owned by others": (owned_by_others, ("somebody",)),
    "not changeable": (not_changeable, ("deployment.apps/web",)),
    "a hook": (bad_hook, ("m.yaml:1: deployment.apps/h",)),
}  # fmt: skip


RIGHTS: dict[str, tuple[Callable[[Place], Config], tuple[str, ...]]] = {
    "no right": (no_right, ("not allowed: patch configmaps", "not allowed: delete configmaps")),
    "no right to look": (no_right_to_look, ("not allowed: get configmaps", "configmap/m")),
}


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
@pytest.mark.parametrize(("prepare", "words"), RIGHTS.values(), ids=RIGHTS)
def test_rights_that_are_missing_are_said_alike(
    place: Place, prepare: Callable[[Place], Config], words: tuple[str, ...]
) -> None:
    test_what_the_server_has_against_a_run_is_said_alike(place, prepare, words)


@pytest.mark.parametrize(("prepare", "words"), BY_THE_SERVER.values(), ids=BY_THE_SERVER)
def test_what_the_server_has_against_a_run_is_said_alike(
    place: Place, prepare: Callable[[Place], Config], words: tuple[str, ...]
) -> None:
    config = prepare(place)
    with Session(kubeconfig=place.cluster.kubeconfig, namespace=place.cluster.namespace) as session:
        planned = by_plan(session, config)
        assert by_run(session, config) == planned
        assert by_validate(session, config) == planned
    for word in words:
        assert any(word in line for line in planned), planned


def programs(_: Place) -> dict[str, Any]:
    return {"steps": ["validate", "deploy", COMMAND]}


def secrets(_: Place) -> dict[str, Any]:
    step = {**COMMAND, "execute": ["true"], "env": {"PW": {"secret": "nope", "key": "k"}}}
    return {"steps": ["validate", "deploy", step]}


def folders(place: Place) -> dict[str, Any]:
    image = f"localhost:1/{place.cluster.namespace}:1"
    return {"steps": ["validate", "build", "deploy", COMMAND], "build": {"image": image, "context": "not-there"}}


BY_THE_STEPS: dict[str, tuple[Callable[[Place], dict[str, Any]], tuple[str, ...]]] = {
    "programs": (programs, ("the program no-such-program is not on PATH",)),
    "secrets": (secrets, ("there is no Secret nope",)),
    "folders": (folders, ("there is no folder", "no-such-program")),
}


@pytest.mark.parametrize("server", [False, True], ids=["alone", "with what the server has against it"])
@pytest.mark.parametrize(("keys", "words"), BY_THE_STEPS.values(), ids=BY_THE_STEPS)
def test_what_the_steps_have_against_a_run_is_said_alike_and_with_the_rest(
    place: Place, keys: Callable[[Place], dict[str, Any]], words: tuple[str, ...], server: bool
) -> None:
    objects = [deployment("web", replicas=-1)] if server else [config_map("m")]
    config = place.config(*objects, **keys(place))
    with Session(kubeconfig=place.cluster.kubeconfig, namespace=place.cluster.namespace) as session:
        planned = by_plan(session, config)
        assert by_run(session, config) == planned
        assert session.runs() == [], "nothing was written"
        said = by_validate(session, config) if server else []
    assert planned[: len(said)] == said
    for word in words:
        assert any(word in line for line in planned[len(said) :]), planned


def test_a_remedy_is_said_by_all_of_them(place: Place) -> None:
    config = place.config({"apiVersion": "farm.example/v1", "kind": "Goose", "metadata": {"name": "g"}})
    where = {"kubeconfig": place.cluster.kubeconfig}
    planned = sternway("plan", "-c", str(place.path), **where)
    run = sternway("run", "-c", str(place.path), **where)
    remedy = "add its CustomResourceDefinition to the manifests, or install it"
    assert (planned.returncode, run.returncode) == (Exit.REFUSED, Exit.REFUSED)
    assert remedy in planned.stderr + planned.stdout
    assert remedy in run.stderr + run.stdout
    assert re.search(
        r"[\w.]+\.yaml:\d+:1: the server has no kind Goose in farm.example/v1", planned.stderr + planned.stdout
    )
    with Session(kubeconfig=place.cluster.kubeconfig, namespace=place.cluster.namespace) as session:
        assert session.step(config, "validate", Action.EXECUTE, new_run_id()).error.remedy == remedy  # type: ignore[union-attr]


def test_what_is_wrong_for_sure_is_said_though_the_server_does_not_tell_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise Transient("the server is away")

    monkeypatch.setattr("sternway_steps.saga.preflight.precheck", away)
    with Session(kubeconfig=place.cluster.kubeconfig, namespace=place.cluster.namespace) as session:
        config = place.config(config_map("m"), steps=["validate", "deploy", COMMAND])
        assert len(by_plan(session, config)) == 1
        assert by_plan(session, config) == by_run(session, config)
        with pytest.raises(Transient, match="the server is away"):
            session.plan(place.config(config_map("m")))


def test_what_a_step_can_not_tell_now_may_be_tried_again_when_nothing_is_wrong_for_sure(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise Transient("the registry is away")

    monkeypatch.setattr("sternway_steps.builtin.command.step.Command.check", away)
    with Session(kubeconfig=place.cluster.kubeconfig, namespace=place.cluster.namespace) as session:
        good = place.config(config_map("m"), steps=["validate", "deploy", COMMAND])
        for ask in (session.plan, session.run):
            with pytest.raises(Transient, match="the registry is away"):
                ask(good)
        bad = place.config(deployment("web", replicas=-1), steps=["validate", "deploy", COMMAND])
        assert by_plan(session, bad) == by_run(session, bad) == by_validate(session, bad)
        assert len(session.runs()) == 1, "that of validate by itself"


def test_a_pipeline_that_needs_no_cluster_asks_none(tmp_path: Path) -> None:
    step = {"name": "x", "execute": ["true"], "effects": "none"}
    path = tmp_path / "sternway.yaml"
    (tmp_path / "m.yaml").write_text(json.dumps(config_map("m")))
    path.write_text(json.dumps({"name": "t", "manifests": ["m.yaml"], "steps": [step], "journal": {"store": "file", "path": str(tmp_path / "j")}}))  # fmt: skip
    with Session(kubeconfig=str(tmp_path / "none")) as session:
        assert session.plan(load(path)).findings == ()
