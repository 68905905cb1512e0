"""Values from flags and from the environment, merged over the file: flag, then environment, then file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..plain_text import short
from ..yamltree.document import Entry, Node
from ..yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from ..yamltree.parser import parse
from ..yamltree.reader import Group, Many, Section, Short, Table, nearest
from .asked import parameters_of, value_of
from .service_links import without_service_links

PREFIX = "STERNWAY_"
# Variables that say how Sternway runs, not what it deploys.
_RESERVED = frozenset(
    PREFIX + word
    for word in (
        "CONFIG", "KUBECONFIG", "CONTEXT", "SANDBOX", "OUTPUT", "LOG", "RUN", "COMPLETE", "VERBOSE", "STATE",
        "UNATTENDED", "FAILURES", "JOB_UID", "JOURNAL_KEY", "JOURNAL_KEY_FILE",
        "STEP", "ATTEMPT", "TARGET", "ACTION", "UNDO", "CHILD",  # what a program is told, which may call Sternway
        "TOKEN", "COMMENT_TOKEN", "PACKAGE",  # what jobs of CI are given
        "STATUS", "EXIT_CODE", "CAUSE", "RUN_NAME", "REMEDY",  # and what one is told that runs when the run has ended
    )
)  # fmt: skip
_OPEN = (PREFIX + "TEST", PREFIX + "BENCH")
_PART = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")


def lay_over(root: Node, form: Section, flags: Sequence[str], environ: Mapping[str, str]) -> None:
    """Change the document in place; raise ConfigErrors that name the flag or the variable."""
    errors: list[ConfigError] = []
    asked, environ = parameters_of(root, form), without_service_links(environ)
    for source, path, text in [*_from_environment(form, environ, errors), *_from_flags(flags, errors)]:
        try:
            parameter = asked.get(".".join(map(str, path)))
            value = _value(text, source) if parameter is None else value_of(parameter, text, source)
            _set(root, path, value, source)
        except ConfigErrors as bad:
            errors += bad.errors
    if errors:
        raise ConfigErrors(errors)


def _from_flags(flags: Sequence[str], errors: list[ConfigError]) -> Iterable[tuple[str, list[str | int], str]]:
    for flag in flags:
        key, equals, text = flag.partition("=")
        parts = [_PART.fullmatch(part) for part in key.split(".")]
        if not equals or not all(parts):
            location = SourceLocation(f"--set {key if equals else flag}")
            errors.append(ConfigError(location, "", "this sets nothing", "key=value, such as image=web:2"))
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
                    location, message = SourceLocation(short(name)), "this variable names no key of the form"
                    errors.append(ConfigError(location, "", message, hint=nearest(part, kind.keys)))
                    break
                kind = kind.kind(found)
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
    """Return the form of a name's next part: an item of a group, the long form of a value that has one."""
    if isinstance(kind, Group):
        return Many(kind.of) if part.isdigit() else _behind(kind.of, part)
    return _behind(kind.long, part) if isinstance(kind, Short) else kind


def _value(text: str, source: str) -> Node:
    """Return a value read as YAML; a text that is no YAML by itself (such as `a: b: c`) is taken literally."""
    location = SourceLocation(source)
    try:
        node = parse(text, source)
    except ConfigErrors:
        node = None
    if node is None:
        return Node(text or None, location, text)
    return _at(node, location) if isinstance(node.value, dict | list) else Node(node.value, location, text)


def _at(node: Node, location: SourceLocation) -> Node:
    if isinstance(node.value, dict):
        entries = {key: Entry(location, _at(entry.node, location)) for key, entry in node.value.items()}
        return Node(entries, location)
    if isinstance(node.value, list):
        return Node([_at(item, location) for item in node.value], location)
    return Node(node.value, location, node.text)


def _set(root: Node, path: list[str | int], value: Node, source: str) -> None:
    node, location = root, SourceLocation(source)
    for here, after in zip(path, [*path[1:], None], strict=True):
        empty = Node([] if isinstance(after, int) else {}, location)
        if isinstance(here, int):
            if not isinstance(node.value, list) or here > len(node.value):
                count = len(node.value) if isinstance(node.value, list) else 0
                finding = ConfigError(location, "", f"there is no item {here}", f"0 to {count}, the next free one")
                raise ConfigErrors([finding])
            if here == len(node.value):
                node.value.append(empty)
            if after is None:
                node.value[here] = value
            node = node.value[here]
        else:
            if not isinstance(node.value, dict):
                node.value, node.location = {}, location
            if after is None and value.value is None and value.text and here in node.value:
                node.removed = {**(node.removed or {}), here: (location, node.value[here].location)}
                del node.value[here]  # as null does in a file that is laid over another
                return
            if after is None:
                node.value[here] = Entry(location, value)
            elif here not in node.value or not isinstance(node.value[here].node.value, dict | list):
                node.value[here] = Entry(location, empty)
            node = node.value[here].node
