"""A history that ended wrong, for people: how to repeat it, the objects, what is wrong."""

from __future__ import annotations

import json
from typing import Any

from .edits import Path
from .law import bare, differences, name
from .owners import owned
from .play import Played, Seen


def report(played: Played, wrong: list[str]) -> str:
    """Write it."""
    one = played.history
    head = f"== seed {one.seed}, history {one.number}: {', '.join(p.kind.kind for p in one.parts)}"
    how = f"policy {one.policy}, killed {one.kill}, applied again: {one.again}, undo {one.undo}, evidence lost: {played.lost}, blind: {one.blind}"
    ran = played.ran.error if played.ran else "killed"
    told = played.undone.error if played.undone else None
    lines = [head, how, f"run: {ran}", f"undo: {told}", *(f"  WRONG {w}" for w in wrong)]
    for seen in played.seen:
        lines += _object(seen)
    return "\n".join(lines) + "\n"


def _object(seen: Seen) -> list[str]:
    part = seen.part
    lines = [
        f"-- {seen.ref}, before by {part.base}",
        f"   item: {seen.item}",
        *(f"   note: {note}" for note in seen.notes),
    ]
    for word, edits in (("manifest", part.before), ("run", part.run)):
        lines += [f"   {word}: {edit}" for edit in edits]
    for word, acts in (("also before", part.mixed), ("third", part.third), ("between", part.between)):
        lines += [f"   {word}: {act}" for act in acts]
    shape = part.kind.shape
    lines.append(f"   before: {_json(bare(seen.before), 1500)}")
    for word, old, new in (
        ("run changed", seen.before, seen.after),
        ("others changed", seen.after, seen.begun or seen.now),
        *(
            (("first undo changed", seen.begun, seen.cut), ("then others changed", seen.cut, seen.now))
            if seen.cut
            else ()
        ),
        ("undo changed", seen.now, seen.result),
    ):
        for path, was, got in differences(bare(old), bare(new), shape, True):
            lines.append(f"   {word}: {name(path) or 'all'}: {_json(was)} -> {_json(got)}")
        if old is not None and new is not None:
            lines += [f"   {word} owners: {line}" for line in _owners(owned(old), owned(new))]
    return lines


def _owners(old: Any, new: Any) -> list[str]:
    def of(paths: set[Path]) -> str:
        return ", ".join(sorted(name(p) for p in paths))

    out = []
    for owner in sorted({*old, *new}):
        lost, got = old.get(owner, set()) - new.get(owner, set()), new.get(owner, set()) - old.get(owner, set())
        if lost or got:
            out.append(
                f"{'/'.join(filter(None, owner))}: "
                + "; ".join(f"{w} {of(p)}" for w, p in (("lost", lost), ("got", got)) if p)[:400]
            )
    return out


def _json(value: Any, most: int = 300) -> str:
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= most else text[:most] + "…"
