"""The form as JSON Schema, for editors and checkers: what it refuses by shape, the reader refuses too.

It is draft-07, which every editor's YAML server reads whole; later drafts only in part. What no schema can say (keys
that go together, files that have to be there, the words of an expression) the reader alone knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.reader import Group, Key, Many, Raw, Section, Short, Table
from .extends import KEY as EXTENDS
from .option_reader import With

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
_UNITS = ((3600.0, "h"), (60.0, "m"), (1.0, "s"), (0.001, "ms"))


def json_schema(form: Section, *, partial: bool = False) -> Schema:
    """Return the schema of a file: one that extends others may lack what these have, and remove keys by null.

    With `partial` that holds for all files: of one that others extend, too, each key by itself may be checked alone.
    """
    made = _Schemas({})
    head = {"$schema": DRAFT, "description": "The configuration of a deployment."}
    if partial:
        return {**head, **made.section(form, merged=True), "definitions": made.items}
    whole = {"configuration": made.section(form, merged=False), "part": made.section(form, merged=True)}
    choice = {"if": {"type": "object", "required": [EXTENDS]}, "then": _ref("part"), "else": _ref("configuration")}
    return {**head, **choice, "definitions": {**whole, **made.items}}


def duration_text(seconds: float) -> str:
    """Return a time as a file has it: 900.0 is 15m."""
    size, unit = next(each for each in _UNITS if seconds % each[0] == 0 or each[1] == "ms")
    return f"{round(seconds / size)}{unit}"


def default_of(key: Key) -> Any:
    """Return what stands for a key that is left out, as a file has it; None for nothing."""
    return duration_text(key.default) if key.kind is s.duration and key.default is not None else key.default


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


@dataclass(frozen=True)
class _Schemas:
    """Makes schemas. `items` are those of the items of lists, which stand once: a list is never merged."""

    items: dict[str, Schema]

    def of(self, kind: Any, merged: bool, name: str = "") -> Schema:
        """Return the schema of a kind, which a key of this name has; `merged`: of a file that is laid over others."""
        if isinstance(kind, Key):
            return {**_told(kind), **self.of(kind.kind, merged, name)}
        if isinstance(kind, Section):
            return self.section(kind, merged)
        if isinstance(kind, Many):
            return {"type": "array", "items": self._item(kind.of, name)}
        if isinstance(kind, Group):
            one = self._item(kind.of, name)
            return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}
        if isinstance(kind, Table):
            value = self.of(kind.of, merged, name)
            names, values = dict(kind.key.schema), _nullable(value) if merged else value
            return {"type": "object", "propertyNames": names, "additionalProperties": values}
        if isinstance(kind, Short):
            return {"anyOf": [self.of(kind.short, merged, name), self.of(kind.long, merged, name)]}
        if isinstance(kind, Raw):
            return {}
        return _explained(kind.schema, f"expected {kind.expected}")

    def section(self, section: Section, merged: bool) -> Schema:
        """Return the schema of a mapping with fixed keys."""
        properties = {key: self.of(kind, merged, key) for key, kind in section.keys.items()}
        if merged:
            properties = {key: schema if key == EXTENDS else _nullable(schema) for key, schema in properties.items()}
        required = {} if merged or not section.required else {"required": list(section.required)}
        options = {key: section.kind(key).of_step for key in section.keys if isinstance(section.kind(key), With)}
        choices = [choice for key, steps in options.items() for choice in self._with(key, steps)]
        known = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**known, **required, **({"allOf": choices} if choices else {})}

    def _item(self, kind: Any, name: str) -> Schema:
        if isinstance(kind, Group):
            return self.of(kind, merged=False, name=name)
        if not isinstance(kind, Section | Short):
            return self.of(kind, merged=False)
        made = self.of(kind, merged=False, name=name)
        if self.items.setdefault(f"{name}-item", made) != made:
            return made
        return _ref(f"{name}-item")

    def _with(self, key: str, of_step: Mapping[str, Section]) -> list[Schema]:
        """Return the conditions by which the key's value is what the step takes, by what it uses or by its name."""
        return [
            {
                "if": {"anyOf": [_is("uses", step), {**_is("name", step), "not": {"required": ["uses"]}}]},
                "then": {"properties": {key: self.section(options, merged=False)}},
            }
            for step, options in of_step.items()
        ]


def _explained(schema: Mapping[str, Any], message: str) -> Schema:
    """Return a schema with what an editor says of a value that it refuses, whichever of its choices that is near to."""
    choices = {"anyOf": [_explained(each, message) for each in schema["anyOf"]]} if "anyOf" in schema else {}
    return {**schema, **choices, "errorMessage": message}


def _told(key: Key) -> Schema:
    default = default_of(key)
    return {
        "description": key.about,
        **({"default": default} if default is not None else {}),
        **({"examples": list(key.examples)} if key.examples else {}),
    }


def _is(key: str, word: str) -> Schema:
    return {"properties": {key: {"const": word}}, "required": [key]}


def _nullable(schema: Schema) -> Schema:
    """Return a schema that takes null too, which removes a key that the base has."""
    told: Schema = {key: schema[key] for key in ("description", "default", "examples") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in told}
    if not rest:
        return schema
    choices = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**told, "anyOf": [*choices, {"type": "null"}]}
