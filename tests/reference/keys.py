"""The keys of the configuration, as tables made of its form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from sternway_steps.config.form import form_of
from sternway_steps.config.json_schema import default_of
from sternway_steps.config.option_reader import With
from sternway_steps.registry.load import READERS
from sternway_steps.yamltree.reader import Group, Key, Many, Raw, Section, Short, Table

from .text import slug, table

_TOP = "At the top"


def tables() -> str:
    """Return a table for each mapping with fixed keys, the file's own first."""
    form = form_of(READERS)
    titles: dict[int, str] = {}
    found = list(_sections(form, "", titles))
    for reader in READERS:
        if reader.options is not None and id(reader.options) not in titles and reader.options.keys:
            found += _sections(reader.options, f"with of {reader.step}", titles)
    return "\n\n".join(f"### {_heading(titles[id(section)])}\n\n{_table(section, titles)}" for section in found)


def _sections(kind: Any, path: str, titles: dict[int, str]) -> Iterator[Section]:
    """Give the sections of a kind and name each by the first path that leads to it, in the order of the file."""
    if isinstance(kind, Section):
        if id(kind) in titles:
            return
        titles[id(kind)] = path
        yield kind
        for key in kind.keys:
            yield from _sections(kind.kind(key), f"{path}.{key}" if path else key, titles)
    elif isinstance(kind, Many | Group):
        yield from _sections(kind.of, path if path.endswith("[]") else f"{path}[]", titles)
    elif isinstance(kind, Table) and not isinstance(kind, With):
        yield from _sections(kind.of, f"{path}.NAME", titles)
    elif isinstance(kind, Short):
        yield from _sections(kind.long, path, titles)


def _heading(path: str) -> str:
    return f"`{path}`" if path and not path.startswith("with of") else path or _TOP


def _table(section: Section, titles: dict[int, str]) -> str:
    rows = []
    for name, key in section.keys.items():
        assert isinstance(key, Key), name
        default = default_of(key)
        about = key.about + (" Required." if name in section.required else "")
        about += f" Such as {_examples(key)}." if key.examples else ""
        rows.append((f"`{name}`", _value(key.kind, titles), _code(default) if default is not None else "", about))
    return table(("key", "value", "default", "what it is for"), rows)


def _value(kind: Any, titles: dict[int, str]) -> str:
    if isinstance(kind, Section):
        path = titles[id(kind)]
        return f"the keys of [{_heading(path)}](#{slug(path)})"
    if isinstance(kind, Many):
        return f"a list, each {_value(kind.of, titles)}"
    if isinstance(kind, Group):
        return f"{_value(kind.of, titles)}, or a list of these"
    if isinstance(kind, With):
        with_keys = [
            f"[{step}](#{slug(titles[id(options)])})" for step, options in kind.of_step.items() if options.keys
        ]
        return f"what the step takes: {', '.join(with_keys)}"
    if isinstance(kind, Table):
        return f"names, each with {_value(kind.of, titles)}"
    if isinstance(kind, Short):
        return f"{_value(kind.short, titles)}, or {_value(kind.long, titles)}"
    if isinstance(kind, Raw):
        return "anything"
    words = kind.schema.get("enum")
    return " or ".join(f"`{word}`" for word in words) if words else str(kind.expected).split(": ")[0]


def _examples(key: Key) -> str:
    return " or ".join(_code(example) for example in key.examples)


def _code(value: Any) -> str:
    """Return a value as a file has it, in one line."""
    flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return f"`{flow.removesuffix(chr(10)).removesuffix('...').strip()}`"
