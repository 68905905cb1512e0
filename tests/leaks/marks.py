"""Secrets that can be told from anything else, and how they may look where they leak."""

from __future__ import annotations

import base64
import json
import random
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

from sternway_steps.plain_text import plain

KINDS = ("word", "number", "key", "carriage", "long", "lines", "binary", "driving", "json", "spaces", "percent")
_LEAST = 10
"""Bytes of a mark that have to be found together: fewer occur by chance."""


@dataclass(frozen=True)
class Mark:
    """One secret."""

    kind: str
    value: bytes

    def found_in(self, output: bytes) -> str:
        """Return how it, or a telling part of it, stands in an output; "" when it does not."""
        for form, spelling in self._forms():
            if len(spelling) >= _LEAST and spelling in output:
                return f"{form}: {spelling[:60]!r}"
        return ""

    def _forms(self) -> Iterator[tuple[str, bytes]]:
        yield "raw", self.value
        text = self.value.decode(errors="replace")
        parts = [line.strip() for line in self.value.splitlines()]
        for part in parts:
            line = part if len(part) <= 200 else part[40:140]
            for name, whole in (("a line", line), ("most of a line", line[: len(line) * 3 // 4])):
                yield name, whole
                yield f"{name}, plain", plain(whole.decode(errors="replace")).encode()
                yield f"{name}, in JSON", json.dumps(whole.decode(errors="replace"))[1:-1].encode()
        if len(self.value) <= 8000:
            for before in range(3):
                encoded = base64.b64encode(bytes(before) + self.value)[4:-4]
                yield "base64", encoded[:40]
                yield "base64, its end", encoded[-40:]
                yield "base64 for URLs", base64.urlsafe_b64encode(bytes(before) + self.value)[4:-4]
            yield "percent", urllib.parse.quote(self.value, safe="").encode()
            yield "JSON", json.dumps(text)[1:-1].encode()
            yield "JSON beyond ASCII", json.dumps(text, ensure_ascii=False)[1:-1].encode()


def mark_of(kind: str, chance: random.Random) -> Mark:
    """Make a secret of a kind; none holds a NUL, which no variable can."""
    word = "pLaNtEd" + chance.randbytes(8).hex()
    lines = [base64.b64encode(chance.randbytes(48)).decode() for _ in range(24)]
    binary = bytes(chance.choice([b for b in range(1, 256) if b != 10]) for _ in range(40))
    made: dict[str, str | bytes] = {
        "word": word,
        "number": str(chance.randrange(10**17, 10**18)),
        "key": "\n".join(["-----BEGIN PLANTED KEY-----", *lines, "-----END PLANTED KEY-----", ""]),
        "carriage": "\r\n".join(lines),
        "long": chance.randbytes(35_000).hex(),
        "lines": "\n".join(lines * 60)[:70_000] + word,
        "binary": b"\xff" + binary + b"\xfe",
        "driving": f"{word[:6]}\x1b[31m{word[6:]}\x07\x1b]0;{word}\x1b\\\x9b1m{word}",
        "json": json.dumps({"user": word, "auth": {"token": word[::-1], "ü": 'a"b'}}),
        "spaces": f"  {word} {word[::-1]}\t{word} \n",
        "percent": f"{word}%/+&={word[::-1]}?#ü",
    }
    value = made[kind]
    return Mark(kind, value if isinstance(value, bytes) else value.encode())
