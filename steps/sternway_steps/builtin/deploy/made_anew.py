"""Which objects an undo has made anew: their new UIDs are recorded, so that they are known to be the target's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from ...errors import SternwayError
from ...kube.api_error import ApiError
from ...objects.ref import Ref
from ...release.prune import MADE
from ...release.restore import Change
from ...release.snapshot import snapshot
from ...step import Context


class MadeAnew:
    """Notes what is about to be made anew, and records what came of it. Thread-safe."""

    def __init__(self, context: Context, record: Callable[[Ref, Mapping[str, Any]], None]) -> None:
        self._context, self._record = context, record
        self._lock = threading.Lock()
        self._refs: list[Ref] = []

    def about_to(self, ref: Ref, obj: dict[str, Any]) -> None:
        """Record durably that an object is deleted only to be made anew, and as what."""
        self._record(ref, obj)
        with self._lock:
            self._refs.append(ref)

    def record(self, changes: Iterable[Change]) -> None:
        """Record the UIDs of what is there; without that record such an object is only not removed by a later run."""
        refs = list(dict.fromkeys([*self._refs, *(change.ref for change in changes if change.recreating)]))
        with suppress(SternwayError, ApiError):
            there = {ref: obj for ref, obj in snapshot(self._context.client, refs).items() if obj is not None}
            if there:
                entries = [
                    {"ref": [ref.api_version, ref.kind, ref.namespace, ref.name], "uid": obj["metadata"]["uid"]}
                    for ref, obj in there.items()
                ]
                self._context.journal.evidence({MADE: entries})
