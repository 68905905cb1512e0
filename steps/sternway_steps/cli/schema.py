"""What `sternway config schema` prints."""

from __future__ import annotations

import json

from ..registry.load import schema
from .output import output_for
from .terminal import echo


def show(partial: bool) -> None:
    """Print the JSON Schema of a configuration."""
    output_for("text")  # so that `sternway config schema | head` ends well
    echo(json.dumps(schema(partial=partial), indent=2))
