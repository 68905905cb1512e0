"""Quantities such as 500m or 1Gi as numbers."""

from __future__ import annotations

from typing import Any

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 1e3, "M": 1e6, "G": 1e9, "m": 1e-3}


def number(quantity: Any) -> float:
    """Return a quantity as a number; raise ValueError."""
    text = str(quantity)
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    return float(text)
