"""The fields of a change as they may be shown: with their values, but for those of Secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..objects.fields import fields_of
from ..objects.merge import ABSENT
from ..objects.run_annotation import without_run
from ..objects.secret import hidden, is_secret
from ..objects.tree import name_of, tree
from .basis import differences
from .created_fields import leaves

_HIDDEN = "(hidden)"


@dataclass(frozen=True)
class Field:
    """A field that would change. A value that is not there is None with `had` or `has` False."""

    path: str
    old: Any
    new: Any
    had: bool
    has: bool


def of_created(obj: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Field]:
    """Yield what the manifest says of an object that was not there, without what the server adds to it."""
    secret = is_secret(obj)
    for path, value in leaves(tree(without_run(obj), fields_of(after))):
        yield Field(name_of(path), None, hidden(path, value, _HIDDEN) if secret else value, had=False, has=True)


def of_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Field]:
    """Yield the fields in which two states of an object differ."""
    secret = is_secret(before)
    for found in differences(before, after):
        both = (found.old, found.new)
        old, new = (hidden(found.path, v, _HIDDEN) if secret and v is not ABSENT else v for v in both)
        had, has = old is not ABSENT, new is not ABSENT
        yield Field(name_of(found.path), old if had else None, new if has else None, had, has)
