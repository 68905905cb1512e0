"""Holds the images that are built against those that the manifests name. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..objects.image_digests import named_images
from ..objects.image_name import normalised, split
from .build import BuildConfig
from .each_step import each_step
from .schema import Config
from .selection import DEPLOY, taken

BUILD = "build"


def image_warnings(config: Config) -> list[str]:
    """Name each built image that nothing deployed names, and each image of a built repository that nothing builds.

    Names are compared as Docker reads them. An image with a digest is meant as it stands, and what only builds deploys
    nothing.
    """
    built = built_images(config)
    if not built or not any(step.uses == DEPLOY for step, _, _ in each_step(config.steps)):
        return []
    named = [(image, m) for m in (*taken(config), *config.hooks) for image in named_images(m.obj) if image]
    wanted = {normalised(image) for image, _ in named}
    unnamed = (image for image in built if normalised(image) not in wanted)
    found = [f"{image} is built by {built[image]}, and no manifest names it" for image in unnamed]
    whole = {normalised(image) for image in built}
    for image, manifest in named:
        if "@" in image or normalised(image) in whole:
            continue
        near = [other for other in built if split(other)[:2] == split(image)[:2]]
        if near:
            found.append(f"{manifest.source}: no build makes {image}; built is {', '.join(near)}")
    return list(dict.fromkeys(found))


def built_images(config: Config) -> Mapping[str, str]:
    """Return the step that builds it by each image, as it is written."""
    section = config.build or BuildConfig()
    steps = [step for step, _, _ in each_step(config.steps) if step.uses == BUILD]
    made = ((section.laid_over(step.options).image, step.name) for step in steps)
    return {image: name for image, name in made if image}
