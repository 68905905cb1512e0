"""All objects, one version counter, and the history that watches read. Stored objects are replaced, never changed."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..atomic import write_whole
from ..errors import Refused

Key = tuple[str, str]
Name = tuple[str, str]
Change = tuple[int, str, Key, dict[str, Any]]
_HISTORY = 5000


def copy(obj: Any) -> Any:
    """Return a deep copy."""
    return json.loads(json.dumps(obj))


class Store:
    """Stores objects by kind, namespace and name. Thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 1
        self.dirty = False
        self.closed = False
        self._objects: dict[Key, dict[Name, dict[str, Any]]] = {}
        self._history: deque[Change] = deque(maxlen=_HISTORY)

    def get(self, key: Key, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object as it is stored; None when there is none."""
        with self.lock:
            return self._objects.get(key, {}).get((namespace, name))

    def all(self, key: Key, namespace: str | None = None) -> list[dict[str, Any]]:
        """Return all objects of a kind, in a namespace or everywhere, by name."""
        with self.lock:
            found = self._objects.get(key, {})
            return [found[n] for n in sorted(found) if namespace in (None, n[0])]

    def everything(self, namespace: str | None = None) -> Iterable[tuple[Key, dict[str, Any]]]:
        """Return all objects of all kinds."""
        with self.lock:
            return [(k, o) for k, found in self._objects.items() for n, o in found.items() if namespace in (None, n[0])]

    def put(self, key: Key, obj: dict[str, Any]) -> dict[str, Any]:
        """Store an object under a new resourceVersion, and return it."""
        with self.lock:
            name = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            change = "MODIFIED" if name in self._objects.get(key, {}) else "ADDED"
            stored = self._stamp(obj)
            self._objects.setdefault(key, {})[name] = stored
            self._tell(change, key, stored)
            return stored

    def drop(self, key: Key, namespace: str, name: str) -> None:
        """Remove an object."""
        with self.lock:
            obj = self._objects.get(key, {}).pop((namespace, name), None)
            if obj is not None:
                self._tell("DELETED", key, self._stamp(obj))

    def since(self, version: int) -> list[Change] | None:
        """Return all changes after a version; None when they are not kept any more."""
        with self.lock:
            if version < self.version and (not self._history or self._history[0][0] > version + 1):
                return None
            return [change for change in self._history if change[0] > version]

    def wait(self, version: int, timeout: float, also: Callable[[], bool] = lambda: False) -> None:
        """Wait until something changed after a version, or until `also` holds."""
        end = time.monotonic() + timeout
        with self.changed:
            while self.version <= version and not self.closed and not also():
                left = end - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    return

    def close(self) -> None:
        """End all waits."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def forget(self) -> None:
        """Drop the history, as a real server does after a while: older watches expire."""
        with self.lock:
            self._history.clear()
            self.version += 1

    def save(self, path: Path) -> None:
        """Write everything to a file, atomically."""
        with self.lock:
            kept = [[key, list(found.values())] for key, found in self._objects.items()]
            text = json.dumps({"version": self.version, "objects": kept})
            self.dirty = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, text, private=True)  # there are Secrets in it
        except OSError as error:
            where = "another place is STERNWAY_STATE=FILE"
            raise Refused(f"the sandbox's state can't be written: {error.strerror}: {path}", remedy=where) from error

    def load(self, path: Path) -> None:
        """Read what `save` wrote; a missing file is an empty cluster."""
        if not path.exists():
            return
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            self.version = int(data["version"])
            for (group, kind), objects in data["objects"]:
                self._objects[(group, kind)] = {
                    (o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in objects
                }
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            remedy = f"remove it (rm {path}), and the sandbox begins empty; or name another one: STERNWAY_STATE=FILE"
            raise Refused(f"the sandbox's state can't be read: {path}: {error}", remedy=remedy) from error

    def _stamp(self, obj: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}

    def _tell(self, change: str, key: Key, obj: dict[str, Any]) -> None:
        self._history.append((self.version, change, key, obj))
        self.dirty = True
        self.changed.notify_all()
