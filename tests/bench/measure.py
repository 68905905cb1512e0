"""Runs commands and says what they cost."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """One process: wall seconds, peak memory in MiB (its largest process), exit code."""

    wall: float
    peak: float
    code: int


def run(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **(environ or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.monotonic() - began, usage.ru_maxrss / 1024, process.returncode)


def in_turn(times: int, *each: Callable[[int], Cost]) -> list[Cost]:
    """Run some commands in turn, A B A B …, so that a slow moment of the machine meets all; gives the medians."""
    rounds = [[one(number) for one in each] for number in range(times)]
    return [
        Cost(
            statistics.median(r[n].wall for r in rounds),
            max(r[n].peak for r in rounds),
            max(r[n].code for r in rounds),
        )
        for n in range(len(each))
    ]


def table(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; the first row is its head."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    print(f"\n{title}")
    for row in rows:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
