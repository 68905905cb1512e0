"""The product as its runners drive it: attempts of the deploy step with a journal on disk, which can be killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sternway_steps.builtin.deploy.step import Deploy
from sternway_steps.config import Config, StepConfig
from sternway_steps.errors import Transient
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.writer import RunJournal
from sternway_steps.kube.client import Client
from sternway_steps.kube.transport import Transport
from sternway_steps.objects.shape import Schema
from sternway_steps.saga.assembly import AssembledRun
from sternway_steps.saga.attempt import Attempted, attempt
from sternway_steps.saga.context_factory import contexts
from sternway_steps.saga.plan import make_plan
from sternway_steps.step import Action, Context

TRIES = 5


class Killed(BaseException):
    """The process is gone: no Exception, so that nothing of the product catches it."""


@dataclass
class Fuse:
    """When the process dies: before or after its n-th changing request, or instead of writing evidence.

    `meanwhile` is done by somebody else just before the first changing request, and `race` just before each one, told
    the name of the object that it is about.
    """

    when: str = "never"
    number: int = 0
    meanwhile: Any = None
    race: Callable[[str], None] | None = None
    dead: bool = False
    under_way: int = 0
    lock: threading.Condition = field(default_factory=threading.Condition)

    def check(self) -> None:
        if self.dead:
            raise Killed

    def blow(self) -> None:
        self.dead = True
        raise Killed

    @contextmanager
    def request(self, name: str) -> Iterator[None]:
        """Surround a request that changes something of an object of this name."""
        with self.lock:
            self.check()
            self.number -= 1
            mine, act, self.meanwhile = self.number, self.meanwhile, None
            if self.when == "before" and mine == 0:
                self.blow()
            self.under_way += 1
        try:
            if act is not None:
                act()
            if self.race is not None:
                self.race(name)
            yield
        finally:
            with self.lock:
                self.under_way -= 1
                self.lock.notify_all()
        if self.when == "after" and mine == 0:
            self.blow()

    def settle(self) -> None:
        """Wait until no request of the dead process is under way."""
        with self.lock:
            if not self.lock.wait_for(lambda: self.under_way == 0, 60):
                raise TimeoutError("a request of a dead process does not end")


class MortalTransport(Transport):
    """A transport whose process may die. Each attempt has a copy with its fuse, which its threads keep when it died."""

    fuse = Fuse()

    def request(self, method: str, path: str, **more: Any) -> Any:
        self.fuse.check()
        changes = method != "GET" and "dryRun" not in (more.get("query") or {}) and not path.endswith("accessreviews")
        if not changes:
            return super().request(method, path, **more)
        name = more["body"]["metadata"]["name"] if method == "POST" else path.rpartition("/")[2]
        with self.fuse.request(name):
            return super().request(method, path, **more)


class MortalJournal:
    """A step's journal whose process may die."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def evidence(self, data: Any) -> None:
        self._fuse.check()
        if self._fuse.when == "evidence":
            self._fuse.blow()
        self._inner.evidence(data)

    def __getattr__(self, name: str) -> Any:
        self._fuse.check()
        return getattr(self._inner, name)


class Sighted(Client):
    """A client to which the server's schema may be closed."""

    blind = False

    def schema(self, api_version: str, kind: str) -> Schema | None:
        return None if self.blind else super().schema(api_version, kind)


@dataclass(frozen=True)
class Driver:
    """Drives the step on one cluster. `folder` holds the journals."""

    client: Sighted
    folder: Path
    recorded: bool = False
    """Whether runs have records of their own, by which later ones know them."""

    @staticmethod
    def connect(kubeconfig: str, folder: Path, *, recorded: bool = False) -> Driver:
        return Driver(Sighted(MortalTransport(kubeconfig)), folder, recorded)

    def _mortal(self, fuse: Fuse) -> Client:
        """Give a client of one attempt, with the connections and what is known of the server of all."""
        client, transport = copy(self.client), copy(self.client.transport)
        transport.fuse = fuse  # type: ignore[attr-defined]
        client.transport = transport
        return client

    def begin(self, config: Config, run: str) -> RunJournal:
        """Record that a run begins, as a runner does; give its journal, to record its end."""
        journal = RunJournal(FileStore(self.folder / config.name), run, f"{config.namespace}.{config.name}")
        journal.start({})
        return journal

    def journal(self, config: Config, run: str) -> RunJournal:
        """Give the journal of a run."""
        journal = RunJournal(FileStore(self.folder / config.name), run, f"{config.namespace}.{config.name}")
        if self.recorded:
            journal.records()
        else:  # that of a journal in the cluster: no record of the run says another
            journal.mark = f"{config.namespace}/{run}"
        return journal

    def act(
        self, config: Config, run: str, action: Action, fuse: Fuse | None = None, step: str = "deploy"
    ) -> Attempted | None:
        """Make an attempt, again while it says that this may help; None when it was killed."""
        fuse = fuse or Fuse()
        for number in range(TRIES):
            done = self._once(config, run, action, fuse, step)
            if done is None or not isinstance(done.error, Transient):
                return done
            time.sleep(min(0.1 * 2**number, done.error.retry_after or 1.0))  # the runners' back-off, shorter
        return done

    def _once(self, config: Config, run: str, action: Action, fuse: Fuse, name: str) -> Attempted | None:
        step, journal = Deploy(), self.journal(config, run)
        wanted = [StepConfig("deploy", "deploy", retries=0), StepConfig("prune", "deploy", {"prune": True}, retries=0)]
        plan = make_plan(wanted[: 1 + (name == "prune")], {"deploy": step.spec})
        lock = journal.store.lock(journal.target)
        made = AssembledRun(config, plan, {"deploy": step}, self._mortal(fuse), journal, lock)
        given = contexts(made, stop=threading.Event())

        def context_for(*wanted: Any) -> Context:
            context = given(*wanted)
            return replace(context, journal=MortalJournal(context.journal, fuse))

        try:
            return attempt(step, plan.step(name), action, journal, context_for, lambda _: None)
        except Killed:
            fuse.settle()
            return None
