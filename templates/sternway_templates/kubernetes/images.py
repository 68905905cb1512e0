"""The image of each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sternway_steps import __version__
from sternway_steps.config import Config
from sternway_steps.config.argo import ArgoConfig

RUN = "run"
"""The value of `{step}` in argo.image, and the key in argo.images, where one image runs all steps."""


_NOBODYS = ArgoConfig.image.partition("{")[0]
"""How the images begin that are in no registry: only a node has them that they were loaded on."""


def note_on(config: Config, obj: Mapping[str, Any]) -> str:
    """Say what to set where a generated object names an image that is nobody's; "" where it names none."""
    if config.argo.image != ArgoConfig.image or obj.get("kind") == "ConfigMap" or not _names(obj):
        return ""
    return (
        f"argo.image is not set, so images are called as {image_of(config, RUN)} is: no registry has that, only a node "
        'that it was loaded on. Push yours, and set argo: {image: "REGISTRY/sternway-{step}:{version}"}'
    )


def _names(value: Any) -> bool:
    if isinstance(value, Mapping):
        image = value.get("image")
        return (isinstance(image, str) and image.startswith(_NOBODYS)) or any(map(_names, value.values()))
    return isinstance(value, list) and any(map(_names, value))


def image_of(config: Config, step: str) -> str:
    """Return the image of a step by the name that it uses."""
    argo = config.argo
    return argo.images.get(step, argo.image).replace("{step}", step).replace("{version}", __version__)
