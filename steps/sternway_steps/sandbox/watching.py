"""Watches: changes as they happen, bookmarks, and expiry."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .api import Api
from .kinds import Kind
from .selectors import fields_match, labels_match
from .status import StatusError

_BOOKMARK = 10.0
_LOOK = 0.5


def stream(api: Api, kind: Kind, namespace: str, args: Mapping[str, str], closing: threading.Event) -> Iterator[bytes]:  # noqa: C901  one loop, four ways on
    """Yield the lines of a watch; raise 410 when its start is too old."""
    store = api.store
    version = int(args.get("resourceVersion") or 0)
    by_label, by_field = labels_match(args.get("labelSelector", "")), fields_match(args.get("fieldSelector", ""))
    if version and store.since(version) is None:
        raise _expired(version)
    initial: list[Any] = []
    if not version:
        with store.lock:
            version = store.version
            initial = [("ADDED", obj) for obj in store.all(kind.key, namespace or None)]

    def matches(obj: Mapping[str, Any]) -> bool:
        inside = not namespace or obj["metadata"].get("namespace") == namespace
        return inside and by_label(obj) and by_field(obj)

    def line(change: str, obj: Mapping[str, Any]) -> bytes:
        whole = {**obj, "apiVersion": kind.api_version, "kind": kind.kind}
        return json.dumps({"type": change, "object": whole}, separators=(",", ":")).encode() + b"\n"

    def lines() -> Iterator[bytes]:
        at = version
        yield b""  # sends the headers: a client waits for them, not for the first change
        yield from (line(change, obj) for change, obj in initial if matches(obj))
        end = time.monotonic() + float(args.get("timeoutSeconds") or 300)
        bookmark = time.monotonic() + _BOOKMARK
        matching = {o["metadata"]["uid"] for o in store.all(kind.key, namespace or None) if matches(o)}
        while not closing.is_set() and not store.closed and time.monotonic() < end:
            changes = store.since(at)
            if changes is None:
                yield line("ERROR", _expired(at).body())
                return
            for number, change, key, obj in changes:
                at = number
                if key != kind.key:
                    continue
                uid, fits = obj["metadata"]["uid"], matches(obj)
                if change != "DELETED" and not fits and uid in matching:
                    change = "DELETED"  # it does not match any more
                elif not fits:
                    continue
                matching.discard(uid) if change == "DELETED" else matching.add(uid)
                yield line(change, obj)
            if time.monotonic() > bookmark and args.get("allowWatchBookmarks") in ("1", "true"):
                bookmark = time.monotonic() + _BOOKMARK
                yield line("BOOKMARK", {"metadata": {"resourceVersion": str(at), "creationTimestamp": None}})
            store.wait(at, min(_LOOK, max(0.0, end - time.monotonic())), closing.is_set)

    return lines()


def _expired(version: int) -> StatusError:
    return StatusError(410, "Expired", f"The resourceVersion for the provided watch is too old ({version})")
