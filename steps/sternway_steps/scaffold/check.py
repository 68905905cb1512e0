"""Whether a configuration that is to be written can be read: asked before it has its place."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..registry.load import load
from ..yamltree.errors import ConfigErrors


def check(text: str, path: Path, *, objects: bool) -> None:
    """Read a text as the configuration in `path`, with its objects or without; raises ConfigErrors, OSError."""
    aside = path.with_name(f".{path.name[:100]}-{secrets.token_hex(4)}")
    try:
        aside.write_text(text, encoding="utf-8")
        load(aside, objects=objects)
    except ConfigErrors as bad:
        named: Callable[[str], str] = lambda source: str(path) if source == str(aside) else source  # noqa: E731
        raise ConfigErrors(
            [replace(one, location=replace(one.location, source=named(one.location.source))) for one in bad.errors]
        ) from None
    finally:
        aside.unlink(missing_ok=True)
