"""The objects of a run as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..kube.typed import to_typed
from ..objects.ref import Ref
from .targets import objects_of

if TYPE_CHECKING:
    from ..config import Config
    from ..kube.client import Client


def live(config: Config, client: Client) -> Iterator[Any]:
    """Yield what is there of the config's objects, typed where the Kubernetes package has a type for it."""
    for obj in objects_of(config, client):
        if (found := client.get(Ref.of(obj))) is not None:
            yield to_typed(found)
