"""What was applied, in the form in which the server stores it and records its owners."""

from __future__ import annotations

import base64
from collections.abc import Collection, Container, Iterable, Mapping
from typing import Any

from .fields import Fields, minus, union

_DATA, _TEXTS = "f:data", "f:stringData"


def with_data(fields: Fields, but: Container[str] = ()) -> Fields:
    """Return fields with what a Secret's `stringData` becomes, without some of its keys."""
    texts = {key: below for key, below in (fields.get(_TEXTS) or {}).items() if key not in but}
    return union(fields, {_DATA: texts}) if texts else fields


def by_data(
    ours: Fields, others: Fields, data: Mapping[str, Any], changed: Collection[str], since: Iterable[str] = ()
) -> tuple[Fields, Fields]:
    """Return what we and others own, with a Secret's `stringData` as its `data`.

    `stringData` is never stored, so the server takes it from nobody who writes the `data`, and the `data` from nobody
    who writes it; nor does it keep `data` that its owner no longer lists. So what is `changed` is not ours any more, if
    others wrote it, and what we own of the `data` itself others do not hold by that. What became another `since` is
    not ours at all: whoever wrote it as a text may list it no longer, and own nothing. So others wrote as well what of
    the live `data` is `changed` and nobody owns: a text that is no longer listed stays.
    """
    theirs = with_data(others, ours.get(_DATA) or {})
    written = {key: below for key, below in (others.get(_TEXTS) or {}).items() if key in changed}
    owned = {**(ours.get(_DATA) or {}), **(theirs.get(_DATA) or {})}
    left: Fields = {key: {} for key in changed if key[2:] in data and key not in owned}
    wrote: Fields = {_DATA: {**written, **left}} if written or left else {}
    gone: Fields = {_DATA: {key: {} for key in since}} if since else {}
    return minus(with_data(ours, changed), union(wrote, gone)), union(theirs, wrote)


def changed_data(applied: Mapping[str, Any], live: Mapping[str, Any]) -> set[str]:
    """Return the keys of a Secret that hold something else than was applied, in the form of `as_stored`."""
    if applied.get("kind") != "Secret":
        return set()
    now = live.get("data") or {}
    return {f"f:{key}" for key, value in (applied.get("data") or {}).items() if now.get(key) != value}


def as_stored(applied: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was applied as the server stores it: no nulls, a Secret's `stringData` in its `data`."""
    applied = _without_nulls(applied)
    texts = applied.get("stringData")
    if applied.get("kind") != "Secret" or not isinstance(texts, Mapping):
        return dict(applied)
    coded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
    bare = {key: value for key, value in applied.items() if key != "stringData"}
    return {**bare, "data": {**(applied.get("data") or {}), **coded}}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
