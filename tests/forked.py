"""Processes that start in no time: forked from a server that has loaded the command line."""

from __future__ import annotations

import multiprocessing
import signal

CONTEXT = multiprocessing.get_context("forkserver")
# There is one such server in a test run, so all that use it share what it loads.
CONTEXT.set_forkserver_preload(
    ["sternway_steps.cli.app", "sternway_steps.cli.main", "sternway_steps.session", "kubernetes.client", "tests.forked"]
)
DIED = -int(signal.SIGKILL)
"""How a process ends that was killed."""
