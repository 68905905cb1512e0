"""What nobody can know of a run whose evidence was lost, where others changed something after it: kept small.

Of a field that others changed since, how it was right after the run is not known when the run did not apply it, but its
own manager had it before (the apply took it away, or left a default); when the server derived it from the run's change;
and when the server stored it otherwise than it was applied (it leaves out what says nothing).
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from typing import Any

from .edits import Edit, Path, edited, look
from .law import related, same
from .owners import appliers, owned, where
from .play import Seen
from .shapes import ABSENT


def unsure(one: Seen, touched: list[Path]) -> list[Path]:
    """Give such fields, of those that others changed."""
    ours = appliers(one.before) | appliers(one.after) | appliers(one.now)
    ours |= {owner[0] for owner in owned(one.before)} - {owner[0] for owner in owned(one.after)}  # taken over
    was_ours = {where(p) for owner, paths in owned(one.before).items() if owner[0] in ours for p in paths}

    def not_known(path: Path) -> bool:
        was, then, wanted = (look(obj, path) for obj in (one.before, one.after, _with_data(one.wanted)))
        if wanted is not ABSENT:
            return not same(wanted, then)
        return not same(was, then) or any(related(path, p) for p in was_ours)

    return [p for p in touched if not_known(p)]


def _with_data(wanted: dict[str, Any]) -> dict[str, Any]:
    """Give a Secret's manifest as it is stored."""
    texts = {key: base64.b64encode(text.encode()).decode() for key, text in wanted.get("stringData", {}).items()}
    return {**wanted, "data": {**wanted.get("data", {}), **texts}} if texts else wanted


def readings(before: Any, after: Any, now: Any, paths: list[Path]) -> Iterator[Any]:
    """Give how it may have been right after the run: as it was, and with what is not known as it is now, or was before.

    That is so of all such fields, or of one alone.
    """
    yield after
    chosen = [paths, *([path] for path in paths if len(paths) > 1)] if paths else []
    for source in (now, before):
        for some in chosen:
            yield with_paths(after, source, some)


def with_paths(after: Any, source: Any, paths: list[Path]) -> Any:
    """Give an object with another's values at these paths."""
    reading = copy.deepcopy(after)
    for path in paths:
        value, there = look(source, path), look(reading, path)
        if value is ABSENT:
            edit = Edit("drop", path)
        elif there is ABSENT and isinstance(path[-1], tuple):
            edit = Edit("add", path[:-1], (value, 0, path[-1]))
        else:
            edit = Edit("set", path, value)
        reading = edited(reading, [edit])
    return reading
