"""A signal reaches the main thread at once, whatever it waits for and whichever thread the system chose."""

from __future__ import annotations

import select
import signal
import subprocess
import sys

ROUNDS = 60
WAITS = f"""
import signal, threading
from sternway_steps.cli.wakeup import signals_wake_main

heard = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: heard.set())

def say():
    print("begun", flush=True)
    later = threading.Timer(60, print)  # while a thread is being started the system may choose another than the main one
    later.daemon = True
    later.start()

with signals_wake_main():
    for _ in range({ROUNDS}):
        heard.clear()
        threading.Timer(0.005, say).start()
        heard.wait()
        print("heard", flush=True)
print("handler" if signal.getsignal(signal.SIGURG) != signal.SIG_DFL else "none", signal.set_wakeup_fd(-1), flush=True)
"""


def test_each_signal_is_heard_while_the_main_thread_waits() -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, bufsize=0) as waits:
        assert waits.stdout is not None

        def line(number: int) -> bytes:
            assert waits.stdout is not None
            assert select.select([waits.stdout], [], [], 20)[0], f"nothing is heard of signal {number}"
            return waits.stdout.readline()

        try:
            for number in range(ROUNDS):
                assert line(number) == b"begun\n"
                waits.send_signal(signal.SIGTERM)
                assert line(number) == b"heard\n"
            assert line(ROUNDS) == b"none -1\n", "all is as it was before"
            assert waits.wait(20) == 0
        finally:
            waits.kill()
