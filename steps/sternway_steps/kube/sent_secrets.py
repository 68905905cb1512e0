"""The secret values in a request's body: a server, or an admission webhook, may quote them in its answer."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..objects.secret import is_secret, values_in

_SECRETS = re.compile(r"^/api/v1/namespaces/[^/]+/secrets(/|$)")


def secret_values(path: str, body: Any) -> set[bytes]:
    """Return what must be in no message about a request: a Secret's values, as they were sent and decoded."""
    if not _SECRETS.match(path):
        return set()
    patch = [each.get("value") for each in body if isinstance(each, Mapping)] if isinstance(body, list) else None
    return values_of(body) if isinstance(body, Mapping) else _spellings(patch)


def values_of(secret: Mapping[str, Any]) -> set[bytes]:
    """Return the values of a Secret, as they stand in it and decoded."""
    return _spellings(values_in(secret))


def values_among(objects: Iterable[Mapping[str, Any]]) -> set[bytes]:
    """Return the values of the Secrets among objects, as they stand in them and decoded."""
    return {value for obj in objects if is_secret(obj) for value in values_of(obj)}


def _spellings(found: Any) -> set[bytes]:
    return {spelling for text in _scalars(found) for spelling in _spelled(text)}


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _scalars(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _scalars(each)
    elif isinstance(value, str):
        yield value
    elif value is not None and not isinstance(value, bool):
        yield json.dumps(value)


def _spelled(text: str) -> Iterator[bytes]:
    yield text.encode(errors="surrogatepass")
    try:
        yield base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return
