"""Reads objects as they are before a run changes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..kube.parallel import run_parallel
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client, Listing


_MANY = 20
"""So many objects of one kind and namespace are read by a list, if we may and there are not too many others."""


def snapshot(client: Client, refs: Iterable[Ref]) -> dict[Ref, dict[str, Any] | None]:
    """Read objects side by side; None stands for an object that is not there.

    One request an object, or one for all of a kind in a namespace where many are wanted. A kind that the server does
    not know yet has no objects: its definition is part of the same run.
    """
    wanted = list(refs)
    found: dict[Ref, dict[str, Any] | None] = {}
    groups: dict[tuple[str, str, str | None], list[Ref]] = {}
    for ref in wanted:
        groups.setdefault((ref.api_version, ref.kind, ref.namespace), []).append(ref)
    for group, members in groups.items():
        page = _page(client, *group) if len(members) >= _MANY else None
        if page is not None:
            there = {Ref.of(item): item for item in page.items}
            found |= {ref: there.get(ref) for ref in members}

    def read(ref: Ref) -> dict[str, Any] | None:
        try:
            return client.get(ref)
        except UnknownKind:
            return None

    single = [ref for ref in wanted if ref not in found]
    found |= zip(single, run_parallel(read, single), strict=True)
    return found


def _page(client: Client, api_version: str, kind: str, namespace: str | None) -> Listing | None:
    try:
        return client.first_page(api_version, kind, namespace)
    except ApiError as error:
        if error.forbidden:
            return None
        raise
