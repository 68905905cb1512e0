"""Hera's models, with what they leave out: an unknown key is an error, and what is written is quoted strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml

Model = TypeVar("Model")


def made(model: type[Model], **keys: Any) -> Model:
    """Make a model; keys whose value is None are left out. Raises TypeError for a key that it does not have.

    Hera's own models drop an unknown key without a word (seen at 7.1.0).
    """
    fields = getattr(model, "model_fields", None) or getattr(model, "__fields__")  # noqa: B009  Pydantic 1 and 2
    if unknown := sorted(set(keys) - set(fields)):
        raise TypeError(f"{model.__name__} has no {', '.join(unknown)}")
    return model(**{key: value for key, value in keys.items() if value is not None})


def data(model: Any) -> dict[str, Any]:
    """Give a model as the JSON data that Argo reads."""
    dump = getattr(model, "model_dump", None) or model.dict
    found: dict[str, Any] = _named_first(dump(by_alias=True, exclude_none=True, mode="json"))
    return found


def _named_first(value: Any) -> Any:
    """Put names before what they name, as people write it; the models have their fields by the alphabet."""
    if isinstance(value, dict):
        name = {"name": value["name"]} if "name" in value else {}
        return {**name, **{key: _named_first(below) for key, below in value.items()}}
    return [_named_first(item) for item in value] if isinstance(value, list) else value


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every string that some reader of YAML 1.1 or 1.2 could take for something else."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


# Words and digits: 1e3 (a git revision), 0o10, 1_000, 12:30:45, n, yes, on, null, ~, .inf, 2026-11-24.
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "nan", ".nan", "inf", ".inf"])


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    ambiguous = not text or text.lower() in _WORDS or text[0] in "0123456789+-.~<=!" or text != text.strip()
    style = (
        "|" if "\n" in text and "\t" not in text and not text.startswith((" ", "\n")) else '"' if ambiguous else None
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(objects: Iterable[Mapping[str, Any]]) -> str:
    """Write objects as one stream of documents; keys keep their order, so the same input gives the same text."""
    return "".join(
        "---\n" + yaml.dump(obj, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
        for obj in objects
    )
