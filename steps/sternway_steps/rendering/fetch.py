"""Fetches manifests from a server. A digest pins them: what a server has today it need not have at the undo."""

from __future__ import annotations

import hashlib
import re

from ..config.manifests import MOST_FILE
from ..config.object_sources import Text, Unavailable
from ..errors import Transient
from ..process.within import within
from ..yamltree.errors import ConfigErrors
from ..yamltree.parser import decode

_PINNED = re.compile(r"(?P<url>[^\s]+)@sha256:(?P<digest>[0-9a-f]{64})")
_HOST = re.compile(r"(?:[^:\[\]]*|\[[0-9A-Fa-f:.]+\])(?::\d*)?")
_SECONDS, _WHOLE = 30.0, 120.0
"""How long a server may say nothing, and how long all of it may take."""
_MAY_PASS = 500
"""The least status of a server that may answer better later."""


def fetch(url: str) -> Text:
    """Return what URL@sha256:DIGEST names; raises Unavailable, Transient when the server is away."""
    pinned = _PINNED.fullmatch(url)
    shown = _shown(pinned["url"] if pinned else url)
    if pinned is None:
        hint = f"write URL@sha256:DIGEST; `curl -sSL '{shown}' | sha256sum` prints it"
        raise Unavailable(f"{shown} has no digest, and what it serves may change", hint)
    content = _content(pinned["url"], shown)
    found = hashlib.sha256(content).hexdigest()
    if found != pinned["digest"]:
        message = f"{shown} serves sha256:{found}, and sha256:{pinned['digest']} is expected"
        raise Unavailable(message, "look at what has changed there, then write the new digest")
    try:
        return Text(decode(content, shown), shown)
    except ConfigErrors as bad:
        raise Unavailable(bad.errors[0].message) from bad


def _content(url: str, shown: str) -> bytes:
    from http.client import HTTPException, InvalidURL
    from urllib.error import HTTPError
    from urllib.request import urlopen

    remedy = "try again, or save the file and name it"

    def read() -> bytes:
        with urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310  http and https alone come here
            return bytes(answer.read(MOST_FILE + 1))

    if "@" in url.partition("://")[2].partition("/")[0]:  # urllib would take them for the host, and tell them
        raise Unavailable(f"the URL of {shown} names a user", "fetch the file with its credentials, and name the file")
    try:
        content = within(_WHOLE, read)
    except TimeoutError:
        raise Transient(f"manifests: {shown} did not end within {_WHOLE:.0f} s", remedy=remedy) from None
    except HTTPError as error:
        if error.code >= _MAY_PASS:
            raise Transient(f"manifests: {shown} answers {error.code}", remedy=remedy) from None
        raise Unavailable(f"{shown} answers {error.code} ({error.reason})", "correct the URL") from None
    except (InvalidURL, ValueError):  # their words quote it, with what it may hold
        raise Unavailable(f"{shown} is no URL") from None
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", None) or error
        raise Transient(f"manifests: {shown} can't be fetched: {why}", remedy=remedy) from None
    if len(content) > MOST_FILE:
        raise Unavailable(f"{shown} serves over {MOST_FILE} bytes")
    return content


def _shown(url: str) -> str:
    """Return a URL without user, password and query, which may hold a token."""
    scheme, _, rest = url.partition("://")
    host, slash, path = re.split("[?#]", rest)[0].partition("/")
    host = host.rpartition("@")[2]
    if not _HOST.fullmatch(host):  # a password with a slash in it, say
        return f"{scheme}://{host.partition(':')[0]}"
    return f"{scheme}://{host}{slash}{path}"
