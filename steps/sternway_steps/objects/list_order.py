"""The order of a list's items when they come from two lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def in_order(names: Iterable[str], first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Return names in the order of `first`; one that is only in `second` follows its neighbour there.

    The order of variables and of containers has a meaning, so a restored item stands where it stood.
    """
    wanted = dict.fromkeys(names)
    out = [name for name in first if name in wanted]
    for number, name in enumerate(second):
        if name in wanted and name not in out:
            before = next((other for other in reversed(second[:number]) if other in out), None)
            out.insert(out.index(before) + 1 if before is not None else 0, name)
    return [*out, *(name for name in wanted if name not in out)]
