"""A file for CI as text: what is to be known of it, and the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sternway_steps import __version__

from ..output import MADE_BY
from ..yaml_text import comment, to_yaml
from .parameters import PipelineInputs


def text_of(runner: str, request: PipelineInputs, document: Mapping[str, Any], *about: str) -> str:
    """Return a file's text; each of `about` that is not empty becomes a comment before it."""
    made = f"{MADE_BY.removeprefix('# ')}{__version__}: sternway template --for {runner} --config {request.source}"
    return "".join(comment(text) for text in (made, *about) if text) + to_yaml([document])
