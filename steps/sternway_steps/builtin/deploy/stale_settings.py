"""After an undo: containers that still run with the failed version's settings are reported, or restarted."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ...errors import Refused, Transient
from ...kube.api_error import ApiError
from ...objects.creator import applied_at
from ...objects.ref import Ref
from ...release.restore import Change
from ...rollout.restart import restart
from ...rollout.stale_settings import ChangedSetting, StaleReader, changed_setting, find_readers, still_running
from ...spec import History, Item
from ...step import Context

_HINT = "--restart-stale restarts it"


class StaleReaders:
    """The containers that read the run's ConfigMaps and Secrets, from before the undo to its end."""

    def __init__(self, context: Context, found: Iterable[Change], history: History) -> None:
        """Note which values the run changed, and since when; to be called before anything is put back."""
        self._context = context
        earlier = (entry for data in history.rollback.intents for entry in data.get("stale", ()))
        self._earlier = [StaleReader.from_dict(entry) for entry in earlier]
        self._settings: dict[str, ChangedSetting] = {}
        self._seen: list[StaleReader] = []
        for change in found:
            if (change.ref.group, change.ref.kind) in {("", "ConfigMap"), ("", "Secret")}:
                after = change.after or context.client.get(change.ref)
                since = applied_at(after, change.manager) if after is not None else None
                if after is not None and since is not None and (one := changed_setting(change.before, after, since)):
                    self._settings[str(change.ref)] = one

    def look(self, items: Iterable[Item]) -> None:
        """Find what runs with those values; call it when settings are restored, and workloads are not.

        It is recorded: an undo that is cut off then continues with settings that are restored already.
        """
        back = {item.what for item in items if item.result in ("restored", "deleted")}
        settings = [one for what, one in self._settings.items() if what in back]
        pods = self._pods({one.ref.namespace for one in settings})
        found = list(find_readers(pods, settings))
        if found:
            with suppress(Refused, Transient):  # then only this attempt knows of them
                self._context.journal.intent({"stale": [one.to_dict() for one in found]})
        self._seen = list({(one.uid, one.container): one for one in (*self._earlier, *found)}.values())

    def settle(self) -> list[Item]:
        """Report what still runs with them, or restart it when the configuration says so."""
        left = still_running(self._pods({one.pod.namespace for one in self._seen}), self._seen)
        restarts = self._context.config.deploy.restart_stale
        pods: dict[Ref, list[StaleReader]] = {}
        for one in left:
            pods.setdefault(one.pod, []).append(one)
        items = [self._restarted(found) if restarts else _named(found, _HINT) for found in pods.values()]
        if items:
            self._context.tell(items)
        return items

    def _pods(self, namespaces: Iterable[str | None]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for namespace in sorted(place for place in namespaces if place):
            try:
                found += self._context.client.list("v1", "Pod", namespace).items
            except ApiError as error:
                if not error.forbidden:
                    raise
                self._context.say(f"what still runs with the failed version's settings can't be told: {error}")
        return found

    def _restarted(self, found: list[StaleReader]) -> Item:
        context, one = self._context, found[0]
        if one.controller is None or one.controller.get("kind") == "Job":
            return _named(found, "it is not restarted, for nothing would make it anew as it is")
        deadline = min(time.monotonic() + context.config.verify.deadline, context.deadline or math.inf)
        try:
            why = restart(context.client, one.pod, one.uid, one.controller["uid"], context.stop, deadline)
        except ApiError as error:
            why = str(error)
        if why:
            return Item(str(one.pod), "failed", f"it runs with the failed version's settings, and {why}")
        return Item(str(one.pod), "restored", f"evicted and made anew: it ran with {one.reads} of the failed version")


def _named(found: list[StaleReader], then: str) -> Item:
    containers = "; ".join(f"container {one.container} has run since {one.started} with {one.reads}" for one in found)
    return Item(str(found[0].pod), "kept", f"{containers} as the failed version set it; {then}")
