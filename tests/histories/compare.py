"""The sandbox held to the real server: the same history on both, compared after each act."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .history import History
from .law import bare, differences, name
from .owners import owned
from .play import Place, Seen, playing

WHEN = ("before", "after", "now", "result")
_CHANCE = ("clusterIP", "clusterIPs")
"""What each server draws by itself."""


def compared(history: History, real: Place, sandbox: Place) -> list[str]:
    """Play a history on both, and tell where the objects or their owners differ, first act first."""
    with playing(history, real) as one, playing(history, sandbox) as other:
        pass
    found: list[str] = []
    for a, b in zip(one.seen, other.seen, strict=True):
        for when in WHEN:
            if wrong := list(_differ(a, b, when)):
                found += wrong
                break  # what follows from it is no news
    return found


def _differ(real: Seen, sandbox: Seen, when: str) -> Iterator[str]:
    kind = real.part.kind
    a, b = (getattr(seen, when) for seen in (real, sandbox))
    if (a is None) != (b is None):
        yield f"{kind.kind} {when}: {'absent' if a is None else 'there'} on the server, and not so in the sandbox"
        return
    if [n.partition(":")[0] for n in real.notes] != [n.partition(":")[0] for n in sandbox.notes]:
        yield f"{kind.kind} {when}: server {real.notes}, sandbox {sandbox.notes}"
        return
    for path, right, got in differences(_fixed(bare(a)), _fixed(bare(b)), kind.shape, True):
        yield f"{kind.kind} {when}: {name(path)} is {got!r} instead of {right!r}"
    theirs, ours = owned(a), owned(b)
    for owner in sorted({*theirs, *ours}):
        for word, paths in (
            ("must own", theirs.get(owner, set()) - ours.get(owner, set())),
            ("must not own", ours.get(owner, set()) - theirs.get(owner, set())),
        ):
            if paths:
                yield f"{kind.kind} {when}: {'/'.join(owner)} {word}: {', '.join(sorted(name(p) for p in paths)[:6])}"


def _fixed(obj: Any) -> Any:
    if not isinstance(obj, dict):
        return obj
    obj = copy.deepcopy(obj)
    spec = obj.get("spec") or {}
    for field in _CHANCE:
        if field in spec:
            spec[field] = "given"
    for port in spec.get("ports") or []:
        if isinstance(port, dict) and "nodePort" in port:
            port["nodePort"] = "given"
    return obj


def counted(lines: Iterable[str]) -> Counter[str]:
    """Count differences by what they are, without the values."""
    return Counter(line.partition(": ")[2].partition(" is ")[0] for line in lines)
