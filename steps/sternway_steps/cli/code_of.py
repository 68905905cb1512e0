"""The exit code of what a command raised."""

from __future__ import annotations

from ..errors import ClusterError
from ..exits import Exit, exit_of
from ..yamltree.errors import ConfigErrors


def code_of(error: Exception) -> int:
    """Return it; a wrong configuration is a wrong use, and of a cluster's answer it counts whether it may pass."""
    if isinstance(error, ConfigErrors):
        return Exit.USAGE
    if isinstance(error, ClusterError):
        return Exit.TRANSIENT if error.transient else Exit.REFUSED
    return exit_of(error)
