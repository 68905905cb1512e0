"""In which fields an object differs from how it was before its apply, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..objects.fields import fields_of, managed, union
from ..objects.merge import diff
from ..objects.ownership import with_owners
from ..objects.recreatable import creatable
from ..objects.run_annotation import without_run
from ..objects.tree import name_of, tree


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields in which an object differs from before, without the run's own annotation."""
    if before is None or before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]:
        return ()
    return _differing(before, after)


def changed_anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields in which an object that was made anew differs, without what each object has of its own."""
    return _differing(*(with_owners(creatable(obj), managed(obj)) for obj in (before, after)))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    marks = union(fields_of(before), fields_of(after))
    found = diff(tree(without_run(before), marks), tree(without_run(after), marks))
    return tuple(name_of(d.path) for d in found)
