"""Bring to its end what died, once or again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ...errors import ClusterError, SternwayError, is_transient
from ...exits import Exit
from ...saga.sweep import Swept, worst
from ...session import Session
from .. import termination as pod
from ..configuration import with_objects
from ..output import Output


def sweep(
    session: Session,
    output: Output,
    journal_of: str | None,
    every: float | None,
    **which: Any,
) -> int:
    """Sweep once, or again and again until told to stop."""
    where = with_objects(journal_of, output) if journal_of is not None else None
    lock = threading.Lock()

    def tell(swept: Swept) -> None:
        with lock:
            output.result("swept", asdict(swept), [str(swept)])

    while True:
        code = _swept(lambda: session.sweep(tell, journal_of=where, **which), output, again=every is not None)
        if every is None or session.stop.wait(every):
            return code


def _swept(sweep: Callable[[], list[Swept]], output: Output, *, again: bool) -> Exit:
    try:
        found = sweep()
    except (SternwayError, ClusterError) as error:
        if not again or not is_transient(error):
            raise
        output.error(error)
        return Exit.TRANSIENT
    if not found and not again:
        output.notice("no run is open")
    pod.write_termination_message("\n".join(map(str, found)) or "no run is open")
    return worst(found)
