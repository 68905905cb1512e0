"""Play random cases of runs on one tag: `python -m tests.builds.stack_main --rounds 200 --seed 1`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.component.builtin.build.registry import Registry

from .stack import case_of
from .stack_play import Play


def main() -> None:
    """Play cases, print each that ends wrong, and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.builds.stack_main", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--registry", default="", metavar="HOST", help="a real one; default: a stand-in")
    asked = parser.parse_args()
    wrong = 0
    with Registry() as stand_in:
        for seed in range(asked.seed, asked.seed + asked.rounds):
            with tempfile.TemporaryDirectory() as folder:
                play = Play(Path(folder), asked.registry or stand_in.host, seed)
                faults = play.play(case_of(seed, asked.runs))
            if faults:
                wrong += 1
                print(f"case {seed}", *(f"  {line}" for line in [*play.log, *faults]), sep="\n", flush=True)
    print(f"{asked.rounds} cases, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
