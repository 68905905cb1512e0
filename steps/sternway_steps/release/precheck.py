"""The checks before a run: everything that can be found out about a deployment without a change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config.built_images import image_warnings
from ..config.hooks import described
from ..config.selection import described as nobody_takes
from ..config.selection import may_recreate, taken, untaken
from ..errors import Refused
from ..kube.api_error import ApiError
from ..objects.ref import Ref
from ..plural import count
from .hooks import hook_errors
from .missing_rights import deployed_kinds, missing_rights
from .preview import Asking, Preview, preview
from .rights import rights_of
from .targets import deployed_of, hooks_of, namespace_of
from .unnamed import Earlier, listed

if TYPE_CHECKING:
    from ..config import Config
    from ..kube.client import Client
    from ..spec import StepSpec


@dataclass(frozen=True)
class Precheck:
    """What was found: `refusals` speak against the run, `previews` say what it would change.

    `stays` names the steps whose effects no undo takes back, `notes` are what else is to be known of it.
    """

    refusals: tuple[Refused, ...]
    previews: tuple[Preview, ...] = ()
    stays: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    on_end: tuple[tuple[str, str], ...] = ()
    """The steps that run when the run has ended, each with its word (failure, success, always)."""

    @property
    def findings(self) -> tuple[str, ...]:
        """What speaks against the run, each in its words."""
        return tuple(bad.message for bad in self.refusals)


def precheck(
    client: Client,
    config: Config,
    pipeline: Iterable[StepSpec],
    target: str,
    target_of: Callable[[str], str | None],
    say: Callable[[str], None],
    earlier: Earlier | None = None,
) -> Precheck:
    """Check namespaces, the rights that the run and its undo need, and every object by a dry run.

    With `earlier`, which yields what the target's other runs recorded, also what is no longer named.

    Raises: Transient when the server does not answer for an object, ApiError.
    """
    try:
        asking = Asking(client, target, target_of, config.deploy.force_conflicts)
        found = _found(client, config, pipeline, asking, say)
        return found if earlier is None else _with_unnamed(found, client, config, target, earlier)
    except Refused as bad:  # a kind that is not served: what else is wrong can't be told before
        return Precheck((bad,))
    except ApiError as error:
        if error.forbidden or error.unauthorized:
            return Precheck((Refused(str(error)),))
        raise


def _found(
    client: Client, config: Config, pipeline: Iterable[StepSpec], asking: Asking, say: Callable[[str], None]
) -> Precheck:
    objects, hooks, specs = deployed_of(config, client), hooks_of(config, client), tuple(pipeline)
    refs = [Ref.of(obj) for obj in (*objects, *hooks)]
    missing = _missing_namespaces(client, refs)
    if missing:
        return Precheck(tuple(map(Refused, missing)))
    say("asking for the rights that the run and its undo need")
    home = namespace_of(config, client)
    # A step that may run in a pod or here asks for what it makes itself, once it knows which: in a pod it does.
    own = "KUBERNETES_SERVICE_HOST" in os.environ
    rights = rights_of(config, specs, deployed_kinds(client, (*objects, *hooks)), home, own=own)
    refusals = [Refused(f"not allowed: {right}") for right in missing_rights(client, rights)]
    say(f"asking the server what it would make of {count(len(objects), 'object')}")
    anew = {id(manifest) for manifest in may_recreate(config)}
    named_refs = zip((Ref.of(obj) for obj in objects), taken(config), strict=True)
    asking = replace(asking, recreate=frozenset(ref for ref, manifest in named_refs if id(manifest) in anew))
    previews = preview(asking, objects)
    named = [
        replace(found, notes=(*_elsewhere(found.ref, manifest.source, home), *found.notes))
        for found, manifest in zip(previews, taken(config), strict=True)
    ]
    errors = [found.error for found in named] + hook_errors(asking, hooks)
    for error, manifest in zip(errors, (*taken(config), *config.hooks), strict=True):
        if error is not None and error.transient:
            raise error
        if error is not None:
            remedy = f" ({error.remedy})" if error.remedy else ""
            refusals.append(Refused(f"{manifest.source}: {error}{remedy}"))
    notes = [f"runs {described(hook)}; what it does is not undone" for hook in config.hooks]
    notes += [f"left out: {described(hook)}" for hook in config.left_out]
    notes += image_warnings(config)
    notes += [nobody_takes(manifest) for manifest in untaken(config, specs)]
    return Precheck(tuple(refusals), tuple(named), notes=tuple(notes))


def _with_unnamed(found: Precheck, client: Client, config: Config, target: str, earlier: Earlier) -> Precheck:
    uids = {one.basis.uid for one in found.previews if one.basis is not None}
    more = listed(client, config, target, earlier, uids)
    return replace(
        found,
        refusals=(*found.refusals, *more.refusals),
        previews=(*found.previews, *more.previews),
        notes=(*found.notes, *more.notes),
    )


def _elsewhere(ref: Ref, source: str, home: str) -> tuple[str, ...]:
    """Name a namespace that the manifest names itself, when it is another than the configuration's."""
    own = ref.namespace or home
    return () if own == home else (f"{source} names namespace {own}, and the configuration {home}",)


def _missing_namespaces(client: Client, refs: list[Ref]) -> list[str]:
    created = {ref.name for ref in refs if ref.kind == "Namespace"}
    wanted = sorted({ref.namespace for ref in refs if ref.namespace} - created)
    return [
        f"namespace {name} does not exist; create it, or add it to the manifests"
        for name in wanted
        if not _exists(client, name)
    ]


def _exists(client: Client, namespace: str) -> bool:
    try:
        return client.get(Ref("v1", "Namespace", None, namespace)) is not None
    except ApiError as error:
        if error.forbidden:
            return True  # many may work in a namespace that they may not read; the dry run tells
        raise
