"""Shows a document with the origin of each value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from ..plain_text import is_seen, without_password
from ..yamltree.document import Node
from ..yamltree.errors import SourceLocation

_WIDE = 1_000_000
_TAGS = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str", bytes: "binary"}


def values(root: Node, key: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield each single value, and each empty mapping or list: its key for --set, its value, its source.

    A source is FILE:LINE, `--set KEY`, or the name of a variable.
    """
    if isinstance(root.value, dict) and root.value:
        for name, entry in root.value.items():
            yield from values(entry.node, f"{key}.{name}" if key else name)
    elif isinstance(root.value, list) and root.value:
        for number, item in enumerate(root.value):
            yield from values(item, f"{key}[{number}]")
    else:
        value = root.data()
        yield key, without_password(value) if isinstance(value, str) else value, source(root.location)


def source(location: SourceLocation) -> str:
    """Return the origin of a value in one line."""
    text = f"{location.source}:{location.line}" if location.line else location.source
    return "".join(c if c.isprintable() else "?" for c in text)


def to_yaml(root: Node) -> str:
    """Return a document as YAML that loads to the same, but for passwords in URLs.

    A comment at each single value names its source.
    """
    import yaml

    def written(*, unicode: bool) -> str:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        return str(yaml.serialize(_yaml(root), Dumper=dumper, allow_unicode=unicode, width=_WIDE))

    if not is_seen(text := written(unicode=True)):
        text = written(unicode=False)
    lines = text.split("\n")
    # The emitter writes no comments; what it wrote is read again to learn in which line each value stands.
    for line, comment in _comments(root, yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
        lines[line] += f"  # {comment}"
    return "\n".join(lines)


def _comments(node: Node, written: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node.value, dict) and node.value:
        for entry, (_, below) in zip(node.value.values(), written.value, strict=True):
            yield from _comments(entry.node, below)
    elif isinstance(node.value, list) and node.value:
        for item, below in zip(node.value, written.value, strict=True):
            yield from _comments(item, below)
    else:
        # Behind a block of text a comment would be part of it; its first line ends before it.
        mark = written.start_mark if getattr(written, "style", None) in ("|", ">") else written.end_mark
        yield mark.line, source(node.location)


def _yaml(node: Node) -> Any:
    from yaml import MappingNode, ScalarNode, SequenceNode

    if isinstance(node.value, dict):
        pairs = [(_text(key), _yaml(entry.node)) for key, entry in node.value.items()]
        return MappingNode("tag:yaml.org,2002:map", pairs, flow_style=not pairs)
    if isinstance(node.value, list):
        return SequenceNode("tag:yaml.org,2002:seq", [_yaml(item) for item in node.value], flow_style=not node.value)
    if isinstance(node.value, str):
        return _text(without_password(node.value))
    kind = "timestamp" if isinstance(node.value, date) else _TAGS[type(node.value)]
    return ScalarNode(f"tag:yaml.org,2002:{kind}", node.text or "null")


def _text(text: str) -> Any:
    from yaml import ScalarNode

    lines = text.split("\n")
    # YAML has more line ends than one, and each starts a new line here only when it is escaped.
    printable = all(line.isprintable() and not line.endswith(" ") for line in lines)
    simple = printable and not text.startswith((" ", "\n"))
    style = (None if printable else '"') if len(lines) == 1 else "|" if simple else '"'
    return ScalarNode("tag:yaml.org,2002:str", text, style=style)
