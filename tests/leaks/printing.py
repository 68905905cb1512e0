"""A program that is given a secret and tells it, in one of many ways. It runs by itself: `python printing.py WAY CODE`."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
import urllib.parse
from pathlib import Path

WAYS = ("whole", "prefixed", "one by one", "pieces", "bytes", "base64", "user", "wrapped", "url", "json", "coloured",
        "errors", "progress", "undo", "cut", "twice", "no line")  # fmt: skip


def told(way: str, value: bytes) -> list[bytes]:
    """Return the writes in which a secret is told."""
    lines = value.splitlines() or [b""]
    if way == "prefixed":
        return [b"#8 0.2%02d %s\n" % (number % 100, line) for number, line in enumerate(lines)]
    if way == "one by one":
        return [part for line in lines for part in (line, b"\n")]
    if way in ("pieces", "bytes"):
        size = 7 if way == "pieces" else 1
        return [value[at : at + size] for at in range(0, min(len(value), 4000), size)] + [
            value[4000:] if len(value) > 4000 else b"\n"
        ]
    if way == "coloured":
        return [line[:5] + b"\x1b[1m" + line[5:9] + b"\x1b[0m" + line[9:] + b"\n" for line in lines]
    if way == "progress":
        return [b"10%\r" + line + b"\rdone\n" for line in lines]
    if way == "undo":
        return [b"STERNWAY_UNDO=" + line + b"\n" for line in lines]
    encoded: dict[str, bytes] = {
        "whole": b"it is " + value + b" indeed\n",
        "base64": base64.b64encode(value) + b"\n",
        "user": base64.b64encode(b"user:" + value) + b"\n",
        "wrapped": base64.encodebytes(value),
        "url": urllib.parse.quote(value, safe="").encode() + b"\n",
        "json": json.dumps({"value": value.decode(errors="replace")}).encode() + b"\n",
        "cut": value[: -max(1, len(value) // 9)],
        "twice": value + value + b"\n",
        "no line": value,
    }
    return [encoded.get(way, encoded["whole"])]


def main(way: str, code: str) -> None:
    """Tell it, write down what others could see of all processes, and end."""
    to = 2 if way == "errors" else 1
    for piece in told(way, os.environb[b"SECRET"]):
        os.write(to, piece)
        if way in ("pieces", "bytes", "one by one") and len(piece) < 3:
            time.sleep(0)
    if seen := os.environ.get("SEEN"):
        words = b"".join(file.read_bytes() + b"\n" for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists())
        Path(seen).write_bytes(words)
    sys.exit(int(code))


if __name__ == "__main__":
    main(*sys.argv[1:])
