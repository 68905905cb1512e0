"""Which image a step runs in."""

from __future__ import annotations

from sternway_steps import __version__
from sternway_steps.config import Config

RUN = "run"
"""What `{step}` in argo.image stands for, and the key in argo.images, where one image runs all steps."""


def image_of(config: Config, step: str) -> str:
    """Give the image of the step that is used."""
    argo = config.argo
    return argo.images.get(step, argo.image).replace("{step}", step).replace("{version}", __version__)
