"""Merges one document over another."""

from __future__ import annotations

from ..yamltree.document import Entry, Node


def merge(base: Node, over: Node) -> Node:
    """Return a document merged over its base, as in JSON Merge Patch (RFC 7396); neither of the two is changed.

    Mappings merge key by key; lists and single values replace what the base has, and keep their own locations. An empty
    value (null) removes the key that the base has. Where it has none, null stays what it is in any file: mostly a
    mistake, which the reader names. (RFC 7396 drops it silently, and a typo with it.)
    """
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    entries = dict(base.value)
    removed = {**(base.removed or {}), **(over.removed or {})}
    for key, entry in over.value.items():
        there = entries.get(key)
        if there is None:
            entries[key] = entry
        elif entry.node.value is None:
            removed[key] = (entry.location, there.location)
            del entries[key]
        else:
            entries[key] = Entry(entry.location, merge(there.node, entry.node))
    return Node(entries, over.location, removed=removed or None, begun=base.begun or base.location)
