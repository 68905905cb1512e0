"""The objects that a config deploys, with the namespace that each gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..config.selection import selected, taken
from ..errors import Refused, together
from ..kube.discovery import UnknownKind
from ..objects.kinds import defined
from ..objects.ref import Ref
from .other_versions import served_version

if TYPE_CHECKING:
    from ..config import Config, Manifest
    from ..kube.client import Client


def namespace_of(config: Config, client: Client) -> str:
    """Return the namespace for objects that name none: the config's, else that of the kubeconfig's context."""
    return config.namespace or client.namespace


def objects_of(config: Config, client: Client, options: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the config's objects; one that is namespaced and names no namespace gets the config's.

    Of a step's options, `selector` (a label selector) leaves out those that it does not select.

    A custom resource whose definition is among the objects is namespaced as that says, for the server does not
    know its kind yet.
    """
    return _all_placed(selected(config.manifests, options), config, client)


def deployed_of(config: Config, client: Client) -> list[dict[str, Any]]:
    """Return the objects that the deploy steps take together, placed as they are then."""
    return _all_placed(taken(config), config, client)


def named_of(config: Config, client: Client) -> list[Ref]:
    """Return all that the config names, deployed or not, hooks too."""
    found = [Ref.of(obj) for obj in _all_placed(config.manifests, config, client)]
    for hook in (*config.hooks, *config.left_out):
        with suppress(Refused):  # of a kind that is not served there is none
            found += [Ref.of(obj) for obj in _all_placed([hook], config, client)]
    return found


def hooks_of(config: Config, client: Client) -> list[dict[str, Any]]:
    """Return the hooks that the config runs, placed as objects are."""
    return _all_placed(config.hooks, config, client)


def _all_placed(manifests: Iterable[Manifest], config: Config, client: Client) -> list[dict[str, Any]]:
    definitions = defined(manifest.obj for manifest in config.manifests)
    coming = {kind: spec.get("scope") == "Namespaced" for kind, spec in definitions.items()}
    placed, refused = [], dict[str, Refused]()
    for manifest in manifests:
        try:
            placed.append(_placed(manifest.obj, config, client, coming))
        except UnknownKind as error:  # a kind is told once, where it stands first
            if str(error) not in refused:
                refused[str(error)] = _not_served(manifest, error, client)
        except Refused as bad:
            refused.setdefault(bad.message, bad)
    if refused:
        raise together(list(refused.values()))
    return placed


def _placed(obj: dict[str, Any], config: Config, client: Client, coming: dict[tuple[str, str], bool]) -> dict[str, Any]:
    group = obj["apiVersion"].rpartition("/")[0]
    namespaced = coming.get((group, obj["kind"]))
    if namespaced is None:
        namespaced = client.resource(obj["apiVersion"], obj["kind"]).namespaced
    metadata = {key: value for key, value in obj["metadata"].items() if key != "namespace"}
    if namespaced:
        metadata["namespace"] = obj["metadata"].get("namespace") or namespace_of(config, client)
    return {**obj, "metadata": metadata}


def _not_served(manifest: Manifest, error: UnknownKind, client: Client) -> Refused:
    obj = manifest.obj
    served = served_version(client, Ref(obj["apiVersion"], obj["kind"], "", obj["metadata"]["name"]))
    definition = "add its CustomResourceDefinition to the manifests, or install it"
    if "; did you mean " in str(error):
        definition = f"correct the kind; if there is such a kind, {definition}"
    remedy = f"write apiVersion: {served}, which the server has" if served else definition
    return Refused(f"{manifest.location}: {error}", remedy=remedy)
