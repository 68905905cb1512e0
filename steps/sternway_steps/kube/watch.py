"""Follows objects as they change: a list, then a watch, across expiry and dead connections."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .api_error import ApiError, Expired

if TYPE_CHECKING:
    from types import TracebackType

    from .client import Client

SYNC = "SYNC"
"""Yielded once after each list: all that exists now has been yielded."""

# The server ends a watch after this time; a connection that is silent for longer is dead, whatever TCP says.
_WATCH_SECONDS = 30
_SLACK = 10.0
_PAUSE = 0.5


def named(name: str) -> str:
    """Return the field selector of one object; RBAC allows characters in names that selectors are made of."""
    return "metadata.name=" + re.sub(r"[\\\\,=]", r"\\\g<0>", name)


class Watches:
    """Watches that end together; close() ends them at once. Thread-safe."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        self.closed = threading.Event()

    def __enter__(self) -> Watches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all watches; a thread that reads one of them sees its end."""
        self.closed.set()
        with self._lock:
            for response in self._open:
                shut(response)

    def follow(
        self, api_version: str, kind: str, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every existing object as ADDED, then (SYNC, {}), then each change as it happens, until closed.

        After a gap the list is read again: what vanished in between is yielded as DELETED, and SYNC follows again.
        Raises: ApiError when the first list fails, or a right is missing; later failures are retried until closed.
        """
        current: dict[str, dict[str, Any]] = {}
        first = True
        while not self.closed.is_set():
            try:
                listing = self._client.list(api_version, kind, namespace, labels=labels, fields=fields)
            except ApiError as error:
                if first or error.forbidden:
                    raise
                self.closed.wait(_PAUSE)
                continue
            first = False
            listed = {obj["metadata"]["uid"]: obj for obj in listing.items}
            yield from (("DELETED", obj) for uid, obj in current.items() if uid not in listed)
            yield from (("ADDED", obj) for obj in listed.values())
            current = listed
            yield SYNC, {}
            with suppress(Expired):
                path = self._client.resource(api_version, kind).path(namespace)
                selectors = {k: v for k, v in (("labelSelector", labels), ("fieldSelector", fields)) if v}
                for change, obj in self._changes(path, selectors, listing.resource_version):
                    obj = {"apiVersion": api_version, "kind": kind, **obj}
                    if change == "DELETED":
                        current.pop(obj["metadata"]["uid"], None)
                    else:
                        current[obj["metadata"]["uid"]] = obj
                    yield change, obj

    def _changes(self, path: str, selectors: dict[str, str], version: str) -> Iterator[tuple[str, dict[str, Any]]]:
        while not self.closed.is_set():
            query = {
                "watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version,
                "timeoutSeconds": str(_WATCH_SECONDS), **selectors,
            }  # fmt: skip
            try:
                for change, obj in self._events(path, query):
                    version = obj["metadata"]["resourceVersion"]
                    if change != "BOOKMARK":
                        yield change, obj
            except ApiError as error:
                if error.expired:
                    raise Expired from error
                if error.forbidden:
                    raise  # else nothing is ever seen to change, and nobody says why
                self.closed.wait(_PAUSE)

    def _events(self, path: str, query: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        import urllib3

        response = self._client.transport.stream(path, query, _WATCH_SECONDS + _SLACK)
        with self._lock:
            self._open.add(response)
            if self.closed.is_set():
                shut(response)
        try:
            for line in _lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(
                        "GET", path, status.get("code") or 500, status.get("reason", ""), status.get("message", "")
                    )
                yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if not self.closed.is_set():
                raise ApiError("GET", path, 0, "Cut", f"the watch broke: {error}") from error
        finally:
            with self._lock:
                self._open.discard(response)
            response.close()


def _lines(response: Any) -> Iterator[bytes]:
    rest = b""
    while chunk := response.read1():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line.strip())


def shut(response: Any) -> None:
    """Shut the connection down below TLS and buffers, so that a thread that reads from it sees its end."""
    # One that is at its end has no connection any more, and http.client no descriptor of it: an AttributeError.
    with suppress(OSError, ValueError, AttributeError), socket.socket(fileno=os.dup(response.fileno())) as sock:
        sock.shutdown(socket.SHUT_RDWR)
