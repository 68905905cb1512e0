"""`python -m tests.histories`: random histories of objects and their undo, on KUBECONFIG's cluster or the sandbox."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from .compare import counted
from .rounds import prune_rounds, rounds, run_parallel


def main() -> None:
    """Play histories, print each that ends wrong, and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first history")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sandbox", action="store_true", help="on the sandbox instead of KUBECONFIG's cluster")
    parser.add_argument("--kind", help="objects of this kind alone")
    parser.add_argument("--whole", action="store_true", help="do not reduce what ends wrong")
    parser.add_argument("--folder", type=Path, help="write one example of each kind of fault into it")
    parser.add_argument("--prune", action="store_true", help="histories in which runs remove what is no longer named")
    parser.add_argument("--compare", action="store_true", help="hold the sandbox to the cluster instead")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is on the cluster is cleaned up
    numbers = range(asked.first, asked.first + asked.rounds)
    if asked.compare:
        found = run_parallel(asked.seed, numbers, asked.kind)
        print(*found, *(f"{count} times {line}" for line, count in counted(found).most_common()), sep="\n")
        sys.exit(1 if found else 0)
    if asked.prune:
        pruned = prune_rounds(asked.seed, numbers, threads=asked.threads, sandbox=asked.sandbox, kind=asked.kind)
        print(pruned)
        sys.exit(1 if pruned.wrong else 0)
    done = rounds(
        asked.seed, numbers, threads=asked.threads, sandbox=asked.sandbox,
        kind=asked.kind, reduce=not asked.whole, tell=lambda text: print(text, flush=True), folder=asked.folder,
    )  # fmt: skip
    print(done)
    sys.exit(1 if done.wrong else 0)


if __name__ == "__main__":
    main()
