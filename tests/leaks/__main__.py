"""`python -m tests.leaks`: secrets planted where they may stand, told in many ways, and looked for in all that is shown."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from sternway_steps.sandbox import Sandbox

from .play import case_of, leaks


def main() -> None:
    """Play cases, print each that leaks, and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.leaks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=187, help="11 kinds of secrets times 17 ways to tell them")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = 0
    with Sandbox() as sandbox:
        for seed in range(asked.seed, asked.seed + asked.rounds):
            with tempfile.TemporaryDirectory() as folder:
                found = leaks(case_of(seed), sandbox, Path(folder))
            wrong += bool(found)
            if found:
                print(case_of(seed), *(f"  {line}" for line in found), sep="\n", flush=True)
    print(f"{asked.rounds} cases, {wrong} with leaks")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
