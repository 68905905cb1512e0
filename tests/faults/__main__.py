"""`python -m tests.faults`: what goes wrong at each request that may change something, on KUBECONFIG's cluster."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from sternway_steps.sandbox import Sandbox

from tests.faults.bench import bench
from tests.faults.proxy import Fault
from tests.faults.rounds import SCENARIOS, Bench, Round, Wrong


def main() -> int:
    """Play the rounds that are asked for, and give how many went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every fault at every change of every command")
    parser.add_argument("--sample", type=int, default=50, metavar="N", help="so many of them (default 50)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sandbox", action="store_true", help="on the sandbox; default: KUBECONFIG's cluster")
    parser.add_argument("--jobs", type=int, default=2, help="namespaces at once (default 2)")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append")
    parser.add_argument("--fault", choices=[fault.value for fault in Fault], action="append")
    parser.add_argument("--at", type=int, action="append", metavar="N", help="only at the n-th change")
    asked = parser.parse_args()
    with ExitStack() as stack:
        kubeconfig = stack.enter_context(Sandbox()).kubeconfig if asked.sandbox else os.environ["KUBECONFIG"]
        benches: SimpleQueue[Bench] = SimpleQueue()
        for _ in range(asked.jobs):
            made = stack.enter_context(bench(kubeconfig))
            counts = made.prepare()
            benches.put(made)
        print(f"changes: {counts}", flush=True)
        rounds = [
            Round(scenario, fault, number)
            for scenario in asked.scenario or SCENARIOS
            for fault in (map(Fault, asked.fault) if asked.fault else Fault)
            for number in asked.at or range(1, counts[scenario] + 1)
        ]
        if not asked.all and not asked.at:
            rounds = random.Random(asked.seed).sample(rounds, min(asked.sample, len(rounds)))
        return play(rounds, benches, kubeconfig, stack)


def play(rounds: list[Round], benches: SimpleQueue[Bench], kubeconfig: str, stack: ExitStack) -> int:
    """Play rounds on the benches that are free; one on which something went wrong is replaced."""
    began, wrong = time.monotonic(), 0

    def one(round_: Round) -> str:
        used = benches.get()
        try:
            used.play(round_)
        except Wrong as error:
            used = stack.enter_context(bench(kubeconfig))
            used.prepare()
            return str(error)
        finally:
            benches.put(used)
        return ""

    with ThreadPoolExecutor(benches.qsize()) as pool:
        for number, (round_, error) in enumerate(zip(rounds, pool.map(one, rounds), strict=True), 1):
            wrong += bool(error)
            if error:
                print(f"WRONG {error}", flush=True)
            if number % 25 == 0 or number == len(rounds):
                print(
                    f"{number} of {len(rounds)} ({round_}), {wrong} wrong, {time.monotonic() - began:.0f} s", flush=True
                )
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
