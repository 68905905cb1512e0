"""What a Lease says of who holds a target: a run, by as many of its processes as may work side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from .holder import Holder

MEMBERS = "sternway.dev/members"
"""The annotation that lists them."""
ASKED = "sternway.dev/asked-to-leave"
"""The annotation that lists those who are to give the target up, as str(Holder)."""


@dataclass(frozen=True)
class Member:
    """One process of the run that holds the target.

    `part` names what it does beside others of its run, "" when it wants the target for itself. `beat` changes with
    each renewal. `since` is the time at which it came, by its own clock: for people.
    """

    holder: Holder
    part: str
    beat: str
    since: str
    forward: bool = False
    """It executes one step of a run, so it gives the target up to whoever undoes that run, when it is asked to."""

    @staticmethod
    def me(run: str, part: str, *, forward: bool = False) -> Member:
        """Return the caller."""
        return Member(Holder.me(run), part, "0", now(), forward)

    def excludes(self, run: str, part: str) -> bool:
        """Return whether that part of that run has to wait for this one to leave: see the table in `lease`."""
        return self.holder.run != run or not part or self.part in ("", part)


def members(lease: Mapping[str, Any] | None) -> list[Member]:
    """Read who holds a target; of an older version's Lease that is one, by its renewTime."""
    spec = (lease or {}).get("spec") or {}
    identity = spec.get("holderIdentity") or ""
    notes = ((lease or {}).get("metadata") or {}).get("annotations") or {}
    try:
        listed = [_member(one) for one in json.loads(notes.get(MEMBERS) or "[]")]
    except (ValueError, TypeError, KeyError):
        listed = []
    found = [one for one in listed if one is not None]
    if found and str(found[0].holder) == identity:
        return found
    holder = Holder.parse(identity)  # whoever took it without the list, which is then not theirs
    beat, since = spec.get("renewTime") or "", spec.get("acquireTime") or ""
    return [Member(holder, "", str(beat), str(since))] if holder is not None else []


def with_members(lease: Mapping[str, Any], found: Sequence[Member], length: float) -> dict[str, Any]:
    """Write into a Lease who holds the target (at least one), renewed now."""
    listed = json.dumps([{**asdict(one), "holder": str(one.holder)} for one in found])
    spec = {
        **(lease.get("spec") or {}),
        "holderIdentity": str(found[0].holder),
        "leaseDurationSeconds": math.ceil(length),
        "acquireTime": found[0].since,
        "renewTime": now(),
    }
    metadata = lease["metadata"]
    notes = {**(metadata.get("annotations") or {}), MEMBERS: listed}
    return {**lease, "metadata": {**metadata, "annotations": notes}, "spec": spec}


def with_request(lease: Mapping[str, Any], ahead: Sequence[Member]) -> dict[str, Any]:
    """Write into a Lease who is asked to give the target up; nobody is renewed by it."""
    metadata = lease["metadata"]
    asked = json.dumps([str(one.holder) for one in ahead])
    return {**lease, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), ASKED: asked}}}


def is_asked(lease: Mapping[str, Any], me: Member) -> bool:
    """Return whether a member is asked to give the target up."""
    notes = lease["metadata"].get("annotations") or {}
    try:
        return str(me.holder) in json.loads(notes.get(ASKED) or "[]")
    except (ValueError, TypeError):
        return False


def now() -> str:
    """Return the time as a Lease has it (MicroTime)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _member(data: Mapping[str, Any]) -> Member | None:
    holder = Holder.parse(data["holder"])
    if holder is None:
        return None
    return Member(holder, str(data["part"]), str(data["beat"]), str(data["since"]), bool(data.get("forward")))
