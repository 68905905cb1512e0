"""Values from flags and from the environment, laid over the file's: flag, then environment, then file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..yamltree.document import Entry, Node, parse
from ..yamltree.errors import ConfigError, ConfigErrors, Place
from ..yamltree.reader import Group, Many, Section, Short, Table, nearest

PREFIX = "STERNWAY_"
# Variables that say how Sternway runs, not what it deploys.
_RESERVED = frozenset(
    PREFIX + word
    for word in (
        "CONFIG", "KUBECONFIG", "CONTEXT", "SANDBOX", "OUTPUT", "LOG", "RUN", "COMPLETE", "VERBOSE", "STATE",
        "STEP", "ATTEMPT", "TARGET", "ACTION", "CHILD",  # what a program is told, which may call Sternway itself
    )
)  # fmt: skip
_OPEN = (PREFIX + "TEST", PREFIX + "BENCH")
_PART = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")


def lay_over(root: Node, form: Section, flags: Sequence[str], environ: Mapping[str, str]) -> None:
    """Change the document, which has a form, in place; raises ConfigErrors that name the flag or the variable."""
    errors: list[ConfigError] = []
    for source, path, text in [*_from_environment(form, environ, errors), *_from_flags(flags, errors)]:
        try:
            _set(root, path, _value(text, source), source)
        except ConfigErrors as bad:
            errors += bad.errors
    if errors:
        raise ConfigErrors(errors)


def _from_flags(flags: Sequence[str], errors: list[ConfigError]) -> Iterable[tuple[str, list[str | int], str]]:
    for flag in flags:
        key, equals, text = flag.partition("=")
        parts = [_PART.fullmatch(part) for part in key.split(".")]
        if not equals or not all(parts):
            place = Place(f"--set {key if equals else flag}")
            errors.append(ConfigError(place, "", "this sets nothing", "key=value, such as image=web:2"))
            continue
        path: list[str | int] = []
        for part in parts:
            assert part is not None  # noqa: S101  all() above
            path += [part[1], *(int(n) for n in re.findall(r"\d+", part[2]))]
        yield f"--set {key}", path, text


def _from_environment(
    form: Section, environ: Mapping[str, str], errors: list[ConfigError]
) -> Iterable[tuple[str, list[str | int], str]]:
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or name in _RESERVED or name.startswith(_OPEN):
            continue
        path: list[str | int] = []
        kind: object = form
        for part in name.removeprefix(PREFIX).split("__"):
            kind = _behind(kind, part)
            if isinstance(kind, Section):
                found = next((key for key in kind.keys if key.lower() == part.replace("_", "").lower()), None)
                if found is None:
                    hint = nearest(part, kind.keys)
                    errors.append(ConfigError(Place(name), "", "this variable names no key of the form", hint=hint))
                    break
                kind = kind.keys[found]
                path.append(found)
            elif isinstance(kind, Many) and part.isdigit():
                kind = kind.of
                path.append(int(part))
            else:
                kind = kind.of if isinstance(kind, Table) else None
                path.append(part)
        else:
            yield name, path, text


def _behind(kind: object, part: str) -> object:
    """Return the form that a name's next part goes into: an item of a group, the long form of a value that has one."""
    if isinstance(kind, Group):
        return Many(kind.of) if part.isdigit() else _behind(kind.of, part)
    return _behind(kind.long, part) if isinstance(kind, Short) else kind


def _value(text: str, source: str) -> Node:
    """Read a value as YAML; a text that is no YAML by itself (such as `a: b: c`) is meant as it stands."""
    place = Place(source)
    try:
        node = parse(text, source)
    except ConfigErrors:
        node = None
    if node is None:
        return Node(text or None, place, text)
    return _at(node, place) if isinstance(node.value, dict | list) else Node(node.value, place, text)


def _at(node: Node, place: Place) -> Node:
    if isinstance(node.value, dict):
        entries = {key: Entry(place, _at(entry.node, place)) for key, entry in node.value.items()}
        return Node(entries, place)
    if isinstance(node.value, list):
        return Node([_at(item, place) for item in node.value], place)
    return Node(node.value, place, node.text)


def _set(root: Node, path: list[str | int], value: Node, source: str) -> None:
    node, place = root, Place(source)
    for here, after in zip(path, [*path[1:], None], strict=True):
        empty = Node([] if isinstance(after, int) else {}, place)
        if isinstance(here, int):
            if not isinstance(node.value, list) or here > len(node.value):
                count = len(node.value) if isinstance(node.value, list) else 0
                finding = ConfigError(place, "", f"there is no item {here}", f"0 to {count}, the next free one")
                raise ConfigErrors([finding])
            if here == len(node.value):
                node.value.append(empty)
            if after is None:
                node.value[here] = value
            node = node.value[here]
        else:
            if not isinstance(node.value, dict):
                node.value, node.place = {}, place
            if after is None:
                node.value[here] = Entry(place, value)
            elif here not in node.value or not isinstance(node.value[here].node.value, dict | list):
                node.value[here] = Entry(place, empty)
            node = node.value[here].node
