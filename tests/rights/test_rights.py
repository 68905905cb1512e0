"""What is granted and what is asked for are the same, and a seeded sample of rights that are taken away one by one."""

from __future__ import annotations

import os
import random
import time

import pytest
from sternway_steps.sandbox import Sandbox

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from tests.rights.cases import CASES
from tests.rights.rounds import Round, rounds

SEED = int(os.environ.get("STERNWAY_RIGHTS_SEED") or 1)
SECONDS = 80.0


@pytest.fixture(scope="module")
def found() -> list[Round]:
    """Give a round for each right; what all of it asks for must be granted, and what is granted be asked for."""
    all_of_it, wrong = rounds(CASES)
    assert wrong == []
    assert len(all_of_it) > 70
    return all_of_it


def test_a_run_on_the_sandbox_fails_without_a_right_and_names_it(found: list[Round]) -> None:
    with Sandbox() as sandbox:
        for one in random.Random(SEED).sample(found, 10):
            assert one.wrong(sandbox.kubeconfig) == "", one


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_and_on_a_real_server(found: list[Round]) -> None:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    end = time.monotonic() + SECONDS
    every = [one for one in (each.on_a_cluster() for each in found) if one.plays]
    for tried, one in enumerate(random.Random(SEED).sample(every, len(every)), 1):
        assert one.wrong(kubeconfig) == "", one
        if tried >= 5 and time.monotonic() > end:
            break
