"""What this machine lacks: an error that is neither the content's fault nor a bug, and may not come again."""

from __future__ import annotations

import errno

from .errors import Transient

_LACKING = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
"""No room on a disk, no memory, no more open files, no more processes."""


def shortage(error: BaseException) -> Transient | None:
    """Return what an error says of this machine or container; None when it says nothing of that."""
    if isinstance(error, MemoryError):
        lacks = "no memory is left"
    elif isinstance(error, OSError) and error.errno in _LACKING:
        lacks = str(error)
    elif isinstance(error, RuntimeError) and str(error) == "can't start new thread":  # CPython's thread_run
        lacks = "no thread can be started"
    else:
        return None
    lacking = Transient(
        f"this machine or container lacks what is needed: {lacks}",
        remedy="raise its limit (memory, processes, open files, room on the disk), or try again when there is more",
    )
    lacking.__cause__ = error
    return lacking
