"""Foreign text as plain text: a log, an event, a server's answer must not drive the terminal that shows it."""

from __future__ import annotations

import json
import re

# ECMA-48: control sequences (CSI), strings (OSC, DCS, SOS, PM, APC) to their terminator or the line's end, and other
# escapes; each in its form of seven bits and of eight.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Signs that are no text: all of Unicode's category Cc but the tabulator and the line end."""

_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Signs that show what follows in another order (Unicode, "Bidirectional Algorithm"), break a line, or show nothing: a
text reads as it is not. Those that join letters (Persian) and emoji (U+200C, U+200D) stay."""


_PASSWORD = re.compile(r"(?<=://)(?:[^/\s]+|[^/\s@:]*:(?!\d*/)[^\s@]*)(?=@)")
"""Also one that holds a slash, which it must not: then what looks like a port is none."""


def without_password(text: str) -> str:
    """Return text without the user and the password of URLs in it."""
    return _PASSWORD.sub("***", text)


def short(text: str) -> str:
    """Return the first letters of a text, which may have any number of them."""
    return text if len(text) <= 60 else text[:57] + "…"


def plain(text: str) -> str:
    """Return text without control sequences and without signs that are no text; lines and tabulators stay."""
    if text.isprintable():
        return text
    return _UNSEEN.sub(_escaped, _CONTROL.sub("", _SEQUENCE.sub("", text.replace("\r\n", "\n"))))


def is_seen(text: str) -> bool:
    """Return whether all signs of a text are seen. What writes another language escapes others, before we would."""
    return text.isascii() or _UNSEEN.search(text) is None


def escaped_in_json(text: str) -> str:
    """Return JSON whose strings hold no such signs; JSON leaves those above 0x7e as they are."""
    return _UNSEEN.sub(_in_json, _CONTROL.sub(_in_json, text))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}" if ord(found[0]) < 0x10000 else f"\\U{ord(found[0]):08x}"


def _in_json(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
