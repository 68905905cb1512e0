"""How a registry is asked over HTTP: within bounds of time and size, and credentials follow to nobody else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from ...errors import Transient
from ...process.within import within

ANSWERS = 30.0
"""Seconds that the registry has for an answer, to its last byte."""
MOST = 4 << 20
"""Bytes that a registry takes for a manifest at least (OCI distribution 1.1); of an answer no more are read."""
_READS = ("GET", "HEAD")
_REDIRECTS, _SAME_METHOD = (301, 302, 303, 307, 308), (307, 308)
_MOST_REDIRECTS = 5
_PIECE = 65_536
_WORDS = 500


@dataclass(frozen=True)
class HttpAnswer:
    """An answer; `url` is whose it is: after a redirect, another's. `data` over MOST bytes is cut off."""

    url: str
    status: int
    headers: Mapping[str, str]
    data: bytes


class Connection:
    """The connections to one registry, and to those that it names."""

    def __init__(self, host: str, url: str) -> None:
        self._host = host
        self._pool = _pool(url)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: Any = None, seconds: float = ANSWERS
    ) -> HttpAnswer:
        """Send a request, and follow where it is redirected.

        What reads is followed anywhere, but without credentials to another host, and never from TLS to none. What
        carries something is followed on the same host alone.

        Raises: Transient when there is no whole answer in time.
        """
        for _ in range(_MOST_REDIRECTS):
            answer = self._once(method, url, headers, body, seconds)
            if answer.status not in (_REDIRECTS if method in _READS else _SAME_METHOD):
                break
            there = _redirected(url, answer.headers.get("Location", ""))
            if not is_same_host(url, there):
                if method not in _READS or not _is_as_safe(url, there):
                    break
                headers = {key: value for key, value in headers.items() if key.lower() != "authorization"}
            url = there
        return answer

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: Any, seconds: float) -> HttpAnswer:
        import urllib3

        tries = 2 if method in _READS else 0
        retries = urllib3.Retry(tries, redirect=0, backoff_factor=0.2, respect_retry_after_header=False)
        connect = min(5.0, seconds / 4)
        timeout = urllib3.Timeout(connect=connect, read=seconds - connect)

        def ask() -> HttpAnswer:
            response = self._pool.request(
                method, url, body=body, headers=dict(headers), timeout=timeout, retries=retries, redirect=False,
                preload_content=False,
            )  # fmt: skip
            return HttpAnswer(url, response.status, response.headers, _read(response))

        try:
            return within(seconds, ask)
        except (TimeoutError, urllib3.exceptions.ReadTimeoutError):
            raise Transient(f"the registry {self._host} gave no whole answer within {seconds:.0f} s") from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # urllib3 wraps what the system said into what it tried how often.
            why = getattr(error, "reason", None) or error
            raise Transient(f"the registry {self._host} does not answer: {why}") from error


def is_same_host(url: str, other: str) -> bool:
    """Return whether two URLs are of one scheme, host and port."""
    return _origin(url) == _origin(other)


def is_clear(url: str) -> bool:
    """Return whether what is sent to a URL can be read on its way."""
    return urlsplit(url).scheme.lower() != "https"


def json_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer; an empty one for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def reason(answer: HttpAnswer) -> str:
    """Return what an answer says, as far as it is told."""
    errors = json_of(answer.data).get("errors")
    words = [
        f"{e.get('code', '')} {e.get('message', '')}".strip()
        for e in (errors if isinstance(errors, list) else ())
        if isinstance(e, dict)
    ]
    return f"{answer.status} ({'; '.join(words)[:_WORDS]})" if words else f"status {answer.status}"


def _read(response: Any) -> bytes:
    body = bytearray()
    while len(body) <= MOST and (piece := response.read1(_PIECE)):
        body += piece
    if len(body) > MOST:
        response.close()
    else:
        response.release_conn()
    return bytes(body)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", url, None
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), port or {"https": 443, "http": 80}.get(scheme)


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _is_as_safe(url: str, there: str) -> bool:
    scheme = _origin(there)[0]
    return scheme == "https" or (scheme == "http" and is_clear(url))


def _pool(url: str) -> Any:
    """Return what makes requests, by the proxy that the environment names (HTTPS_PROXY, NO_PROXY)."""
    from urllib.request import getproxies, proxy_bypass

    import urllib3

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    return urllib3.ProxyManager(proxy) if proxy and not proxy_bypass(parts.netloc) else urllib3.PoolManager()
