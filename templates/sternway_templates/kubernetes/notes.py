"""What a generated object's comment says, and the command on stderr: what is left to whoever applies it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sternway_steps.config import Config

from . import images
from .rbac import binding_note


def note_on(config: Config, obj: Mapping[str, Any]) -> str:
    """Return what is left to do for an object, "" for nothing."""
    return images.note_on(config, obj) or binding_note(config, obj)
