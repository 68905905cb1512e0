"""Whether a record is one: a journal is data from anybody who may write there.

What is no record at all is named and left out. One that can't be read is given as damaged: whoever lists runs leaves it
out, and an undo does not take the step for one that did nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import SternwayError
from .codec import from_lines
from .encryption import NO_KEYS, JournalKeys, Locked, told_by
from .entries import Key, Kind, Record
from .name import RunName, lease_name
from .replay import replay

Note = Callable[[str], None]
"""Is told of what is left out."""
_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, zlib.error)
"""What reading raises of something that another program made."""


def unheard(_: str) -> None:
    """Tell nobody."""


def checked(
    key: Key,
    place: str,
    read: Callable[[], Sequence[str]],
    target: str | None = None,
    keys: JournalKeys = NO_KEYS,
) -> Record:
    """Read a record; one that is not what a run wrote is given with its damage, and without entries.

    `read` gives the lines of its entries; `target`: what its store calls the target, None where it does not say.
    """
    lines: Sequence[str] = ()
    try:
        entries, whole, encrypted = from_lines(key, lines := read(), keys)
        record = Record(key, entries, place, chained=whole, clear=bool(keys) and not encrypted)
        if record.entries and (found := _damage(record, target)):
            return Record(key, (), place=place, damage=found)
    except Locked as locked:
        return Record(key, (), place=place, damage=str(locked), locked=True, told=told_by(lines))
    except SternwayError as newer:
        return Record(key, (), place=place, damage=f"{newer.message}; {newer.remedy}")
    except _WRONG as wrong:
        said = " ".join(str(wrong).split())[:120]
        damage = f"its content is not what a run writes ({type(wrong).__name__}: {said})"
        return Record(key, (), place=place, damage=damage, told=told_by(lines))
    return record


def of_one_run(records: Iterable[Record]) -> list[Record]:
    """Return the records of one run: none of a step is in the clear when the run's own is encrypted from its start."""
    found = list(records)
    encrypted = any(not r.key.step and ((r.entries and not r.clear) or r.told) for r in found)
    why = "it is not encrypted, though the record of its run is"
    return [
        replace(r, entries=(), damage=why) if encrypted and r.key.step and r.entries and r.clear else r for r in found
    ]


def _damage(record: Record, target: str | None) -> str:
    """Return what is wrong with a record that can be read; "" for nothing."""
    if record.key.step:
        return "" if _is_attempt(record) else "its content is not what a step writes"
    story = replay([record])
    if target is not None and story.target != target:
        return f"it says that its target is {story.target!r}, and its label {target!r}"
    if target is not None and story.lock not in ("", lease_name(target)):
        return f"it says that its lock is {story.lock!r}, which is not that of its target"
    named = RunName.parse(story.mark)
    if (
        named.place
        and not named.place.startswith("file:")
        and (named.place, named.run) != (record.place, record.key.run)
    ):
        return f"it is a copy: it was written as {story.mark}"
    return ""


def _is_attempt(record: Record) -> bool:
    end = record.first(Kind.STEP_ENDED)
    data: Mapping[str, Any] = end.data if end else {}
    texts = all(isinstance(data.get(key) or "", str) for key in ("result", "error", "remedy", "kind", "summary"))
    tables = all(isinstance(data.get(key) or {}, dict) for key in ("details", "hands_on"))
    handed = (data.get("hands_on") or {}).values() if tables else ()
    items = data.get("items") or []
    listed = isinstance(items, list) and all(map(_is_item, items))
    return texts and tables and listed and all(isinstance(values, dict) for values in handed)


def _is_item(item: Any) -> bool:
    texts = isinstance(item, dict) and [item.get("what"), item.get("result"), item.get("why") or ""]
    fields = texts and (item.get("fields") or [])
    return isinstance(fields, list) and all(isinstance(text, str) for text in [*(texts or ()), *fields])
