"""`python -m tests.inputs`: thousands of inputs that are wrong, each read by a command of ours; see `judge`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from .rounds import KINDS, played


def main() -> None:
    """Play cases in several processes, print each fault, and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.inputs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kind", choices=KINDS, help="inputs of this kind alone")
    parser.add_argument("--keep", type=Path, help="leave the files of each case that ends wrong in this folder")
    asked = parser.parse_args()
    numbers = list(range(asked.first, asked.first + asked.rounds))
    batches = [numbers[at : at + 100] for at in range(0, len(numbers), 100)]
    began, kinds = time.monotonic(), Counter[str]()
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(played, asked.seed, batch, asked.kind, asked.keep) for batch in batches]
        for count, batch in enumerate(done, 1):
            for text, message in batch.result():
                print(text, flush=True)
                kinds[message[:60]] += 1
            if count % 5 == 0 or count == len(done):
                print(
                    f"{min(count * 100, len(numbers))} of {len(numbers)}, {sum(kinds.values())} wrong, {time.monotonic() - began:.0f} s",
                    flush=True,
                )
    print(*(f"{count} times {message}" for message, count in kinds.most_common(30)), sep="\n")
    sys.exit(1 if kinds else 0)


if __name__ == "__main__":
    main()
