"""Workflows that are terminated or deleted at random moments, on a real Argo: how long until the target is old again.

python -m tests.crash.terminate --count 100 [--seed N] [--sweeper-only]

STERNWAY_TEST_IMAGE names the step images, as for tests/argo. Exit code 1 when a round was lost: its target was not old
again, or its run still open, after three minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sternway_steps.errors import Refused
from sternway_steps.journal.replay import Status, Story
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.argo.conftest import API, IMAGE, OnArgo
from tests.helpers import state_of, until
from tests.scenarios.saga import OBJECTS, files

_LONGEST = 180.0
_LATEST = 40.0
"""Seconds after the submission by which the Workflow waits in verify for what never gets ready."""
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}


@dataclass(frozen=True)
class Round:
    """What was done, when, and how long it took; `seconds` None is a lost one. `step` is what was at work."""

    what: str
    moment: float
    step: str
    seconds: float | None

    def __str__(self) -> str:
        took = f"old again after {self.seconds:.1f} s" if self.seconds is not None else "LOST"
        return f"{self.what} {self.moment:.1f} s after its submission, in {self.step or 'no step'}: {took}"


@dataclass
class Play:
    """The rounds of one namespace; `old` is how its objects are before each."""

    runner: OnArgo
    chance: random.Random
    old: Any = None

    def prepare(self) -> None:
        self.runner.good(files(self.runner.namespace, 1, {}))
        self.old = self._world()
        self.runner.apply(files(self.runner.namespace, 2, HANGING))

    def round(self) -> Round:
        what, moment = self.chance.choice(("terminate", "delete")), self.chance.uniform(0, _LATEST)
        began = time.monotonic()
        self.runner.submit()
        workflow = Ref(API, "Workflow", self.runner.namespace, self.runner.name)
        run = str(self.runner.workflow()["metadata"]["uid"])
        time.sleep(max(0.0, began + moment - time.monotonic()))  # the moment is what a round is about
        step = self._at_work(run)
        if what == "terminate":
            self.runner.client.patch(workflow, {"spec": {"shutdown": "Terminate"}}, manager="test")
        else:
            self.runner.client.delete(workflow, uid=run, propagation="Background")
        struck = time.monotonic()
        try:
            until(lambda: self._settled(run), _LONGEST, what)
        except AssertionError:
            return Round(what, moment, step, None)
        return Round(what, moment, step, time.monotonic() - struck)

    def _settled(self, run: str) -> bool:
        """Tell whether nothing of the Workflow works any more, its run has ended, and its target is as before."""
        time.sleep(0.3)  # the node has other work than to be asked
        labels = f"workflows.argoproj.io/workflow={self.runner.name}"
        pods = self.runner.client.list("v1", "Pod", self.runner.namespace, labels=labels).items
        if any(pod["status"].get("phase") not in ("Succeeded", "Failed") for pod in pods):
            return False
        return self._status(run) in (None, Status.UNDONE, Status.REFUSED) and self._world() == self.old

    def _at_work(self, run: str) -> str:
        story = self._story(run)
        return story.attempts[-1].step if story is not None and story.attempts else ""

    def _status(self, run: str) -> Status | None:
        story = self._story(run)
        return story.status if story is not None else None

    def _story(self, run: str) -> Story | None:
        with Session(kubeconfig=self.runner.kubeconfig, namespace=self.runner.namespace) as session:
            try:
                return session.story(run)
            except Refused:
                return None

    def _world(self) -> list[Any]:
        names = (Ref(version, kind, self.runner.namespace, name) for version, kind, name in OBJECTS)
        return [state_of(self.runner.client.get(ref)) for ref in names]


def main() -> int:
    """Play the rounds, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sweeper-only", action="store_true", help="with argo.undoOnTerminate: false")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.randrange(10**6)
    kubeconfig = os.environ["KUBECONFIG"]
    client, name = Client.connect(kubeconfig), f"terminate-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    rounds: list[Round] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            argo = {"image": IMAGE, "undoOnTerminate": not chosen.sweeper_only}
            play = Play(OnArgo(client, kubeconfig, name, Path(folder), argo=argo), random.Random(seed))
            play.prepare()
            for number in range(1, chosen.count + 1):
                rounds.append(play.round())
                print(f"{number}: {rounds[-1]}", flush=True)
    finally:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()
    took = [one.seconds for one in rounds if one.seconds is not None]
    lost = len(rounds) - len(took)
    print(f"seed {seed}: {len(rounds)} rounds, {lost} lost, median {statistics.median(took):.1f} s, longest {max(took):.1f} s")  # fmt: skip
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
