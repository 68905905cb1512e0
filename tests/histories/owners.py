"""Who owns which field after an undo: the same law, with "owns it" as the value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .edits import Path
from .law import NOTES, RUN, name, related

Owner = tuple[str, str, str]
"""Manager, operation, subresource."""

UNDO = "sternway-rollback"
"""The manager of the first write of an undo, which its second write makes go."""

_CONTROLLERS = "kube-controller-manager"


def owned(obj: Mapping[str, Any] | None) -> dict[Owner, set[Path]]:
    """Give what each manager owns, without what controllers own and what they write for themselves."""
    found: dict[Owner, set[Path]] = {}
    for entry in (obj or {}).get("metadata", {}).get("managedFields") or []:
        owner = (entry["manager"], entry["operation"], entry.get("subresource", ""))
        if owner[0] != _CONTROLLERS and owner[2] != "status":
            paths = {p for p in _paths(entry.get("fieldsV1") or {}, ()) if not _for_itself(p) and p[:1] != ("status",)}
            found[owner] = found.get(owner, set()) | paths
    return {owner: paths for owner, paths in found.items() if paths}


def owned_meanwhile(begun: Any, cut: Any, now: Any) -> dict[Owner, set[Path]]:
    """Give who would own what if a first undo, which was cut off, had written nothing: `cut` is what it left."""
    b, c, n = (owned(obj) for obj in (begun, cut, now))
    found = {}
    for owner in {*b, *c, *n} - {owner for owner in {*c, *n} if owner[0] == UNDO}:
        was, left, live = (tree.get(owner, set()) for tree in (b, c, n))
        found[owner] = (was - (left - live)) | (live - left)
    return {owner: paths for owner, paths in found.items() if paths}


def appliers(obj: Mapping[str, Any] | None) -> set[str]:
    """Name the managers that own the run's annotation: the product's own."""
    entries = (obj or {}).get("metadata", {}).get("managedFields") or []
    mark = ("metadata", "annotations", RUN)
    return {e["manager"] for e in entries if e["operation"] == "Apply" and mark in _paths(e.get("fieldsV1") or {}, ())}


def _for_itself(path: Path) -> bool:
    return path == ("metadata", "annotations") or (path[:2] == ("metadata", "annotations") and path[2] in NOTES)


def where(path: Path) -> Path:
    """Give where a field that is owned is stored: a Secret's `stringData` in its `data`."""
    return ("data", *path[1:]) if path[:1] == ("stringData",) else path


def _paths(tree: Mapping[str, Any], path: Path) -> Iterable[Path]:
    for part, below in tree.items():
        if part == ".":
            yield path
            continue
        one: Any = part[2:]
        if part.startswith("k:"):
            one = tuple(sorted(json.loads(one).items()))
        elif part.startswith("v:"):
            one = ("v", json.dumps(json.loads(one)))
        if below:
            yield from _paths(below, (*path, one))
        else:
            yield (*path, one)


def wrong_owners(
    before: Any,
    after: Any,
    now: dict[Owner, set[Path]],
    result: Any,
    *,
    put: list[Path],
    left: list[Path],
    touched: list[Path],
    loose: Iterable[Path] = (),
) -> list[str]:
    """Compare the owners after an undo with what is right.

    Whoever owned a field before the run and lost it by the run owns it again; who came by it through the run owns it no
    more; what others did to their ownership meanwhile stays. `put` are fields that got their old value back, `left`
    those in conflict that were left, `touched` those that a third party changed: there the values decide. Of `loose`
    ones, which somebody changed after a first undo, nothing is said.
    """
    b, a, n, r = owned(before), owned(after), now, owned(result)
    found: dict[str, list[str]] = {}
    for owner in sorted({*b, *a, *n, *r}):
        every = [tree.get(owner, set()) for tree in (b, a, n, r)]
        for path in sorted(set.union(*every), key=str):
            if owner[0] != UNDO and any(related(where(path), where(p)) for p in loose):
                continue
            was, then, live, got = (path in one for one in every)
            right = {live if was == then else was}
            if any(related(where(path), where(p)) for p in touched):
                right |= _with_others(
                    was,
                    then,
                    live,
                    any(related(where(path), where(p)) for p in put),
                    any(related(where(path), where(p)) for p in left),
                )
            if got not in right:
                word = "must not own" if got else "must own"
                told = f"{'/'.join(filter(None, owner))} {word} (before {was}, after {then}, then {live})"
                found.setdefault(told, []).append(name(path) or "all")
    return [f"{told}: {', '.join(paths[:6])}" + ("…" if len(paths) > 6 else "") for told, paths in found.items()]


def _with_others(was: bool, then: bool, live: bool, put: bool, left: bool) -> set[bool]:
    """Give what may be as well where a third party wrote near a field."""
    if left:
        return {live}  # theirs is theirs, and what was ours there may go or stay with it
    if put:
        return {was, live}
    return {was, live} if was != then else {live}
