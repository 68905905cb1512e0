"""The body of a request: JSON, or YAML as the real server's parser reads it."""

from __future__ import annotations

import json
import re
from typing import Any

from .status import StatusError

_LIMIT = 3 * 2**20
_NOT_YAML = re.compile(rb"(?<!\\)(?:\\\\)*(?P<pair>\\u[dD][89a-fA-F])|\x7f")
APPLY = "application/apply-patch+yaml"


def read(body: bytes, media: str) -> Any:
    """Return a body's data; raise 413 or 400."""
    if len(body) > _LIMIT:
        raise StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {_LIMIT}")
    if not body:
        return {}
    if media == APPLY and (found := _NOT_YAML.search(body)):
        what = "found invalid Unicode character escape code" if found["pair"] else "control characters are not allowed"
        text = f"error decoding YAML: error converting YAML to JSON: yaml: {what}"
        raise StatusError(400, "BadRequest", text)
    try:
        data = json.loads(body)
    except ValueError:
        data = _yaml(body)
    if not isinstance(data, dict | list):
        raise StatusError(400, "BadRequest", "the body is no object")
    return data


def _yaml(body: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise StatusError(400, "BadRequest", f"the body can't be read: {error}") from error
