"""HTTP requests: with timeouts and retries where these are safe, each reported to a listener."""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .access import Access
from .answer import from_answer, is_status
from .api_error import ApiError
from .body import encode
from .bounded import read_within
from .connect import load
from .fence import Fence, changes
from .no_answer import no_answer

if TYPE_CHECKING:
    import urllib3

CONNECT, READ = 5.0, 30.0
"""Seconds to wait for a connection, and for the answer."""
_PATIENCE = 15.0
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
_POOL = 32


@dataclass(frozen=True)
class RequestLog:
    """One request and its outcome, for the listener; `status` is 0 when there was no answer."""

    number: int
    method: str
    path: str
    status: int
    seconds: float


class Transport:
    """A pool of connections to one API server; connects when it is first used. Thread-safe."""

    def __init__(
        self,
        kubeconfig: str | None = None,
        context: str | None = None,
        on_request: Callable[[RequestLog], None] | None = None,
        *,
        on_warning: Callable[[str], None] | None = None,
        on_retry: Callable[[str], None] | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._source = (kubeconfig, context)
        self._on_request = on_request
        self._on_warning = on_warning
        self._on_retry = on_retry
        self._patience = patience
        self._lock = threading.Lock()
        self._aborted = threading.Event()
        self._away = False
        self._access: Access | None = None
        self._pool: urllib3.PoolManager | None = None
        self.requests = 0

    @property
    def access(self) -> Access:
        """The access to the API server; read when it is first needed. Raises Refused."""
        with self._lock:
            if self._access is None:
                self._access = load(*self._source)
            return self._access

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float | None = None,
        safe: bool = False,
        headers: Mapping[str, str] | None = None,
        fence: Fence | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return status, headers and body of an answer below 400; raise ApiError for others.

        | what happened | retried |
        | --- | --- |
        | 429, or the connection was refused: the server did not see the request | always |
        | no answer, 500, 502, 503, 504 | if `safe`: sending it twice does no harm |
        | 401 | once, with credentials read anew |
        | anything else, or with a `timeout` (seconds) | never |

        Retries go on for `patience` seconds, and there is at least one; Retry-After is respected. With a `fence`, each
        try that may change something is sent only if the fence admits it, and ends within the time that it allows;
        raises LockLost.
        """
        data = None if body is None else encode(body)
        fence = fence if changes(method, path, query, body) else None
        end = time.monotonic() + self._patience
        tries, late = 0, False
        while True:
            error = None
            admit = partial(fence.admit, f"{method} {path}", longer=late) if fence is not None else None
            try:
                response = self._send(
                    method, path, query, data, content_type, timeout, headers=headers, stream=False, admit=admit
                )
                if response.status < 400:
                    self._away = False
                    if method != "GET":  # of what is only looked at, we have chosen the version
                        self._warn(response.headers)
                    return response.status, response.headers, response.data
                error = from_answer(method, path, response.status, response.headers, response.data, body)
            except ApiError as failed:
                error = failed
            tries, late = tries + 1, late or error.reason == "Timeout" or error.status == 504
            if error.unauthorized and tries == 1:
                self._forget_credentials()
                continue
            if error.unauthorized:
                raise ApiError(
                    method, path, 401, error.reason, f"{error.message}: the credentials of {self.access.identity}"
                )
            unseen = error.status == 429 or error.reason == "Refused"
            passes = unseen or (safe and error.transient and error.reason != "Certificate")
            if timeout is not None or not passes or self._aborted.is_set():
                raise error
            delay = max(error.retry_after or 0.0, min(5.0, 0.1 * 2**tries) * random.uniform(0.5, 1))  # noqa: S311
            if time.monotonic() + delay > end and (tries > 1 or delay > self._patience):
                raise error
            self._tell_away(error)
            if self._aborted.wait(delay):
                raise error

    def ask_pod(self, path: str, timeout: float, headers: Mapping[str, str], most: int) -> tuple[int, bytes]:
        """Send one GET that the server passes on to a pod, and return status and body, whatever the pod answers.

        All of it may take `timeout` seconds, however slowly it comes; of the body `most` bytes are read.
        Raises: ApiError when the server itself answers with an error, or nobody does in time.
        """
        end = time.monotonic() + timeout
        for last in (False, True):
            left = max(0.001, end - time.monotonic())
            response = self._send("GET", path, None, None, "application/json", left, headers=headers, stream=True)
            try:
                body = read_within(response, end - time.monotonic(), most)
            except TimeoutError:
                text = f"the answer did not end within {timeout:.0f} s"
                raise ApiError("GET", path, 0, "Timeout", text) from None
            if response.status < 400 or not is_status(body):
                break
            error = from_answer("GET", path, response.status, response.headers, body)
            if last or not error.unauthorized:
                raise error
            self._forget_credentials()
        return response.status, body

    def stream(self, path: str, query: Mapping[str, str], read: float) -> urllib3.BaseHTTPResponse:
        """Open a GET whose body is read as it comes; each read may wait `read` seconds. Raises ApiError."""
        response = self._send("GET", path, query, None, "application/json", read, stream=True)
        if response.status >= 400:
            body = response.data
            response.release_conn()
            raise from_answer("GET", path, response.status, response.headers, body)
        return response

    def abort(self) -> None:
        """Refuse further requests, and end the waits between retries."""
        self._aborted.set()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.clear()

    def _warn(self, headers: Mapping[str, str]) -> None:
        """Report the server's warnings (RFC 7234, code 299): deprecated API versions, unknown fields."""
        if self._on_warning is not None:
            for text in _WARNING.findall(headers.get("Warning") or ""):
                self._on_warning(text.replace('\\"', '"'))

    def _tell_away(self, error: ApiError) -> None:
        """Report at the first failure that requests are retried; not again before one was answered."""
        if self._on_retry is None or error.status == 429 or self._away:
            return
        self._away = True
        self._on_retry(f"{error.message or error.reason}; trying again for up to {self._patience:.0f} s")

    def _forget_credentials(self) -> None:
        """Drop the credentials, and the connections that may carry a client certificate.

        Requests under way keep their connections, which are closed when the last one ends.
        """
        with self._lock:
            self._access = None
            self._pool = None

    def _manager(self, access: Access) -> urllib3.PoolManager:
        with self._lock:
            if self._pool is None:
                self._pool = access.pool(_POOL)
            return self._pool

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        data: bytes | None,
        content_type: str,
        timeout: float | None,
        *,
        stream: bool,
        headers: Mapping[str, str] | None = None,
        admit: Callable[[], float] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        import urllib3

        if self._aborted.is_set():
            raise ApiError(method, path, 0, "Aborted", "the client was stopped")
        access = self.access
        manager = self._manager(access)
        sent = urllib3.HTTPHeaderDict({"Accept": "application/json", "User-Agent": "sternway", **(headers or {})})
        if data is not None:
            sent["Content-Type"] = content_type
        if authorization := access.authorization():
            sent["Authorization"] = authorization
        for header, value in access.impersonation:
            sent.add(header, value)
        with self._lock:
            self.requests += 1
            number = self.requests
        began, status = time.monotonic(), 0
        # As late as can be: what comes between this and the request is not seen by the fence.
        query, limits = _limited(query, timeout or READ, admit() if admit is not None else math.inf)
        url = access.host + path + (f"?{urlencode(query)}" if query else "")
        try:
            response = manager.request(
                method, url, body=data, headers=sent, preload_content=not stream, redirect=False, retries=False,
                timeout=urllib3.Timeout(**limits),
            )  # fmt: skip
            status = response.status
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if self._aborted.is_set():
                raise ApiError(method, path, 0, "Aborted", "the client was stopped") from error
            raise no_answer(method, path, access.shown, manager.proxy, error, CONNECT) from error
        finally:
            if self._on_request is not None:
                self._on_request(RequestLog(number, method, path, status, time.monotonic() - began))
        return response


def _limited(
    query: Mapping[str, str] | None, read: float, allowed: float
) -> tuple[Mapping[str, str] | None, dict[str, float]]:
    """Return query and timeouts of a request that has to end within some seconds, on the server's side too.

    The server drops what it has not done by `timeout` (k8s.io/apiserver, filters.WithRequestDeadline; Go's durations).
    """
    if allowed >= CONNECT + read:
        return query, {"connect": CONNECT, "read": read}
    connect = min(CONNECT, allowed / 4)
    served = min(read, allowed - connect)
    return {**(query or {}), "timeout": f"{served * 1000:.0f}ms"}, {"connect": connect, "read": served}
