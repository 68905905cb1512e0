"""Whether the holders of a target still live, as seen from outside: by their renewals, on the watcher's own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .members import Member, members


class Watch:
    """What was seen of a Lease's members so far. No clock of a holder is believed, nor a name of a host."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}
        self._renewed: set[str] = set()

    def living(self, read: Callable[[], Mapping[str, Any] | None]) -> tuple[Mapping[str, Any] | None, list[Member]]:
        """Read the Lease, and give it with those of its members that are not gone.

        Gone is who provably died, or did not renew for the whole length of the lease. That counts from the answer that
        showed the last renewal to the request that showed no newer one, so that a pause of ours in between proves
        nothing.
        """
        asked = self._clock()
        lease = read()
        length = float(((lease or {}).get("spec") or {}).get("leaseDurationSeconds") or 0)
        return lease, [one for one in members(lease) if not self._is_gone(one, asked, length)]

    def has_renewed(self, member: Member) -> bool:
        """Return whether it was seen to renew, which proves that it lives."""
        return str(member.holder) in self._renewed

    def _is_gone(self, one: Member, asked: float, length: float) -> bool:
        name = str(one.holder)
        beat, since = self._seen.get(name, ("", 0.0))
        if name in self._seen and beat == one.beat:
            return one.holder.is_dead() or asked - since >= length
        if name in self._seen:
            self._renewed.add(name)
        self._seen[name] = (one.beat, self._clock())
        return one.holder.is_dead()
