"""The path of an HTTP check: it stays below the Service's proxy, for the API server lies around that."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from ...errors import Refused
from ...yamltree import scalars as s
from ...yamltree.document import Node

_EXPECTED = "a path below the Service, without . and .. between slashes"
_SAFE = "/%:@!$&'()*+,;=~-._"


def leaves_service(path: str) -> bool:
    """Return whether a path would lead out of the Service, once somebody on the way has decoded and shortened it."""
    way = path.partition("?")[0]
    for _ in range(3):  # a proxy decodes what the one before it has decoded
        if any(part in (".", "..") for part in re.split(r"[/\\\\]", way)):
            return True
        way = unquote(way)
    odd = any(sign in " #\\" for sign in path) or any(ord(sign) < 0x20 or sign == "\x7f" for sign in path + way)
    return odd or not path.startswith("/")


def within_service(path: str) -> str:
    """Return a path with its query as it stands in a URL; raise Refused when it leaves the Service."""
    if leaves_service(path):
        raise Refused(f"verify.http: the path {path!r} leaves the Service", remedy=_EXPECTED)
    way, mark, query = path.partition("?")
    return quote(way, safe=_SAFE) + mark + quote(query, safe=_SAFE + "?")


@s.reads(_EXPECTED, s.url_path.schema)
def url_path(node: Node) -> str:
    """Read such a path."""
    text = s.url_path(node)
    if leaves_service(text):
        raise s.InvalidValue(f"{text!r} leaves the Service: the request would be one to the API server", _EXPECTED)
    return text
