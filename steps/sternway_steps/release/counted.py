"""What the server itself counts, though an update of somebody seems to have written it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects.object_merge import ObjectMerge
from ..objects.ownership import UNDO_MANAGER
from ..objects.tree import ABSENT, Path

if TYPE_CHECKING:
    from ..kube.client import Client


def counted(client: Client, live: dict[str, Any], found: ObjectMerge) -> frozenset[Path]:
    """Name the conflicts that are none: not fields of the run, and the server keeps its own value, whatever is put.

    An update that leaves out the generation of a DaemonSet's template, say, owns it, and the server counts on. The
    server is asked by a dry run.
    """
    doubtful = [
        d for d in found.conflicts
        if d.old is not ABSENT and not found.states.at(d.path).of_the_run and all(part[0] == "f" for part in d.path)
    ]  # fmt: skip
    if not doubtful:
        return frozenset()
    obj = copy.deepcopy(live)
    for one in doubtful:
        _parent(obj, one.path)[one.path[-1][2:]] = one.old
    try:
        answer = client.replace(obj, manager=UNDO_MANAGER, dry_run=True)
    except ApiError:
        return frozenset()
    return frozenset(d.path for d in doubtful if _parent(answer, d.path).get(d.path[-1][2:]) != d.old)


def _parent(obj: dict[str, Any], path: Path) -> dict[str, Any]:
    for part in path[:-1]:
        obj = obj.setdefault(part[2:], {})
    return obj
