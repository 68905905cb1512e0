"""`python -m tests.builds`: runs at once that build and push to the same tags, some of them killed, on real builders."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .case import case_of
from .judge import faults
from .play import play


def main() -> None:
    """Play cases, print each that ends wrong, and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.builds", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tags", type=int, default=2)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--quick", type=float, default=4.0, help="seconds that one run takes about")
    parser.add_argument("--builder", choices=["docker", "buildah", "buildkit"], default="docker")
    parser.add_argument("--verbose", action="store_true", help="print what the runs of a wrong case wrote")
    asked = parser.parse_args()
    wrong = 0
    for seed in range(asked.seed, asked.seed + asked.rounds):
        case = case_of(seed, asked.builder, asked.tags, asked.runs, asked.quick)
        with tempfile.TemporaryDirectory() as folder:
            seen = play(case, Path(folder))
        found = faults(seen)
        wrong += bool(found)
        print(case, *(f"  {line}" for line in found), sep="\n", flush=True)
        if found and asked.verbose:
            print(
                *(f"--- {number}: {seen.codes.get(number)}\n{text}" for number, text in seen.output.items()), sep="\n"
            )
    print(f"{asked.rounds} cases, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
