"""What interrupts the program that called us (Ctrl-C, sys.exit in a handler) stops the run, which is then undone."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def interruptible(work: Callable[[], T], stop: threading.Event | None = None) -> T:
    """Return what `work` returns; KeyboardInterrupt and SystemExit set `stop`, and are raised when it has ended.

    Python raises them in the main thread, in the middle of anything; so the work is done in a thread of its own while
    the main one waits. A second one leaves at once: what is not undone then is left to `Session.finish`, as after a
    kill. Called in any other thread, nothing can interrupt the work, and it is done there.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    results: list[T] = []
    errors: list[BaseException] = []
    ended = threading.Event()  # to join a thread that an interrupt has cut a join of takes it for ended (Python 3.11)
    begun = threading.Lock()  # who has it decides whether there is anything to wait for

    def do() -> None:
        if not begun.acquire(blocking=False):
            return  # interrupted before
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  raised in the thread that asked
            errors.append(error)
        finally:
            ended.set()

    # A daemon: whoever leaves at once is not kept from it.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(do,), name="sternway-run", daemon=True)
    try:
        thread.start()  # which waits, too, and may be interrupted when the work is well under way
        ended.wait()
    except (KeyboardInterrupt, SystemExit):
        if stop is not None:
            stop.set()
        if not begun.acquire(blocking=False):
            ended.wait()
        raise
    if errors:
        raise errors[0]
    return results[0]
