"""Workflows that are struck at random moments, on a real Argo: how long until the target is old, or new, again.

python -m tests.crash.terminate --count 100 [--parallel N] [--seed N] [--sweeper-only] [--only KIND …]
    [--kill COMMAND] [--restart NAME=COMMAND …]

They are terminated, deleted, their pods deleted without grace; with --kill their processes are killed by the node's
tools ("ctr -n k8s.io tasks kill -s SIGKILL {container}"), and with --restart what runs them is killed and started again:
Argo's controller, the kubelet, containerd. Every third is a good version; the others wait for what is never ready.

STERNWAY_TEST_IMAGE names the step images, as for tests/argo. Exit code 1 when a round was lost: three minutes after it
was struck its target is not exactly old or new, its run is open, its journal does not say what is there, or nobody
was told.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import IMAGE, OnArgo
from tests.crash.rounds import Play, Round
from tests.crash.strikes import BY_PEOPLE, Strikes


@contextmanager
def namespace(kubeconfig: str) -> Iterator[tuple[Client, str]]:
    """Make a namespace for the time being."""
    client, name = Client.connect(kubeconfig), f"terminate-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    try:
        yield client, name
    finally:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()


def play(chosen: argparse.Namespace, count: int, seed: int) -> list[Round]:
    """Play rounds in a namespace of their own."""
    chance, kubeconfig = random.Random(seed), os.environ["KUBECONFIG"]
    rounds: list[Round] = []
    with namespace(kubeconfig) as (client, name), tempfile.TemporaryDirectory() as folder:
        argo = {"image": IMAGE, "undoOnTerminate": not chosen.sweeper_only}
        runner = OnArgo(client, kubeconfig, name, Path(folder), argo=argo)
        strikes = Strikes(runner, chance, chosen.kill, dict(each.split("=", 1) for each in chosen.restart))
        plays = Play(runner, chance, strikes, chosen.only or strikes.kinds(), chosen.latest)
        plays.prepare()
        for number in range(count):
            rounds.append(plays.round(number))
            print(f"{name} {rounds[-1]}", flush=True)
    return rounds


def main() -> int:
    """Play the rounds, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--parallel", type=int, default=1, help="in so many namespaces")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sweeper-only", action="store_true", help="with argo.undoOnTerminate: false")
    parser.add_argument("--only", action="append", help="terminate, delete, pod, process, or a restart's NAME")
    parser.add_argument("--latest", type=float, default=45.0, help="seconds after the submission")
    parser.add_argument("--kill", default="", help="kills the process of {container}")
    parser.add_argument("--restart", action="append", default=[], metavar="NAME=COMMAND")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.randrange(10**6)
    share, more = divmod(chosen.count, chosen.parallel)
    counts = [share + (number < more) for number in range(chosen.parallel)]
    with ThreadPoolExecutor(chosen.parallel) as pool:
        played = list(pool.map(lambda number: play(chosen, counts[number], seed + number), range(chosen.parallel)))
    return told(seed, [each for rounds in played for each in rounds])


def told(seed: int, rounds: list[Round]) -> int:
    """Print what came of all rounds; return the exit code."""
    for what in dict.fromkeys(each.what for each in rounds):
        _line(what, [each for each in rounds if each.what == what])
    _line("terminated or deleted before its end", [r for r in rounds if r.what in BY_PEOPLE and not r.over])
    _line(f"seed {seed}", rounds)
    return 1 if any(each.lost for each in rounds) else 0


def _line(what: str, rounds: list[Round]) -> None:
    took = [each.seconds for each in rounds if not each.lost]
    times = f", median {statistics.median(took):.1f} s, longest {max(took):.1f} s" if took else ""
    print(f"{what}: {len(rounds)} rounds, {sum(bool(each.lost) for each in rounds)} lost{times}")


if __name__ == "__main__":
    sys.exit(main())
