"""Whether the images of a Workflow's pods are there: the nodes and the registries are asked before it is submitted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from sternway_steps.builtin.build.registry import manifest_of
from sternway_steps.errors import ClusterError, Refused, SternwayError
from sternway_steps.kube.client import Client
from sternway_steps.kube.node_images import node_images
from sternway_steps.objects.image_name import normalised

_WAITS = 5.0
"""Seconds that a registry has for its answer: this network may not be the nodes'."""


def require_images(client: Client, template: Mapping[str, Any]) -> None:
    """Refuse a WorkflowTemplate with an image that no node has, and that its registry does not know.

    What can't be told is no refusal: who may not list nodes, a node that may have more than it lists, a registry that
    does not answer or does not let us look, nodes that pull with credentials of their own.

    Raises: Refused with all of them.
    """
    spec = template["spec"]
    wanted = dict.fromkeys(_images(spec))
    there = None if spec.get("imagePullSecrets") else _on_nodes(client)
    if there is None:
        return
    gone = _unknown([image for image in wanted if normalised(image) not in there])
    if gone:
        raise Refused(
            f"no node has these images, and their registries do not know them: {', '.join(gone)}",
            remedy="push them, or mend argo.image and argo.images",
        )


def _images(spec: Mapping[str, Any]) -> Iterator[str]:
    common = ((spec.get("templateDefaults") or {}).get("container") or {}).get("image")
    for template in spec["templates"]:
        for container in (template.get("container"), *(template.get("containerSet") or {}).get("containers", ())):
            if image := (container or {}).get("image") or (common if container else None):
                yield str(image)


def _on_nodes(client: Client) -> set[str] | None:
    """Return the whole names of images that any node has; None when the nodes do not tell all."""
    try:
        nodes = node_images(client)
    except ClusterError:
        return None
    if not nodes or not all(node.all_told for node in nodes):
        return None
    return {name for node in nodes for name in node.names}


def _unknown(images: list[str]) -> list[str]:
    """Return those of which their registry says, soon enough, that it does not know them."""
    gone = set[str]()

    def ask(image: str) -> None:
        if image.startswith("localhost/"):  # in no registry: a node has what was loaded on it
            gone.add(image)
            return
        try:
            if manifest_of(image) is None:
                gone.add(image)
        except (SternwayError, ImportError):
            return

    threads = [threading.Thread(target=ask, args=(image,), daemon=True) for image in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_WAITS)
    return [image for image in images if image in gone]
