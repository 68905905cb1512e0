"""Which keys of a user's mapping a model does not have: Hera's models would drop them silently."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any


def unknown(model: Any, data: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each unknown key by its path, and the keys that are allowed there."""
    fields = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
    for key, value in data.items():
        path = f"{above}.{key}" if above else key
        if key not in fields:
            yield path, tuple(fields)
        elif isinstance(value, Mapping) and (below := _model(fields[key])) is not None:
            yield from unknown(below, value, path)


def _model(annotation: Any) -> Any:
    candidates = (annotation, *typing.get_args(annotation))
    return next((kind for kind in candidates if hasattr(kind, "model_fields")), None)
