"""Counted nouns for messages: 1 object, 2 objects."""

from __future__ import annotations


def count(number: int, what: str) -> str:
    """Return a number of things: 1 object, 2 objects."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def are(number: int, what: str) -> str:
    """Return a number of things that something is said of: 1 object is, 2 objects are."""
    return f"{count(number, what)} {'is' if number == 1 else 'are'}"
