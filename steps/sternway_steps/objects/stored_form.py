"""What was applied, in the form in which the server stores it and tells its owners."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .fields import Fields, union


def with_data(fields: Fields) -> Fields:
    """Give fields with what a Secret's `stringData` becomes, for that is what its manager owns."""
    return union(fields, {"f:data": fields["f:stringData"]}) if "f:stringData" in fields else fields


def as_stored(applied: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was applied as the server stores it: no nulls, a Secret's `stringData` in its `data`."""
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
