"""What a preview was made of: by it a later look tells whether the world has moved since.

What counts is what the apply would change, and of it what the manifest says: neither a status, nor a field of somebody
else that stays as it is, nor what the server fills in by itself (a port that it chooses is another at each dry run).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..objects.fields import fields_of, managed, union
from ..objects.merge import ABSENT, Difference, diff
from ..objects.ownership import with_owners
from ..objects.recreatable import creatable
from ..objects.run_annotation import without_run
from ..objects.tree import at, name_of, tree


@dataclass(frozen=True)
class Basis:
    """It holds the values of Secrets too: it is compared, and never shown."""

    obj: Mapping[str, Any] = field(repr=False)
    """What is applied."""
    uid: str = ""
    """Of the object that is there, "" when there is none."""
    version: str = ""
    fields: tuple[tuple[str, Any, Any], ...] = field(default=(), repr=False)
    """What the apply would change: the field, how it is, and how it will be; () stands for no value."""


def basis_of(obj: Mapping[str, Any], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None = None) -> Basis:
    """Return what a preview is made of; `after` is None when that was not asked."""
    if before is None:
        return Basis(obj)
    metadata = before["metadata"]
    held = str(metadata["uid"]), str(metadata.get("resourceVersion", ""))
    return Basis(obj, *held, tuple(_counted(obj, before, after)) if after is not None else ())


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the fields in which two states of an object differ, without the run's own annotation."""
    marks = union(fields_of(before), fields_of(after))
    return diff(tree(without_run(before), marks), tree(without_run(after), marks))


def _counted(
    obj: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    if "uid" not in after.get("metadata", {}):  # it is made anew: what each one has of its own is no difference
        before = with_owners(creatable(before), managed(before))
    said = tree(without_run(obj), union(fields_of(before), fields_of(after)))
    for found in differences(before, after):
        chosen = found.new is not ABSENT and at(said, found.path) is ABSENT
        old, new = (() if value is ABSENT else value for value in (found.old, None if chosen else found.new))
        yield name_of(found.path), old, new
