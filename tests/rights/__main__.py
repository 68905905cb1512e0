"""`python -m tests.rights`: takes each right away that a generated Role grants, and plays what needs it."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from sternway_steps.sandbox import Sandbox

from tests.rights.cases import CASES
from tests.rights.rounds import played, rounds


def main() -> int:
    """Play what is asked for, and give how many rights no play needs, or does not name when it is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.rights", description=__doc__)
    parser.add_argument("--sandbox", action="store_true", help="on the sandbox; default: KUBECONFIG's cluster")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them; default all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", choices=[case.name for case in CASES], action="append")
    parser.add_argument("--jobs", type=int, default=2, help="rounds at once (default 2)")
    asked = parser.parse_args()
    began = time.monotonic()
    cases = [case for case in CASES if not asked.case or case.name in asked.case]
    found, wrong = rounds(cases)
    wanted = found if asked.sandbox else [one for one in (each.on_a_cluster() for each in found) if one.plays]
    if asked.sample is not None:
        wanted = random.Random(asked.seed).sample(wanted, min(asked.sample, len(wanted)))
    with ExitStack() as stack, ThreadPoolExecutor(asked.jobs) as pool:
        kubeconfig = stack.enter_context(Sandbox()).kubeconfig if asked.sandbox else os.environ["KUBECONFIG"]
        if not asked.sandbox and asked.sample is None:  # the sandbox has played them all
            plays = [(case, play) for case in cases if case.real for play in case.plays]
            told = pool.map(lambda each: played(kubeconfig, *each, None), plays)
            wrong += [
                f"{c.name}.{p.__name__} with all: {text}" for (c, p), text in zip(plays, told, strict=True) if text
            ]
            print(
                f"{time.monotonic() - began:5.0f} s {len(plays)} plays with all rights, {len(wrong)} wrong", flush=True
            )
        for one, said in zip(wanted, pool.map(lambda one: one.wrong(kubeconfig), wanted), strict=True):
            print(f"{time.monotonic() - began:5.0f} s {one}{' WRONG' if said else ''}", flush=True)
            wrong += [f"{one}: {said}"] if said else []
    for text in wrong:
        print(f"WRONG {text}")
    print(f"{len(wanted)} of {len(found)} rights taken away, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main())
