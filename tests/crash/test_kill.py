"""Killed at every request, the cluster always ends old, or new when the run had finished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.errors import Refused
from sternway_steps.journal.entries import new_run_id
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, deployment, state_of

NAMES = (("v1", "ConfigMap", "settings"), ("v1", "Service", "web"), ("apps/v1", "Deployment", "web"))
_LAST = 400
pytestmark = pytest.mark.slow
_SAMPLE = (2, 9, 16, 23, 30, 40, 50, 60)


def version(cluster: Cluster, number: int) -> Config:
    service: dict[str, Any] = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"version": str(number)}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }  # fmt: skip
    return config_of(
        cluster.namespace,
        config_map("settings", number=str(number)),
        service,
        deployment("web", f"localhost/app:{number}"),
    )


def states(cluster: Cluster) -> list[Any]:
    return [state_of(cluster.get(*name)) for name in NAMES]


def moments(cluster: Cluster) -> Iterable[int]:
    return _SAMPLE if cluster.real else range(1, _LAST)


def install(cluster: Cluster, number: int) -> list[Any]:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        assert session.run(version(cluster, number)).exit_code == 0
    return states(cluster)


def finish(cluster: Cluster, run: str) -> None:
    """Undo a run from another process's point of view; one that never wrote its journal needs no undo."""
    with Session(kubeconfig=cluster.kubeconfig) as session:
        try:
            result = session.rollback(run)
        except Refused:
            return
        assert result.exit_code == 0, result


@pytest.mark.timeout(600)
@pytest.mark.parametrize("validated", [True, False], ids=["whole", "without validate"])
def test_an_update_killed_anywhere_ends_old(cluster: Cluster, validated: bool) -> None:
    old = install(cluster, 1)
    died = 0
    for number in moments(cluster):
        run, config = new_run_id(), version(cluster, 2)
        if not validated:
            config = replace(config, steps=config.steps[1:])
        ended = dying.run(cluster.kubeconfig, config, run, number)
        finish(cluster, run)
        assert states(cluster) == old, f"killed at request {number}"
        if ended != dying.DIED:
            break
        died += 1
    assert died >= (3 if cluster.real else 30)


@pytest.mark.timeout(600)
def test_a_first_install_killed_anywhere_leaves_nothing(cluster: Cluster) -> None:
    died = 0
    for number in moments(cluster):
        run, config = new_run_id(), version(cluster, 1)
        ended = dying.run(cluster.kubeconfig, replace(config, steps=config.steps[1:]), run, number)
        finish(cluster, run)
        assert states(cluster) == [None] * 3, f"killed at request {number}"
        if ended != dying.DIED:
            break
        died += 1
    assert died >= (3 if cluster.real else 30)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", [False, True], ids=["of an update", "of a first install"])
def test_a_rollback_killed_anywhere_is_finished_by_the_next(cluster: Cluster, first: bool) -> None:
    old = [None] * 3 if first else install(cluster, 1)
    died = 0
    for number in moments(cluster):
        run = new_run_id()
        with Session(kubeconfig=cluster.kubeconfig) as session:
            assert session.run(version(cluster, 2), run=run).exit_code == 0
        ended = dying.rollback(cluster.kubeconfig, run, number)
        finish(cluster, run)
        assert states(cluster) == old, f"killed at request {number}"
        if ended != dying.DIED:
            break
        died += 1
    assert died >= (3 if cluster.real else 15)
