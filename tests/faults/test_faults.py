"""A seeded sample of the faults; all of them by `python -m tests.faults --all`."""

from __future__ import annotations

import os
import random
import time

import pytest
from sternway_steps.sandbox import Sandbox

from tests.faults.bench import bench
from tests.faults.proxy import Fault
from tests.faults.rounds import SCENARIOS, Round

SEED = int(os.environ.get("STERNWAY_FAULTS_SEED") or 1)
SECONDS = 100.0


def sample(counts: dict[str, int], number: int) -> list[Round]:
    every = [Round(s, fault, n) for s in SCENARIOS for fault in Fault for n in range(1, counts[s] + 1)]
    return random.Random(SEED).sample(every, number)


def test_some_faults_on_the_sandbox() -> None:
    with Sandbox() as sandbox, bench(sandbox.kubeconfig) as made:
        met = [made.play(round_) for round_ in sample(made.prepare(), 8)]
    assert sum(map(bool, met)) >= 7


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_as_many_faults_on_a_real_server_as_there_is_time_for(request: pytest.FixtureRequest) -> None:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    end, met = time.monotonic() + SECONDS, 0
    with bench(kubeconfig) as made:
        for round_ in sample(made.prepare(), 200):
            met += bool(made.play(round_))
            if met >= 8 and time.monotonic() > end:
                break
    assert met >= 8
