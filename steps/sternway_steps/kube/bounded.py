"""Reads an answer within bounds of time and size: who answers may be slow on purpose, and never come to an end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from .watch import shut

if TYPE_CHECKING:
    import urllib3

_PIECE = 65_536


def read_within(response: urllib3.BaseHTTPResponse, seconds: float, most: int) -> bytes:
    """Return the body of an answer, or its first `most` bytes; its connection is closed unless all was read.

    Raises: TimeoutError when it did not end in time. A connection that breaks off ends the body.
    """
    import urllib3

    end = time.monotonic() + seconds
    late = threading.Timer(max(0.0, seconds), shut, (response,))
    late.daemon = True
    late.start()
    body = bytearray()
    try:
        while len(body) < most and (piece := response.read1(min(_PIECE, most - len(body)))):
            body += piece
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        pass  # what came is what there is
    finally:
        late.cancel()
    over = len(body) < most
    if over and time.monotonic() >= end:
        response.close()
        raise TimeoutError
    if over:
        response.release_conn()
    else:
        response.close()
    return bytes(body)
