"""One round: a Workflow is submitted, struck, and watched until nothing more comes of it."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sternway_steps.errors import Refused
from sternway_steps.journal.replay import Status, Story
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.argo.conftest import OnArgo
from tests.crash.strikes import Strikes
from tests.helpers import state_of, until
from tests.scenarios.saga import OBJECTS, files

_LONGEST = 180.0
_CHANGE = {
    "env": {"APP_MODE": "ok", "ROUND": "none"},
    "parameters": {"env.APP_MODE": {}, "env.ROUND": {}},
    "verify": {"deadline": "20s"},
}


@dataclass(frozen=True)
class Round:
    """What was done, when, and what came of it."""

    what: str
    moment: float
    struck: str
    step: str
    """What was at work."""
    over: bool
    """The run had ended already."""
    status: str
    seconds: float
    """From then, or from when all was started again, until all was in order."""
    lost: str
    """What is wrong; "" when nothing is."""

    def __str__(self) -> str:
        when = f"{self.what} {self.struck} {self.moment:.1f} s after its submission, in {self.step or 'no step'}"
        end = (
            f"LOST after {self.seconds:.0f} s: {self.lost}"
            if self.lost
            else f"{self.status} after {self.seconds:.1f} s"
        )
        return f"{when}{', which was over' if self.over else ''}: {end}"


@dataclass
class Play:
    """The rounds of one namespace; `old` is how its objects are before each."""

    runner: OnArgo
    chance: random.Random
    strikes: Strikes
    kinds: Sequence[str]
    latest: float
    old: Any = None

    def prepare(self) -> None:
        self.runner.good(files(self.runner.namespace, 1, _CHANGE))

    def round(self, number: int) -> Round:
        self.old = self._world()
        what, moment = self.chance.choice(self.kinds), self.chance.uniform(0, self.latest)
        mode = "ok" if self.chance.random() < 1 / 3 else "unready"
        began = time.monotonic()
        self.runner.submit(**{"env-APP_MODE": mode, "env-ROUND": f"r{number}"})
        run = str(self.runner.workflow()["metadata"]["uid"])
        time.sleep(max(0.0, began + moment - time.monotonic()))  # the moment is what a round is about
        story = self._story(run)
        step = story.attempts[-1].step if story is not None and story.attempts else ""
        over = story is not None and story.status is not Status.OPEN
        struck = self.strikes.strike(what, run)
        since, wrong = time.monotonic(), ""
        try:
            until(lambda: not self._wrong(run, f"r{number}", mode), _LONGEST)
        except AssertionError:
            wrong = self._wrong(run, f"r{number}", mode)
        seconds, story = time.monotonic() - since, self._story(run)
        status = story.status.value if story is not None else "never begun"
        return Round(f"{what}", moment, struck, step, over, status, seconds, wrong)

    def _wrong(self, run: str, value: str, mode: str) -> str:
        """Say what is not in order yet: something works, the run is open, or the world is not as its end says."""
        time.sleep(0.5)  # the node has other work than to be asked
        if pods := self.strikes.pods():
            return f"at work: {pods[0]['metadata']['name']}"
        if self._active():
            return f"Workflow {self.runner.name} has not ended"
        story = self._story(run)
        status = story.status if story is not None else None
        if status not in (None, Status.SUCCEEDED, Status.UNDONE, Status.REFUSED, Status.ROLLBACK_FAILED):
            return f"the run is {status}"
        now = self._world()
        if status is Status.ROLLBACK_FAILED:
            return self._not_healthy(story, now)
        if status is Status.SUCCEEDED:
            new = now != self.old and self._contents(now) == self._contents(self._new(value, mode))
            return "" if new else f"the run has succeeded, and its target is not new: {now}"
        if now != self.old:
            return f"the run is {status}, and its target is not old: {now}"
        return self._untold(run, story)

    def _not_healthy(self, story: Story | None, now: list[Any]) -> str:
        """Take what was put back, but was not healthy in time: so it is where the node itself was away meanwhile."""
        errors = story.rollback_errors if story is not None else ()
        if now == self.old and all("everything was put back" in error for error in errors):
            return ""
        return f"not everything was put back: {'; '.join(errors)}"

    def _active(self) -> bool:
        """Tell whether Argo has still to do with the Workflow."""
        name = self.runner.name
        found = self.runner.client.get(Ref("argoproj.io/v1alpha1", "Workflow", self.runner.namespace, name))
        return found is not None and (found.get("status") or {}).get("phase") not in ("Succeeded", "Failed", "Error")

    def _untold(self, run: str, story: Story | None) -> str:
        """Say so when a run changed something, and no Event tells a person what became of it."""
        changed = story is not None and any(
            a.intended and a.action is Action.EXECUTE and a.step == "deploy" for a in story.attempts
        )
        if not changed:
            return ""
        events = self.runner.client.list("v1", "Event", self.runner.namespace).items
        mine = [e for e in events if e.get("source", {}).get("component") == "sternway" and run in f"{e['message']} {e['metadata']['name']}"]  # fmt: skip
        return (
            ""
            if any(e["reason"] in ("Undone", "RollbackFailed") for e in mine)
            else f"nobody was told: {[e['message'] for e in mine]}"
        )

    def _new(self, value: str, mode: str) -> list[Any]:
        made = copy.deepcopy(self.old)
        for one in made[0][0]["spec"]["template"]["spec"]["containers"][0]["env"]:
            one["value"] = {"APP_MODE": mode, "ROUND": value}.get(one["name"], one.get("value"))
        return list(made)

    @staticmethod
    def _contents(world: list[Any]) -> list[Any]:
        """Give the contents without what names the run that applied them."""
        bare = copy.deepcopy([content for content, _owners in world])
        for obj in bare:
            obj["metadata"].get("annotations", {}).pop("sternway.dev/run", None)
        return bare

    def _story(self, run: str) -> Story | None:
        with Session(kubeconfig=self.runner.kubeconfig, namespace=self.runner.namespace) as session:
            try:
                return session.story(run)
            except Refused:
                return None

    def _world(self) -> list[Any]:
        names = (Ref(version, kind, self.runner.namespace, name) for version, kind, name in OBJECTS)
        return [state_of(self.runner.client.get(ref)) for ref in names]
