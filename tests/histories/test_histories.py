"""Random histories and their undo; `python -m tests.histories` plays any number of them."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from sternway_steps.kube.api_error import ApiError

from tests.conftest import Cluster

from . import plain, pods
from .edits import Edit
from .history import Act, History, Part, history, kinds
from .judge import judge
from .law import Law
from .openapi import disagreements
from .play import Place, Played, playing
from .product import Driver
from .rounds import prune_rounds, rounds
from .shapes import ABSENT, Atomic, Dict, Keyed, Scalar, Set, Struct, key
from .shrink import shrunk

SEED, SEED_IN_THE_SANDBOX = 100, 11
ON_A_CLUSTER, IN_THE_SANDBOX = 600, 30
"""As many as two minutes allow on the real server (0.2 s each), and some seconds in the sandbox."""
PRUNING_ON_A_CLUSTER, PRUNING_IN_THE_SANDBOX = 25, 8


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_every_undo_on_the_real_server_is_right(real: Cluster) -> None:
    told: list[str] = []
    done = rounds(SEED, range(ON_A_CLUSTER), threads=3, tell=told.append)
    assert not done.wrong, "\n".join(told)
    _is_a_trial(done.met, ON_A_CLUSTER)


def test_every_undo_in_the_sandbox_is_right() -> None:
    told: list[str] = []
    done = rounds(SEED_IN_THE_SANDBOX, range(IN_THE_SANDBOX), threads=1, sandbox=True, reduce=False, tell=told.append)
    assert not done.wrong, "\n".join(told)
    _is_a_trial(done.met, IN_THE_SANDBOX)


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_what_runs_remove_is_right_and_put_back_on_the_real_server(real: Cluster) -> None:
    told: list[str] = []
    done = prune_rounds(SEED, range(PRUNING_ON_A_CLUSTER), threads=3, tell=told.append)
    assert not done.wrong, "\n".join(told)
    assert {"removed", "stayed", "item restored"} <= done.met.keys()


def test_what_runs_remove_is_right_and_put_back_in_the_sandbox() -> None:
    told: list[str] = []
    done = prune_rounds(SEED_IN_THE_SANDBOX, range(PRUNING_IN_THE_SANDBOX), threads=1, sandbox=True, tell=told.append)
    assert not done.wrong, "\n".join(told)
    assert {"removed", "stayed", "item restored"} <= done.met.keys()


def _is_a_trial(met: dict[str, int], count: int) -> None:
    """Hold the generator to what makes it one: most runs and acts are taken, and all ends are met."""
    assert met["item restored"] > count / 3
    assert met["evidence lost"] > count / 3
    assert met["changed by others"] > count / 4
    assert met["run refused"] < count / 5
    assert {"item deleted", "item conflict", "item unchanged"} <= met.keys()


@pytest.mark.cluster
def test_the_shapes_are_those_of_the_server(real: Cluster) -> None:
    """Of built-in kinds; the schema of the custom resource is made of its shape."""
    found = [f"{k.kind}: {line}" for k in (*pods.KINDS, *plain.KINDS) for line in disagreements(real.client, k)]
    assert found == []


SHAPE = Struct({
    "a": Scalar((1,)), "free": Dict(("x", "y"), Scalar((1,))), "whole": Atomic(([1],)), "set": Set(("p", "q", "r")),
    "items": Keyed(("name",), (key(name="i"),), Struct({"v": Scalar((1,)), "w": Scalar((1,))})),
})  # fmt: skip
ONE, TWO = {"name": "i", "v": 1}, {"name": "j", "v": 1}


@pytest.mark.parametrize(
    ("before", "after", "now", "right", "conflicts"),
    [
        ({"a": 1}, {"a": 1}, {"a": 3}, {"a": 3}, 0),
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 1}, 0),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 1}, 0),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 3}, 1),
        ({"a": 1}, {"a": 2}, {}, {}, 1),
        ({}, {"free": {"x": 1}}, {"free": {"x": 1, "y": 2}}, {"free": {"y": 2}}, 0),
        ({"free": {}}, {"free": {"x": 1}}, {"free": {"x": 1}}, {"free": {}}, 0),
        ({"free": {"x": 1}}, {"free": {}}, {"free": {"y": 2}}, {"free": {"x": 1, "y": 2}}, 0),
        ({"whole": [1]}, {"whole": [1, 2]}, {"whole": [1, 2, 3]}, {"whole": [1, 2, 3]}, 1),
        ({"set": ["p"]}, {"set": ["p", "q"]}, {"set": ["p", "q", "r"]}, {"set": ["p", "r"]}, 0),
        ({"items": [ONE]}, {"items": [ONE, TWO]}, {"items": [ONE, {**TWO, "w": 2}]}, {"items": [ONE, {**TWO, "w": 2}]}, 1),
        ({"items": [ONE, TWO]}, {"items": [ONE]}, {"items": [{**ONE, "v": 2}]}, {"items": [{**ONE, "v": 2}, TWO]}, 0),
        ({"items": [ONE]}, {"items": [{**ONE, "v": 2}]}, {"items": [{**ONE, "v": 2, "w": 3}]}, {"items": [{**ONE, "w": 3}]}, 0),
        ({"items": [ONE, TWO]}, {"items": [TWO, ONE]}, {"items": [TWO, {**ONE, "w": 1}]}, {"items": [TWO, {**ONE, "w": 1}]}, 0),
    ],
)  # fmt: skip
def test_the_law_as_it_is_written_here(
    before: object, after: object, now: object, right: object, conflicts: int
) -> None:
    law = Law("merge")
    assert law.right(before, after, now, SHAPE) == right
    assert len(law.conflicts) == conflicts


def test_an_order_that_the_run_changed_goes_back_and_one_of_others_stays() -> None:
    law = Law("stop")
    law.right({"set": ["p", "q"]}, {"set": ["q", "p"]}, {"set": ["q", "p", "r"]}, SHAPE)
    law.right({"set": ["p", "q"]}, {"set": ["p", "q", "r"]}, {"set": ["q", "p", "r"]}, SHAPE, ("x",))
    p, q, r = (("v", f'"{name}"') for name in "pqr")
    assert law.orders == {("set",): [[p, q]], ("x", "set"): [[q, p, r]]}
    assert law.right({"a": 1}, {"a": 2}, {"a": 3}, SHAPE) == {"a": 3}
    left = Law("stop")
    assert left.right({"set": ["p", "q"]}, {"set": ["q", "p"]}, {"set": ["q", "r"]}, SHAPE) == {"set": ["q", "r"]}
    assert not left.restored, "of what the run had moved one item is left, which stands as it did"
    assert Law("force").right({"a": 1}, {"a": 2}, {"a": 3}, SHAPE) == {"a": 1}
    assert Law("stop").right(ABSENT, {"a": 2}, {"a": 2}, SHAPE) is ABSENT


def test_what_the_server_refuses_beside_what_was_put_back_is_passed_and_nothing_else(
    cluster: Cluster, tmp_path: Path
) -> None:
    """A Service's policy for traffic from outside, which nobody owns; its policy for traffic inside stays."""
    service = next(one for one in plain.KINDS if one.kind == "Service")
    outside = (Edit("set", ("spec", "externalIPs"), ["10.9.9.9"]),)
    before, third = ((Edit("set", ("spec", "type"), kind),) for kind in ("NodePort", "ClusterIP"))
    part = Part(service, "sternway", before, run=outside, third=(Act("update", third, "kubectl-edit"),))
    place = Place(Driver.connect(cluster.kubeconfig, tmp_path), cluster.client, cluster.namespace)
    with playing(History(0, 0, (part,)), place) as played:
        judged = judge(played, cluster.client)
        assert (judged.wrong, judged.passed) == ([], ["the server itself writes: spec.externalTrafficPolicy"])
        played.seen[0].result = without = copy.deepcopy(played.seen[0].result)
        assert without
        del without["spec"]["internalTrafficPolicy"]
        wrong = judge(played, cluster.client).wrong
    assert "Service: spec.internalTrafficPolicy is absent instead of 'Cluster'" in wrong


def test_a_history_is_the_same_each_time() -> None:
    every = kinds("example.com")
    assert history(3, 7, every) == history(3, 7, every)
    assert len({str(history(3, n, every)) for n in range(50)}) == 50


def test_a_smaller_history_that_cannot_be_played_is_passed_over() -> None:
    every = kinds("example.com")
    whole = next(one for one in (history(3, n, every) for n in range(100)) if len(one.parts) > 1)

    def tried(smaller: History, count: int) -> tuple[Played, list[str]]:
        if count % 2:
            raise ApiError("GET", "/", 404, "NotFound", "it is gone")
        return Played(smaller, []), ["Thing: it is there"]

    least, wrong = shrunk(whole, tried, (Played(whole, []), ["Thing: it is there"]))
    assert len(least.history.parts) == 1
    assert wrong == ["Thing: it is there"]
