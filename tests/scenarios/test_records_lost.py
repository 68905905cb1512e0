"""An undo while others write between its requests, and where a record is lost and what others wrote has no owner."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sternway_steps.config import DeployConfig
from sternway_steps.journal.replay import Status
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.objects.run_annotation import RUN

from tests.conftest import Cluster
from tests.helpers import config_map
from tests.scenarios.test_put_back import APPS, deploy, edit, env_of, idle, live, undo

SECRET, CONFIG_MAP = ("v1", "Secret"), ("v1", "ConfigMap")


@pytest.fixture
def evidence_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)


def secret(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **more}


def applied(cluster: Cluster, obj: dict[str, Any], manager: str = "argocd") -> None:
    there = {**obj, "metadata": {**obj["metadata"], "namespace": cluster.namespace}}
    cluster.client.apply(there, manager=manager, force=True)


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize(("policy", "status"), [("stop", Status.ROLLBACK_FAILED), ("merge", Status.UNDONE)])
def test_a_text_that_others_wrote_and_list_no_more_is_theirs(cluster: Cluster, policy: str, status: Status) -> None:
    """It is stored as data that nobody owns."""
    deploy(cluster, secret(data={"a": "MQ==", "b": "MQ=="}))
    run = deploy(cluster, secret(stringData={"a": "2", "b": "2"}))
    applied(cluster, secret(stringData={"a": "3"}))
    applied(cluster, secret())
    found, items = undo(cluster, run, policy)
    assert (found, "data.a" in f"{items['secret/s']}") == (status, True), items
    assert live(cluster, SECRET, "s")["data"] == {"a": "Mw==", "b": "Mg==" if policy == "stop" else "MQ=="}


@pytest.mark.usefixtures("evidence_is_lost")
def test_an_empty_map_of_texts_goes_back_to_its_owner(cluster: Cluster) -> None:
    applied(cluster, secret(data={"a": "MQ=="}, stringData={}))
    before = owners(cluster)
    run = deploy(cluster, secret(data={"a": "MQ=="}, stringData={"b": "2"}), deploy=DeployConfig(force_conflicts=True))
    assert owners(cluster) != before
    status, items = undo(cluster, run)
    assert (status, owners(cluster)) == (Status.UNDONE, before), items


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], None]) -> None:
    """Have others act just before the second write of an undo to an object."""
    write, left = Client.replace, [0, 1]

    def late(client: Client, obj: Any, **how: Any) -> Any:
        if obj["metadata"]["name"] == name and not how.get("dry_run") and left and not left.pop():
            act()
        return write(client, obj, **how)

    monkeypatch.setattr(Client, "replace", late)


def owners(cluster: Cluster) -> list[tuple[str, Any]]:
    entries = live(cluster, SECRET, "s")["metadata"]["managedFields"]
    return [(entry["manager"], entry["fieldsV1"]) for entry in entries]


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize(("value", "end"), [("2", "1"), ("3", "3")], ids=["as the run", "otherwise"])
def test_what_others_set_back_and_set_once_more_meanwhile_is_as_in_any_other_undo(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, value: str, end: str
) -> None:
    deploy(cluster, config_map("m", a="1", b="1"))
    run = deploy(cluster, config_map("m", a="2", b="2"))
    edit(cluster, CONFIG_MAP, "m", lambda obj: obj["data"].update(a="1"))
    meanwhile(monkeypatch, "m", lambda: edit(cluster, CONFIG_MAP, "m", lambda obj: obj["data"].update(a=value)))
    status, items = undo(cluster, run, "merge")
    item = items["configmap/m"]
    assert live(cluster, CONFIG_MAP, "m")["data"] == {"a": end, "b": "1"}
    assert (status, "data.a" in item["why"], "data.a" in item["fields"]) == (Status.UNDONE, value == "3", value == "2")


def test_the_key_of_an_item_that_came_back_is_its_owners_though_others_changed_the_item(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = [{"name": "DEBUG", "value": "a"}]
    deploy(cluster, idle(env=env))
    run = deploy(cluster, idle())
    theirs = {"value": "theirs"}
    meanwhile(monkeypatch, "web", lambda: edit(cluster, APPS, "web", lambda obj: env_of(obj)[0].update(theirs)))
    status, items = undo(cluster, run)
    found = live(cluster, APPS, "web")
    assert (status, env_of(found)) == (Status.ROLLBACK_FAILED, [{"name": "DEBUG", "value": "theirs"}]), items
    held = [e["manager"] for e in found["metadata"]["managedFields"] if '{\\"name\\":\\"DEBUG\\"}' in json.dumps(e)]
    assert sorted(held) == sorted([f"sternway:{cluster.namespace}.t", "kubectl-edit"])


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize(("value", "status"), [("3", Status.ROLLBACK_FAILED), ("2", Status.UNDONE)])
def test_where_managed_fields_were_removed_the_server_tells_what_the_run_had_set(
    cluster: Cluster, value: str, status: Status
) -> None:
    deploy(cluster, config_map("m", a="1"))
    run = deploy(cluster, config_map("m", a="2"))
    edit(cluster, CONFIG_MAP, "m", lambda obj: obj["data"].update(a=value))
    strip(cluster, "m")
    found, items = undo(cluster, run)
    assert (found, items["configmap/m"]["fields"]) == (status, ["data.a"])
    assert live(cluster, CONFIG_MAP, "m")["data"] == {"a": "1" if value == "2" else "3"}


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize("since", [{}, {"b": "2"}], ids=["nobody", "others apply since"])
def test_what_the_run_created_and_nobody_owns_any_more_stays_and_is_not_called_a_copy(
    cluster: Cluster, since: dict[str, str]
) -> None:
    """An apply of others gives what nobody owns to `before-first-apply`."""
    run = deploy(cluster, config_map("m", a="1"))
    strip(cluster, "m")
    if since:
        applied(cluster, config_map("m", **since))
    status, items = undo(cluster, run)
    assert (status, live(cluster, CONFIG_MAP, "m")["data"]) == (Status.ROLLBACK_FAILED, {"a": "1", **since})
    assert "is not known" in items["configmap/m"]["why"]


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize(("policy", "status"), [("stop", Status.ROLLBACK_FAILED), ("merge", Status.UNDONE)])
def test_what_others_replaced_with_the_same_is_a_conflict_where_nothing_tells_that_the_run_came(
    cluster: Cluster, policy: str, status: Status
) -> None:
    """It may be theirs alone: then the run had never come to apply it."""
    deploy(cluster, config_map("m", a="1"))
    run = deploy(cluster, config_map("m", a="2", b="2"))

    def other(obj: dict[str, Any], **data: str) -> None:
        obj["metadata"].get("annotations", {}).pop(RUN, None)
        obj["data"] = data

    edit(cluster, CONFIG_MAP, "m", lambda obj: other(obj, c="3"))
    edit(cluster, CONFIG_MAP, "m", lambda obj: other(obj, a="2", b="2"))
    found, items = undo(cluster, run, policy)
    assert (found, live(cluster, CONFIG_MAP, "m")["data"]) == (status, {"a": "2", "b": "2"})
    assert "nothing tells any more whether this run or somebody else set: data.a, data.b" in items["configmap/m"]["why"]


def strip(cluster: Cluster, name: str) -> None:
    change = {"metadata": {"managedFields": [{}]}}
    cluster.client.patch(Ref(*CONFIG_MAP, cluster.namespace, name), change, manager="third")


@pytest.mark.parametrize("policy", ["stop", "merge"])
def test_what_the_run_added_and_another_target_applies_too_is_named(cluster: Cluster, policy: str) -> None:
    deploy(cluster, config_map("m", a="1"))
    run = deploy(cluster, config_map("m", a="1", b="2"))
    applied(cluster, config_map("m", b="2"), f"sternway:{cluster.namespace}.other")
    _, items = undo(cluster, run, policy)
    assert live(cluster, CONFIG_MAP, "m")["data"] == {"a": "1", "b": "2"}
    assert "data.b" in items["configmap/m"]["why"], items
