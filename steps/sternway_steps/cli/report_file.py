"""`run --report FILE`: the run's page, written however it ended; one that can't be written changes no exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..atomic import write_whole
from ..config import Config
from ..errors import ClusterError, SternwayError
from ..saga.events import Event, Listener
from ..session import Session
from .heard import Heard
from .output import Output


@contextmanager
def reported(path: str | None, session: Session, config: Config, output: Output) -> Iterator[Listener]:
    """Give the listener of a run; write its page when the run has ended, or was refused."""
    if path is None:
        yield output.event
        return
    heard = Heard(config)

    def tell(event: Event) -> None:
        heard.event(event)
        output.event(event)

    try:
        yield tell
    except (SternwayError, ClusterError) as error:
        _write(Path(path), session, config, output, heard, error)
        raise
    _write(Path(path), session, config, output, heard, None)


def _write(path: Path, session: Session, config: Config, output: Output, heard: Heard, error: Exception | None) -> None:
    try:
        write_whole(path, _page(session, config, heard, error))
    except Exception as why:  # noqa: BLE001  whatever it is, the run is over, and how it ended is what counts
        said = why.strerror if isinstance(why, OSError) and why.strerror else f"{type(why).__name__}: {why}"
        again = f"; sternway show {heard.name} --output html writes it again" if heard.name else ""
        output.note(f"the report {path} could not be written: {said}{again}")
    else:
        output.notice(f"report: {path}")


def _page(session: Session, config: Config, heard: Heard, error: Exception | None) -> str:
    from .page.render import render

    if not heard.name:
        return render(heard.story(error), ())
    try:
        story = session.story(heard.name, journal_of=config)
        return render(story, session.changes(heard.name, journal_of=config))
    except (SternwayError, ClusterError) as why:
        return render(heard.story(error), (), f"the journal tells nothing of this run, so this is what it said: {why}")
