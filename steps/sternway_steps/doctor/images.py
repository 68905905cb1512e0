"""Will the nodes be able to pull the images? Asked of the nodes, and of the registries."""

from __future__ import annotations

from collections.abc import Iterator

from ..builtin.build.registry import manifest_of
from ..config import Config
from ..config.built_images import built_images
from ..config.selection import taken
from ..errors import ClusterError, SternwayError
from ..kube.client import Client
from ..kube.node_images import node_images
from ..kube.parallel import run_parallel
from ..objects.image_digests import named_images
from ..objects.image_name import normalised
from ..plural import count
from .finding import Finding, good, warning, wrong


def images(client: Client, config: Config) -> Iterator[Finding]:
    """Look for each image that nothing builds: on all nodes, else in its registry with this machine's credentials."""
    built = {normalised(image) for image in built_images(config)}
    named = dict.fromkeys(image for manifest in (*taken(config), *config.hooks) for image in named_images(manifest.obj))
    wanted = [image for image in named if image and normalised(image) not in built]
    there = on_all_nodes(client)
    asked = [image for image in wanted if normalised(image) not in there]
    found = run_parallel(_asked, asked)
    fine = len(wanted) - len(asked) + found.count(None)
    if fine:
        be = "is" if fine == 1 else "are"
        yield good("images", f"{count(fine, 'image')} {be} on the nodes, or in the registry")
    yield from (one for one in found if one is not None)


def on_all_nodes(client: Client) -> set[str]:
    """Return the whole names of images that every node has, as far as the nodes tell; none when we may not look."""
    try:
        nodes = node_images(client)
    except ClusterError:
        return set()
    return set.intersection(*(set(node.names) for node in nodes)) if nodes else set()


def _asked(image: str) -> Finding | None:
    try:
        if manifest_of(image) is not None:
            return None
    except (SternwayError, ImportError) as error:
        return warning(
            "images",
            f"image {image}: {error}",
            "whether the nodes can pull it is not known; they may have other credentials, and another network",
            "try it where the nodes are: kubectl run try --rm -it --restart=Never --image " + image,
        )
    why = "pods that have not pulled it yet end with ErrImagePull"
    return wrong("images", f"image {image} is not in its registry", why, "push it, or mend its name")
