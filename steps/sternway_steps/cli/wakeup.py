"""Brings the main thread to a signal at once, whatever it waits for.

Python runs its handlers in the main thread, but the system may give a signal to any thread: then nothing interrupts
what the main thread waits for, and a run would hear of it minutes later (seen on Linux 6.18 with Python 3.11 to 3.13,
where a thread was being started: every third signal). So each signal is followed by one for the main thread alone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_KICK = signal.SIGURG
"""It does nothing to a process that has no handler, and no one sends it: sockets with urgent data are not used."""
_AGAIN = 0.1
"""Seconds; a signal that comes just before the main thread begins to wait does not interrupt that."""


@contextmanager
def signals_wake_main() -> Iterator[None]:
    """Interrupt the main thread after each signal that has a handler, for as long as the context lasts."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    came = threading.Event()
    kick_before = signal.signal(_KICK, lambda *_: came.set())
    wakeup_before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    main = threading.get_ident()
    over = threading.Event()

    def wake() -> None:
        while number := os.read(read, 1):
            if number[0] == _KICK:
                continue
            came.clear()
            while not (over.is_set() or came.is_set()):
                signal.pthread_kill(main, _KICK)
                came.wait(_AGAIN)

    waker = threading.Thread(target=wake, name="sternway-signals", daemon=True)
    waker.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup_before)
        os.close(write)
        waker.join()
        os.close(read)
        signal.signal(_KICK, kick_before)
