"""The label that tells of a run's end, and the list of runs that reads no data: on the sandbox and on a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sternway_steps.config import Config
from sternway_steps.journal.backends.secret_form import STARTED, STATUS, infos_of
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import info_of
from sternway_steps.journal.replay import Status
from sternway_steps.journal.writer import RunJournal
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of


def config(cluster: Cluster, value: str) -> Config:
    return replace(config_of(cluster.namespace, config_map("m", a=value)), name="t")


def heads(cluster: Cluster) -> list[dict[str, Any]]:
    labels = "sternway.dev/record=run"
    return cluster.client.list("v1", "Secret", cluster.namespace, labels=labels, metadata_only=True).items


def labels(cluster: Cluster) -> dict[str, str]:
    return {o["metadata"]["labels"]["sternway.dev/run"]: o["metadata"]["labels"][STATUS] for o in heads(cluster)}


def test_the_index_says_what_the_records_say(cluster: Cluster) -> None:
    store = SecretStore(cluster.client, cluster.namespace)
    target = f"{cluster.namespace}.t"
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        old, new = (session.run(config(cluster, value)).run for value in ("old", "new"))
        assert session.rollback(new).status is Status.UNDONE
        assert labels(cluster) == {old: "succeeded", new: "undone"}
        assert list(store.index(target)) == [info_of(head) for head in store.heads(target)]
        assert infos_of(heads(cluster))[1] == [], "what the server notes of the data agrees with what the label says"
        bare: Any = {"metadata": {"labels": {STATUS: None}, "annotations": {STARTED: None}}}
        cluster.client.patch(Ref("v1", "Secret", cluster.namespace, f"sternway.{new}.run"), bare, manager="old")
        assert list(store.index(target)) == [info_of(head) for head in store.heads(target)], "as older versions wrote"
        assert session.run(config(cluster, "newer")).status is Status.SUCCEEDED


def test_a_run_that_was_left_open_is_found_by_the_next_one(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        at = session.locate(config(cluster, "x"))
        left = RunJournal(at.store, "left", at.target)
        left.start({"config": config(cluster, "x").to_dict()})
        assert labels(cluster) == {"left": "open"}
        run = session.run(config(cluster, "new")).run
        assert labels(cluster) == {"left": "undone", run: "succeeded"}
