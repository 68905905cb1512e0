"""The deployments that the service offers, and the runs of them: all in one session."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sternway_steps import Config, Refused, Session, Status, SternwayError, Story, Transient, load, new_run_id

from .work import Work

_ALWAYS = ("image", "replicas")
_LOOK_AGAIN = 15.0
"""Seconds: a lease that nobody renews is void after that, so then it is known whose process is gone."""
_REMEMBERED = 200


class Unknown(Refused):
    """There is no such deployment, or no such run."""


class Deployments:
    """Starts runs and knows those of this process. Thread-safe.

    Args:
        session: the cluster.
        folder: a configuration for each deployment, NAME.yaml.
        most: runs at work at once.

    """

    def __init__(self, session: Session, folder: Path, most: int = 8) -> None:
        self._session = session
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._works: dict[str, Work] = {}
        self._threads: set[threading.Thread] = set()
        self._closing = threading.Event()

    def names(self) -> list[str]:
        """Give what can be deployed."""
        return sorted(file.stem for file in self._folder.glob("*.yaml"))

    def config(self, name: str, values: Mapping[str, str] | None = None) -> Config:
        """Read a deployment's configuration, with values laid over it.

        Raises: Refused for one that is not offered, and for a key that may not be changed; ConfigErrors.
        """
        if name not in self.names():  # and so never a path that somebody made up
            raise Unknown(f"there is no deployment {name!r}", remedy=f"there are: {', '.join(self.names())}")
        file = self._folder / f"{name}.yaml"
        parameters = load(file).parameters
        allowed = (*_ALWAYS, *parameters)
        for key, value in (values or {}).items():
            if key not in allowed:
                raise Refused(f"{key} may not be changed here", remedy=f"these may: {', '.join(allowed)}")
            if key in parameters and parameters[key].enum and value not in parameters[key].enum:
                raise Refused(f"{key} can't be {value!r}", remedy=f"it can be {', '.join(parameters[key].enum)}")
        return load(file, overrides=[f"{key}={value}" for key, value in (values or {}).items()])

    def start(self, name: str, values: Mapping[str, str]) -> str:
        """Start a run; gives its id at once.

        Raises: Refused, ConfigErrors; Transient when too much is going on.
        """
        config, work = self.config(name, values), Work(new_run_id(), name)
        self._begin(work, lambda: self._session.run(config, work.tell, run=work.run, stop=work.stop))
        return work.run

    def rollback(self, run: str) -> None:
        """Start the undo of a run, this service's or anybody's; raises Refused, Transient."""
        story = self.story(run)
        work, config = Work(run, ""), self._config_of(story)
        # A command of a record runs only where this service's own configuration has it.
        self._begin(work, lambda: self._session.rollback(story.name, work.tell, journal_of=config))

    def cancel(self, run: str) -> None:
        """Let a run stop and undo itself; raises Refused when this process does not work on it."""
        work = self.work(run)
        if work is None or work.over:
            raise Refused(f"this service does not work on run {run}", remedy="roll it back instead")
        work.stop.set()

    def work(self, run: str) -> Work | None:
        """Give what this process knows of a run."""
        return self._works.get(run)

    def story(self, run: str) -> Story:
        """Tell a run as the journal has it; raises Unknown."""
        try:
            return self._session.story(run)
        except Refused as unknown:
            raise Unknown(unknown.message, remedy="`sternway runs` lists those that are there") from unknown

    def _config_of(self, story: Story) -> Config | None:
        """Read the configuration of a run's target; None for one that this service does not offer."""
        configs = (self.config(name) for name in self.names())
        return next((one for one in configs if self._session.locate(one).target == story.target), None)

    def stories(self) -> list[Story]:
        """Tell all runs of the journal, newest first."""
        return self._session.runs()

    def finish_what_was_left(self) -> None:
        """Undo, in a thread, what a process that was killed left half done of these deployments."""
        thread = threading.Thread(target=self._finish, name="finish")
        self._threads.add(thread)
        thread.start()

    def close(self) -> None:
        """Let every run stop and undo itself, and wait for that."""
        self._closing.set()
        self._session.stop.set()
        for thread in tuple(self._threads):
            thread.join()

    def _begin(self, work: Work, what: Any) -> None:
        with self._lock:
            if self._closing.is_set():
                raise Transient("the service is being stopped")
            known = self._works.get(work.run)
            if known is not None and not known.over:
                raise Transient(f"run {work.run} is at work")
            if sum(not each.over for each in self._works.values()) >= self._most:
                raise Transient(f"{self._most} runs are at work")
            ended = [run for run, each in self._works.items() if each.over]
            for run in ended[: max(0, len(ended) - _REMEMBERED)]:
                del self._works[run]
            self._works[work.run] = work
            self._threads.add(work.begin(what, lambda: self._threads.discard(threading.current_thread())))

    def _finish(self) -> None:
        again = True
        while again and not self._closing.is_set():
            try:
                again = self._finish_once()
            except SternwayError:
                logging.getLogger("deploy_service").exception("what was left can't be seen to now")
            if again:
                self._closing.wait(_LOOK_AGAIN)

    def _finish_once(self) -> bool:
        """Undo what is known to be cut off; tells whether there may be more."""
        more = False
        for story in self._session.runs():
            if story.run in self._works or story.status not in (Status.INTERRUPTED, Status.RUNNING):
                continue
            if self._config_of(story) is None:
                continue
            if story.status is Status.RUNNING:  # of a process that lives, or of one that nobody knows to be gone
                more = True
                continue
            try:
                self.rollback(story.run)
            except Transient:
                more = True
        return more
