"""The image of each step."""

from __future__ import annotations

from sternway_steps import __version__
from sternway_steps.config import Config

RUN = "run"
"""The value of `{step}` in argo.image, and the key in argo.images, where one image runs all steps."""


def image_of(config: Config, step: str) -> str:
    """Return the image of a step by the name that it uses."""
    argo = config.argo
    return argo.images.get(step, argo.image).replace("{step}", step).replace("{version}", __version__)
