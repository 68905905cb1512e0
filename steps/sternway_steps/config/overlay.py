"""One document laid over another."""

from __future__ import annotations

from ..yamltree.document import Entry, Node


def merge(base: Node, over: Node) -> Node:
    """Lay a document over its base, as JSON Merge Patch (RFC 7396) does; neither of the two is changed.

    Mappings merge key by key; lists and single values replace what the base has, and keep their own places. An empty
    value (null) removes the key that the base has. Where it has none, null stays what it is in any file: mostly a
    mistake, which the reader names. (There RFC 7396 drops it without a word, and a typo with it.)
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
    return Node(entries, over.location, removed=removed or None)
