"""Who holds a target: a process, named so that its death can be proven where it can be known."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Holder:
    """Somebody in a process who works on a run; written as `RUN HOST PID TOKEN`.

    The token tells apart two threads of a process that want the same run. It ends with the proof of who the process
    is, `/BOOT/NAMESPACES/STARTED`: the boot of its kernel, its namespaces of PIDs and of clocks, and when it started.
    Both may be missing: of older versions, and where the system does not tell.
    """

    run: str
    host: str
    pid: int
    token: str = ""

    def __str__(self) -> str:
        return f"{self.run} {self.host} {self.pid} {self.token}".rstrip()

    @staticmethod
    def me(run: str) -> Holder:
        """Return the caller."""
        pid = os.getpid()
        here, started = _here(), _started(pid)
        proof = f"/{here[0]}/{here[1]}/{started}" if here and started else ""
        return Holder(run, socket.gethostname(), pid, secrets.token_hex(4) + proof)

    @staticmethod
    def parse(text: str) -> Holder | None:
        """Read what str() wrote; None when it is something else."""
        parts = text.split(" ")
        valid = len(parts) in (3, 4) and parts[2].isdigit()
        return Holder(parts[0], parts[1], int(parts[2]), *parts[3:]) if valid else None

    def is_dead(self) -> bool:
        """Return whether it provably does not run any more.

        A name of a host and a number prove nothing: containers share the first, and each counts for itself. It takes
        the same boot of the same kernel, the same namespaces, and that the process is gone or started later.
        """
        _, *proof = self.token.split("/")
        if len(proof) != 3 or tuple(proof[:2]) != _here():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # it is there, and somebody else's
            pass
        started = _started(self.pid)
        return bool(started) and started != proof[2]


def _here() -> tuple[str, str] | None:
    """Return the boot of this kernel, and in which namespaces its PIDs and start times mean the same.

    None where the system does not tell; Linux does (namespaces of clocks are younger than those of PIDs).
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        spaces = [Path("/proc/self/ns/pid").readlink().name]
        with suppress(OSError):
            spaces.append(Path("/proc/self/ns/time").readlink().name)
        return (boot, ",".join(spaces)) if boot else None
    return None


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot: field 22 of /proc/PID/stat (see proc_pid_stat(5)).

    "zombie" for one that has ended and was not collected by its parent yet; "" when it can't be read.
    """
    with suppress(OSError, IndexError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "zombie" if state in ("Z", "X") else fields[18]
    return ""
