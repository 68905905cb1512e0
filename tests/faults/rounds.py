"""One command with one fault at one request, and what must hold afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sternway_steps.errors import Refused, SternwayError
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client as Api
from sternway_steps.registry.load import load
from sternway_steps.saga.location import locate
from sternway_steps.session import Session

from tests.faults import world
from tests.faults.client import Client
from tests.faults.proxy import Armed, Fault, Proxy
from tests.forked import DIED

SCENARIOS = ("good", "bad", "back")
"""A run that succeeds, one that fails and is undone, and `sternway rollback` of one that succeeded."""
_CODES = {"good": 0, "bad": 4, "back": 0}


@dataclass(frozen=True)
class Round:
    """`number` 0: nothing goes wrong."""

    scenario: str
    fault: Fault
    number: int

    def __str__(self) -> str:
        return f"{self.scenario}: {self.fault.value} at change {self.number}"


class Wrong(AssertionError):
    """What had to hold does not."""


class Bench:
    """A namespace in its old state, and the commands that change it through a proxy."""

    def __init__(self, kubeconfig: str, namespace: str, folder: Path, proxy: Proxy) -> None:
        self._kubeconfig, self._namespace, self._folder, self._proxy = kubeconfig, namespace, folder, proxy
        self._api = Api.connect(kubeconfig)
        self._paths = world.write(folder, namespace)
        self._old: list[Any] = []
        self._new: list[Any] = []

    def prepare(self) -> dict[str, int]:
        """Install the old version, learn how the new one looks; give how many changes each command makes."""
        self._run("old")
        world.adorn(self._api, self._namespace)
        self._old = world.look(self._api, self._namespace)
        made = self._run("new")
        self._new = world.unmarked(world.look(self._api, self._namespace))
        self._rollback(made)
        self._must(world.look(self._api, self._namespace) == self._old, "without a fault, the undo gives the old state")
        counts = {}
        for scenario in SCENARIOS:
            self.play(Round(scenario, Fault.AWAY, 0))
            counts[scenario] = self._proxy.armed.seen
        return counts

    def play(self, round_: Round) -> str:
        """Play one round; gives the request that met the fault, "" when there were not so many. Raises Wrong."""
        try:
            return self._play(round_)
        except (AssertionError, SternwayError) as wrong:
            said = (self._folder / "said.txt").read_text(errors="replace")
            raise Wrong(f"{round_} ({self._proxy.armed.met or 'not met'}): {wrong}\n{said}") from wrong

    def _play(self, round_: Round) -> str:
        run = self._run("new") if round_.scenario == "back" else new_run_id()
        arguments = (
            ["rollback", run, "--namespace", self._namespace]
            if round_.scenario == "back"
            else ["run", "--config", self._paths["new" if round_.scenario == "good" else "bad"], "--run", run]
        )
        client = Client(arguments, self._proxy.kubeconfig, self._folder)
        armed = self._proxy.armed = Armed(round_.number, round_.fault, client.pid)
        code = client.ended()
        self._proxy.settle()
        if round_.fault.kills and armed.met:
            self._must(code == DIED, f"it was killed, and ended with {code}")
            self._finish(round_, run)
        else:
            self._must(code == _CODES[round_.scenario], f"exit code {code} instead of {_CODES[round_.scenario]}")
            self._told(run, Status.SUCCEEDED if round_.scenario == "good" else Status.UNDONE)
            self._unlocked()
        if round_.scenario == "good" and not (round_.fault.kills and armed.met):
            self._is_new(run)
            self._rollback(run)
        self._is_old()
        return armed.met

    def _finish(self, round_: Round, run: str) -> None:
        """Finish what a killed client left: by its rollback, or by the next run, which is then undone itself."""
        if random.Random(str(round_)).random() < 0.5:
            self._rollback(run, may_be_unknown=True)
            return
        after = self._run("new")
        self._is_new(after)
        with self._session() as session:
            stories = {story.run: story.status for story in session.runs()}
        left = stories.get(run)
        allowed = {None, Status.UNDONE} if round_.scenario == "bad" else {None, Status.UNDONE, Status.SUCCEEDED}
        self._must(left in allowed, f"after the next run, the killed one is {left}")
        self._rollback(after)
        if left is Status.SUCCEEDED:
            self._rollback(run)

    def _run(self, name: str) -> str:
        with self._session() as session:
            result = session.run(load(self._paths[name]))
        self._must(result.exit_code == 0, f"a run without a fault: {result}")
        return result.run

    def _rollback(self, run: str, *, may_be_unknown: bool = False) -> None:
        with self._session() as session:
            try:
                result = session.rollback(run)
            except Refused as unknown:
                self._must(may_be_unknown and "not in the journal" in str(unknown), f"rollback: {unknown}")
                return
        self._must((result.status, result.exit_code) == (Status.UNDONE, 0), f"rollback without a fault: {result}")
        self._told(run, Status.UNDONE)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with Session(kubeconfig=self._kubeconfig, namespace=self._namespace) as session:
            yield session

    def _told(self, run: str, status: Status) -> None:
        with self._session() as session:
            listed = {story.run: story.status for story in session.runs()}
        self._must(listed.get(run) is status, f"`runs` says {listed.get(run)} instead of {status}")

    def _unlocked(self) -> None:
        at = locate(load(self._paths["new"]), self._api)
        holder = at.store.lock(at.target).holder()
        self._must(holder is None, f"the lock is still held: {holder}")

    def _is_new(self, run: str) -> None:
        now = world.look(self._api, self._namespace)
        self._must(world.unmarked(now) == self._new, f"not new: {_difference(self._new, world.unmarked(now))}")
        self._must(world.marks(now) == {f"{self._namespace}/{run}"}, f"applied by {world.marks(now)}, not by {run}")

    def _is_old(self) -> None:
        now = world.look(self._api, self._namespace)
        self._must(now == self._old, f"not old: {_difference(self._old, now)}")

    @staticmethod
    def _must(holds: bool, what: str) -> None:
        assert holds, what


def _difference(wanted: list[Any], got: list[Any]) -> str:
    return "; ".join(
        f"{kind}/{name} is {has} instead of {want}"
        for (_, kind, name), want, has in zip(world.NAMES, wanted, got, strict=True)
        if want != has
    )
