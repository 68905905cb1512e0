"""The body of a request, encoded as the API server reads it."""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\x7f")


def encode(body: Any) -> bytes:
    """Return JSON that is valid YAML too.

    The server reads what is applied as YAML (go-yaml v2), which knows no surrogate pairs and no bare DEL. Other
    characters beyond ASCII stay escaped, for in YAML some of them break a line.
    """
    return _ESCAPES.sub(_as_yaml, json.dumps(body, separators=(",", ":"))).encode()


def _as_yaml(match: re.Match[str]) -> str:
    text = match[0]
    if text == r"\\":
        return text
    return r"\u007f" if text == "\x7f" else str(json.loads(f'"{text}"'))
