"""Reads the file of a kubeconfig as data, within limits: what it holds is secret, and shown by no error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Refused
from ..unfolded import unfolded
from .kubeconfig_faults import NO_CLUSTER, shown

MOST_BYTES = 8 * 2**20
_MOST_VALUES = 200_000
"""Of aliases to aliases, which unfold without end; real ones have some ten for each cluster."""


class TooLarge(Refused):
    """What would take all time and memory to read."""


def read_file(path: Path) -> Mapping[str, Any] | None:
    """Return what a file holds, None when there is no such file.

    Raises: Refused, naming the file, and the line where it is no YAML.
    """
    import yaml

    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unusable(path, getattr(error, "strerror", None) or "it is no path") from error
    if len(content) > MOST_BYTES:
        raise _unusable(path, f"it has over {MOST_BYTES} bytes", TooLarge)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _unusable(path, "it is in UTF-16")  # which kubectl does not read either
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(content)
        root = loader.get_single_node()
        if unfolded(root) > _MOST_VALUES:
            raise _unusable(path, f"it has over {_MOST_VALUES} values", TooLarge)
        data = loader.construct_document(root) if root is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise _unusable(path, "it is no valid YAML" + (f" in line {mark.line + 1}" if mark else "")) from error
    except Refused:
        raise
    except Exception as error:  # of a number or a date that is none, the loader raises anything
        raise _unusable(path, "a value in it can't be read") from error
    if not isinstance(data or {}, Mapping):
        raise _unusable(path, "it is no mapping")
    return data or {}


def _unusable(path: Path, why: str, kind: type[Refused] = Refused) -> Refused:
    return kind(f"kubeconfig {shown(str(path))} can't be used: {why}", remedy=NO_CLUSTER)
