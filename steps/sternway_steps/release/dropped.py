"""What others set, and the server drops without a word once something else is put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects.merge import Difference, diff
from ..objects.object_merge import ObjectMerge
from ..objects.ownership import UNDO_MANAGER
from ..objects.tree import ABSENT, at

if TYPE_CHECKING:
    from ..kube.client import Client


def dropped(client: Client, found: ObjectMerge, read: Callable[[dict[str, Any]], ObjectMerge]) -> list[Difference]:
    """Return what the merge leaves to others and the server would not keep: old is what it is now, new ABSENT.

    A Service of another type has no node ports, say, whoever set them. The server is asked by a dry run, and only where
    others have come to own something since; `read` tells how its answer is to be read. What it does not take at all,
    the write itself will tell.
    """
    states = found.states
    if not found.restored or (not found.conflicts and states.owned_since is None):
        return []
    try:
        answer = client.replace(found.obj, manager=UNDO_MANAGER, dry_run=True)
    except ApiError:
        return []
    gone = [d for d in diff(found.merged.node, read(answer).states.live) if d.new is ABSENT]
    left = [d for d in gone if at(states.live, d.path) is not ABSENT]
    contested = [one.path for one in found.conflicts]
    return [
        d for d in left
        if states.at(d.path).owned_since is not None or any(d.path[: len(path)] == path for path in contested)
    ]  # fmt: skip
