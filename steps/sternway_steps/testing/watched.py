"""The journal and the cluster as a step under test gets them: every use is a point."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import urllib3

from ..kube.api_error import ApiError
from ..kube.transport import Transport
from ..step import JournalView
from .points import Points

Right = tuple[str, str, str]
"""API group, resource (with its subresource, when it has one) and verb."""
_OBJECT = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+(?:/namespaces/[^/]+)?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+).*)?)?"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_APPLY = "application/apply-patch+yaml"


class WatchedJournal:
    """A step's journal; each write is a point before it is stored, and one after."""

    def __init__(self, journal: JournalView, points: Points) -> None:
        self._journal, self._points = journal, points
        self.history = journal.history
        self.intents, self.evidences, self.undo_intents = journal.intents, journal.evidences, journal.undo_intents

    def intent(self, data: Mapping[str, Any]) -> None:
        """Record an intent."""
        self._write("intent", self._journal.intent, data)

    def evidence(self, data: Mapping[str, Any]) -> None:
        """Record evidence."""
        self._write("evidence", self._journal.evidence, data)

    def _write(self, what: str, write: Callable[[Mapping[str, Any]], None], data: Mapping[str, Any]) -> None:
        self._points.reach(f"before {what} is in the journal")
        write(data)
        self._points.reach(f"after {what} is in the journal")


class WatchedTransport(Transport):
    """The transport to the cluster; each request is a point, and a change is another one after it.

    `rights`, when given, are all that is allowed: anything else is answered as a cluster would, with 403.
    """

    def __init__(self, kubeconfig: str, points: Points, rights: Collection[Right] | None) -> None:
        super().__init__(kubeconfig)
        self._points, self._rights = points, rights
        self.denied: list[str] = []

    def request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, **keys: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request."""
        self._ask(method, path, query or {}, keys.get("content_type", ""))
        change = changes(method, path, query or {}, body)
        self._points.reach(f"before {method} {path}", aside=not change)
        answer = super().request(method, path, query=query, body=body, **keys)
        if change:
            self._points.reach(f"after {method} {path}")
        return answer

    def stream(self, path: str, query: Mapping[str, str], read: float) -> urllib3.BaseHTTPResponse:
        """Open a watch."""
        self._ask("GET", path, query, "")
        self._points.reach(f"before GET {path}", aside=True)
        return super().stream(path, query, read)

    def _ask(self, method: str, path: str, query: Mapping[str, str], content_type: str) -> None:
        needed = rights_for(method, path, query, content_type)
        if self._rights is not None and not needed <= set(self._rights):
            missing = ", ".join(_text(right) for right in sorted(needed - set(self._rights)))
            self.denied.append(missing)
            raise ApiError(method, path, 403, "Forbidden", f"the step's rules do not grant {missing}")


def changes(method: str, path: str, query: Mapping[str, str], body: Any) -> bool:
    """Return whether a request changes what the cluster holds."""
    dry = "dryRun" in query or (isinstance(body, Mapping) and "dryRun" in body)
    return method != "GET" and not dry and "/apis/authorization.k8s.io/" not in path


def rights_for(method: str, path: str, query: Mapping[str, str], content_type: str) -> set[Right]:
    """Return the rights that a request needs (Kubernetes, "Determine the request verb"); an apply may create."""
    match = _OBJECT.fullmatch(path)
    if match is None or match["group"] == "authorization.k8s.io":
        return set()
    group, plural = match["group"] or "", match["plural"] + (f"/{match['sub']}" if match["sub"] else "")
    verb = _VERBS.get(method) or ("watch" if "watch" in query else "get" if match["name"] else "list")
    return {(group, plural, verb), *([(group, plural, "create")] if content_type == _APPLY else [])}


def _text(right: Right) -> str:
    group, resource, verb = right
    return f"{verb} {resource}{'.' + group if group else ''}"
