"""What a run would find to remove, before it begins: what is no longer named, and the rights that its removal takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config.prune import prunes
from ..errors import Refused, SternwayError
from ..kube.api_error import ApiError
from ..objects.merge import OnConflict
from ..spec import OtherRun
from .missing_rights import deployed_kinds, missing_rights
from .preview import Preview
from .prune import Looking, Unnamed, find_unnamed, preview_of
from .rights import REMOVAL_RULES, expand
from .targets import named_of

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
    looking = Looking(client, target, config.deploy.prune_kinds, policy, earlier)
    return find_unnamed(looking, named_of(config, client), uids)
