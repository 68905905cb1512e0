"""One step's action in a container of Argo's containerSet: what its end means to the containers beside and after it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..config.backoff import Backoff
from ..errors import Abandoned, ClusterError, SternwayError
from ..exits import Exit
from ..saga.repeated import Patience
from ..spec import Action
from .container_set import SetContainer


@dataclass(frozen=True)
class SetOptions:
    """What the template says to a step that shares its pod; the defaults are those of one that does not."""

    patience: Patience = Patience()
    beside: Sequence[str] = ()
    """The containers that work side by side with it."""
    within: float | None = None
    """Seconds after which it is stopped, as by the signal."""

    all_start_within: float | None = None
    """Seconds in which all containers of the pod have to start before it changes anything; None: it does not wait."""

    @staticmethod
    def of(
        retries: int,
        backoff: tuple[float, float],
        beside: Sequence[str],
        within: float | None,
        all_start_within: float | None,
    ) -> SetOptions:
        """Return what the options of the command line say."""
        return SetOptions(Patience(retries, Backoff(*backoff)), beside, within, all_start_within)


@dataclass(frozen=True)
class SetStep:
    """What a step in a set minds; outside of one, `container` is None, and its end is its own.

    | what ended | what follows |
    | --- | --- |
    | an execution that failed | it waits for those beside it, for Argo ends them when its container does |
    | a rollback that failed | exit code 0: another one would keep the rollbacks after it from running |
    | the same, because the pod is to stop | its own exit code |
    """

    container: SetContainer | None
    action: Action
    options: SetOptions
    stop: threading.Event
    show: Callable[[Exception], None]
    """Shows an error that would have ended the process."""
    _late: threading.Event = field(default_factory=threading.Event)

    def end(self, work: Callable[[], int]) -> int:
        """Do the work, and return the container's exit code."""
        code = int(Exit.BUG)
        try:
            with self._stopped_in_time():
                code = work()
        except (SternwayError, ClusterError) as error:
            if not self._goes_on():
                raise
            self.show(error)
        except Abandoned:
            if not self._goes_on():
                raise
        finally:
            if self.container is not None and self.action is Action.EXECUTE and code != Exit.DONE:
                self.container.wait_for(self.options.beside, self.stop)
        return Exit.DONE if self._goes_on() else code

    def _goes_on(self) -> bool:
        asked = self.stop.is_set() and not self._late.is_set()
        return self.container is not None and self.action is Action.ROLLBACK and not asked

    @contextmanager
    def _stopped_in_time(self) -> Iterator[None]:
        if self.options.within is None:
            yield
            return

        def stop() -> None:
            self._late.set()
            os.kill(os.getpid(), signal.SIGTERM)

        timer = threading.Timer(self.options.within, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
