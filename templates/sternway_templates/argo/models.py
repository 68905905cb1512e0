"""Builds Hera's models strictly: an unknown key is an error."""

from __future__ import annotations

from typing import Any, TypeVar

Model = TypeVar("Model")


def new(model: type[Model], **keys: Any) -> Model:
    """Return a model; keys whose value is None are left out. Raises TypeError for a key that the model does not have.

    Hera's own models drop an unknown key silently (seen at 7.1.0).
    """
    fields = getattr(model, "model_fields", None) or getattr(model, "__fields__")  # noqa: B009  Pydantic 1 and 2
    if unknown := sorted(set(keys) - set(fields)):
        raise TypeError(f"{model.__name__} has no {', '.join(unknown)}")
    return model(**{key: value for key, value in keys.items() if value is not None})


def data(model: Any) -> dict[str, Any]:
    """Return a model as the JSON data that Argo reads."""
    dump = getattr(model, "model_dump", None) or model.dict
    found: dict[str, Any] = _named_first(dump(by_alias=True, exclude_none=True, mode="json"))
    return found


def _named_first(value: Any) -> Any:
    """Put names before what they name, as people write it; the models order their fields alphabetically."""
    if isinstance(value, dict):
        name = {"name": value["name"]} if "name" in value else {}
        return {**name, **{key: _named_first(below) for key, below in value.items()}}
    return [_named_first(item) for item in value] if isinstance(value, list) else value
