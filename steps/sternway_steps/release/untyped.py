"""What the server says of fields that its schema does not have, or whose values are of another type, in short."""

from __future__ import annotations

import re

from ..kube.api_error import ApiError

# kube-apiserver 1.34 (structured-merge-diff, typed.AsTyped): one finding, or "errors:" and a line for each.
_UNTYPED = re.compile(r"failed to create typed patch object \([^)]*\): (?:errors:)?(?P<findings>.+)", re.DOTALL)
_GOT = re.compile(r", got &value\.valueUnstructured\{Value:(.*)\}$")


def untyped_fields(error: ApiError) -> str:
    """Return each such field and what is wrong with it; "" where the server said something else."""
    found = _UNTYPED.search(error.message)
    lines = found["findings"].splitlines() if found else []
    return "; ".join(_GOT.sub(r", got \1", line.strip().removeprefix(".")) for line in lines if line.strip())


def remedy_of(fields: str) -> str:
    """Return what to do about them."""
    if "not declared in schema" in fields:
        return "correct the field's name, move it to where it belongs, or remove it"
    return "write a value of that type; text that looks like a number or like true stands in quotes"
