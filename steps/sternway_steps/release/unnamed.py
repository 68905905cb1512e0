"""What a run would find to remove, before it begins: what is no longer named, and the rights that its removal takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config.each_step import each_step
from ..config.prune import prunes
from ..errors import Refused, SternwayError
from ..kube.api_error import ApiError
from ..objects.merge import OnConflict
from ..objects.references import Named, referrers
from ..spec import OtherRun
from .missing_rights import deployed_kinds, missing_rights
from .preview import Preview
from .prune import Looking, Unnamed, find_unnamed, preview_of
from .rights import REMOVAL_RULES, expand
from .targets import deployed_of, named_of, namespace_of

if TYPE_CHECKING:
    from ..config import Config
    from ..kube.client import Client

Earlier = Callable[[], Iterable[OtherRun]]
"""Yields what the steps of the target's other runs recorded, newest run first."""


@dataclass(frozen=True)
class Listed:
    """What was found: what speaks against the run, the objects, and what could not be told."""

    refusals: tuple[Refused, ...] = ()
    previews: tuple[Preview, ...] = ()
    notes: tuple[str, ...] = ()


def listed(client: Client, config: Config, target: str, earlier: Earlier, uids: Collection[str]) -> Listed:
    """Return what is no longer named; `uids` are those of what is.

    Raises: ApiError, SternwayError when that can't be told and something would be removed; where nothing is, it is no
        reason against the run.
    """
    removes = prunes(config)
    try:
        unnamed = look_for_unnamed(client, config, target, earlier, uids)
        kinds = deployed_kinds(client, [one.live for one in unnamed if not one.why]) if removes else []
        rights = missing_rights(client, expand(REMOVAL_RULES, kinds, None))
    except (SternwayError, ApiError) as error:
        if removes:
            raise
        return Listed(notes=(f"what the target deployed before can't be told: {error}",))
    return Listed(
        tuple(Refused(f"not allowed, to remove what is no longer named: {right}") for right in rights),
        tuple(preview_of(one, removes=removes) for one in unnamed),
    )


def look_for_unnamed(
    client: Client, config: Config, target: str, earlier: Earlier, uids: Collection[str] = ()
) -> list[Unnamed]:
    """Return what the target deployed before, and the configuration no longer names; raises ApiError, SternwayError."""
    policy = OnConflict(config.deploy.on_conflict)
    refers = {**_of_steps(config, client), **referrers(deployed_of(config, client))}
    looking = Looking(client, target, config.deploy.prune_kinds, policy, earlier, refers)
    return find_unnamed(looking, named_of(config, client), uids)


def _of_steps(config: Config, client: Client) -> dict[Named, str]:
    """Return what the variables of steps come from, each with its step."""
    found: dict[Named, str] = {}
    for step, _, _ in each_step(config.steps):
        for source in (step.options.get("env") or {}).values():
            for form, kind in (("secret", "Secret"), ("config", "ConfigMap")):
                if isinstance(source, Mapping) and form in source:
                    found[kind, namespace_of(config, client), str(source[form])] = f"step {step.name}"
    return found
