"""Whether a saved plan still holds: the configuration at hand is the same, and the world that it was made for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..builtin.build.registry import manifest_of
from ..config import Config
from ..config.built_images import built_images
from ..config.selection import taken
from ..errors import Refused, SternwayError, together
from ..kube.parallel import run_parallel
from ..objects.image_digests import named_images
from ..objects.image_name import normalised
from .assembly import AssembledRun
from .preflight import preflight
from .saved_plan import SavedObject, SavedPlan

_ABSENT = ""


def image_digests(config: Config) -> dict[str, str]:
    """Return the digest of each image that nothing builds and that names none, as far as its registry tells it."""
    built = {normalised(image) for image in built_images(config)}
    named = dict.fromkeys(image for manifest in taken(config) for image in named_images(manifest.obj) if image)
    wanted = [image for image in named if normalised(image) not in built and "@" not in image]
    return {image: digest for image, digest in zip(wanted, run_parallel(_digest, wanted), strict=True) if digest}


def require_unmoved(saved: SavedPlan) -> Callable[[AssembledRun, threading.Event], None]:
    """Return a check of a run whose target is held: raises Refused, naming what is not as it was planned."""

    def check(run: AssembledRun, stop: threading.Event) -> None:
        if run.target != saved.target:
            raise Refused(f"the plan is of {saved.target}, and the configuration at hand of {run.target}")
        found = preflight(run, stop)
        if found.refusals:
            raise together(found.refusals)
        images = _again(saved.images)
        now = SavedPlan.of(run.target, run.config, found.previews, images, saved.salt)
        if moved := [*_settings(saved, now), *_objects(saved, now), *_images(saved, now)]:
            listed = "\n".join(f"  {line}" for line in moved)
            raise Refused(
                f"the plan of {saved.made} does not hold any more:\n{listed}", remedy="plan anew, and look at it"
            )

    return check


def _settings(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    for key in sorted({*saved.settings, *now.settings}):
        if saved.settings.get(key) != now.settings.get(key):
            flags = " (or --recreate, --force-conflicts were not given alike)" if key in ("steps", "deploy") else ""
            yield f"{key}: the configuration at hand says something else{flags}"


def _objects(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    before, after = ({one.object: one for one in plan.objects} for plan in (saved, now))
    for name in dict.fromkeys([*before, *after]):
        was, is_ = before.get(name), after.get(name)
        if was is None or is_ is None:
            yield f"{name}: it is {'not in the plan' if was is None else 'in the plan alone'}"
        elif was.digest != is_.digest:
            yield f"{name}: the configuration at hand says something else"
        else:
            yield from (f"{name}: {why}" for why in _moved(was, is_))


def _moved(was: SavedObject, now: SavedObject) -> Iterator[str]:
    """Name what has moved of one object."""
    if was.uid != now.uid:
        if was.uid == _ABSENT or now.uid == _ABSENT:
            yield f"somebody {'created' if was.uid == _ABSENT else 'deleted'} it"
        else:
            yield "somebody deleted it and made another one of that name"
        return
    before, after = ({one.field: one for one in each.fields} for each in (was, now))
    for field in dict.fromkeys([*before, *after]):
        if field not in after:
            yield f"{field} is already as it was to become"
        elif field not in before:
            yield f"{field} is another now, and would be changed"
        elif before[field] != after[field]:
            yield f"{field} is another than it was"
    if was.takes_over != now.takes_over:
        yield "other managers own its fields now"
    elif was.result != now.result and before == after:
        yield f"it was to {was.result}, and is to {now.result}"


def _images(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    for image, digest in saved.images.items():
        found = now.images.get(image)
        if found != digest:
            told = f"is {found} now" if found else "can't be asked for now"
            yield f"image {image}: it was {digest}, and {told}"


def _again(images: Mapping[str, str]) -> dict[str, str]:
    return dict(_known(images))


def _known(images: Iterable[str]) -> Iterator[tuple[str, str]]:
    wanted = list(images)
    for image, digest in zip(wanted, run_parallel(_digest, wanted), strict=True):
        if digest:
            yield image, digest


def _digest(image: str) -> str | None:
    if "@" in image:  # what a digest names never moves
        return None
    try:
        found = manifest_of(image)
    except (SternwayError, ImportError):
        return None
    return found.digest if found is not None else None
