"""Who runs this, as it is recorded in the journal."""

from __future__ import annotations

import getpass
import socket

from .. import __version__


def author() -> dict[str, str]:
    """Return the version of Sternway, the host and the user."""
    return {"version": __version__, "host": socket.gethostname(), "user": _user()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a pod's user id often has no name
        return "unknown"
