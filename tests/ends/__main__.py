"""`python -m tests.ends`: commands of this machine that end in every way."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.ends.case import Case, case_of
from tests.ends.play import Wrong, play


def main() -> int:
    """Play the cases that are asked for; 1 when one ended otherwise than the oracle says."""
    parser = argparse.ArgumentParser(prog="python -m tests.ends", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the number of the first case")
    parser.add_argument("--rounds", type=int, default=100, help="so many cases (default 100)")
    parser.add_argument("--jobs", type=int, default=2, help="so many at once (default 2)")
    asked = parser.parse_args()
    began, wrong = time.monotonic(), 0
    cases = [case_of(number) for number in range(asked.seed, asked.seed + asked.rounds)]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for count, error in enumerate(pool.map(_played, cases), 1):
            wrong += bool(error)
            if error:
                print(f"WRONG {error}", flush=True)
            if count % 25 == 0 or count == len(cases):
                print(f"{count} of {len(cases)}, {wrong} wrong, {time.monotonic() - began:.0f} s", flush=True)
    return min(wrong, 1)


def _played(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            play(case, Path(folder))
        except Wrong as error:
            return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main())
