"""What a pod shows to the outside: its termination message, and its progress."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..plain_text import plain
from ..saga.events import Event, Listener, StepProgress

# Kubernetes shows what stands there as the container's termination message, at most 4096 bytes of it.
_LAST_WORDS = Path("/dev/termination-log")
_MOST = 4096


def write_termination_message(text: str) -> None:
    """Write why the container ended where Kubernetes and Argo read it; do nothing outside a pod."""
    with suppress(OSError):
        if _LAST_WORDS.is_file():
            # Argo would look for a tag of its own in a node's message, and hand the message on.
            _LAST_WORDS.write_bytes(plain(text).replace("{{", "{ {").encode(errors="replace")[:_MOST])


def sentence(error: Exception) -> str:
    """Return what an error says, and what to do about it."""
    remedy = getattr(error, "remedy", None)
    return f"{error}" + (f"\n{remedy}" if remedy else "")


def with_progress(tell: Listener, environ: Mapping[str, str]) -> Listener:
    """Return a listener that also writes `DONE/WANTED` to Argo's progress file, where ARGO_PROGRESS_FILE names one."""
    file = environ.get("ARGO_PROGRESS_FILE")
    if not file:
        return tell

    def both(event: Event) -> None:
        if isinstance(event, StepProgress) and event.progress.wanted:
            with suppress(OSError):
                Path(file).write_text(f"{event.progress.done or 0}/{event.progress.wanted}\n", encoding="utf-8")
        tell(event)

    return both
