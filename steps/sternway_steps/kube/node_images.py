"""The images that nodes have, as far as they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..objects.image_name import normalised

if TYPE_CHECKING:
    from .client import Client

MOST_LISTED = 50
"""A kubelet lists no more images than these, its largest (--node-status-max-images)."""


@dataclass(frozen=True)
class NodeImages:
    """What one node lists: how many images, and their whole names."""

    listed: int
    names: frozenset[str]

    @property
    def all_told(self) -> bool:
        """Whether the node lists all that it has, as far as that can be seen."""
        return 0 < self.listed < MOST_LISTED


def node_images(client: Client) -> list[NodeImages]:
    """Read what each node lists; raises ClusterError, such as where nodes may not be listed."""
    lists = [(node.get("status") or {}).get("images") or () for node in client.list("v1", "Node").items]
    return [
        NodeImages(len(each), frozenset(normalised(name) for image in each for name in image.get("names") or ()))
        for each in lists
    ]
