"""What a step's process still does when it was told to stop because its Workflow is terminated or deleted."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import ClusterError, SternwayError

if TYPE_CHECKING:
    from ..config import Config
    from ..session import Session


@contextmanager
def sweep_when_terminated(
    session: Session, config: Config, run: str | None, workflow: str, note: Callable[[str], None]
) -> Iterator[None]:
    """Start a sweep when the work inside ends because it was told to stop, and nobody else would undo the run."""
    try:
        yield
    finally:
        if run and workflow and session.stop.is_set():
            signal.setitimer(signal.ITIMER_REAL, 0)  # the attempt is sealed: no request hangs that has to be left
            try:
                if job := session.sweep_at_once(config, run, workflow):
                    note(f"Workflow {workflow} is terminated or gone: Job {job} undoes what it did")
            except (SternwayError, ClusterError) as error:
                note(f"nobody could be told to undo the run at once: {error}")
