"""Kubernetes objects from files, folders, globs and standard input, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from ..yamltree.document import Node, decode
from ..yamltree.errors import ConfigError, ConfigErrors, Place
from ..yamltree.from_yaml import Read
from ..yamltree.stream import documents
from .schema import Manifest

_ENDINGS = (".yaml", ".yml", ".json")
MOST_FILE = 64 * 2**20
"""Bytes: what is larger was named by mistake, and would be read without end."""
MOST_BYTES = 3 * 2**19
"""Of one object: etcd's --max-request-bytes as it is when nobody sets it."""


def read_all(patterns: Iterable[Node], base: Path, stdin: TextIO | None, errors: list[ConfigError]) -> list[Manifest]:
    """Read every object that the patterns name, from the folder `base`; findings are added to `errors`."""
    found: list[Manifest] = []
    for node in patterns:
        pattern, place = node.value, node.place
        if pattern == "-":
            try:
                text = _piped(stdin)
            except ConfigErrors as bad:
                errors += bad.errors
                continue
            if not text.strip():
                message = "there are no objects on standard input"
                hint = "pipe them in: kustomize build | sternway …"
                errors.append(ConfigError(place, "manifests", message, hint=hint))
            found += _objects(text, "stdin", errors)
            continue
        files = _files(pattern, base)
        if not files:
            message = f"{node.text!r} names no file" + _instead(node, base)
            errors.append(ConfigError(place, "manifests", message, "a file, a folder with .yaml files, or a glob"))
        for path in files:
            try:
                with path.open("rb") as file:
                    text = _read(file, _shown(path, base))
                found += _objects(text, _shown(path, base), errors)
            except ConfigErrors as bad:
                errors += bad.errors
            except OSError as error:
                errors.append(ConfigError(place, "manifests", f"{path} can't be read: {error.strerror}"))
    return found


def _piped(stdin: TextIO | None) -> str:
    if stdin is None:
        return ""
    # The bytes, whatever the locale makes of them.
    return _read(stdin.buffer, "stdin") if hasattr(stdin, "buffer") else stdin.read()


def _read(file: BinaryIO, source: str) -> str:
    content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        message = f"this holds over {MOST_FILE} bytes"
        raise ConfigErrors([ConfigError(Place(source, 1, 1), "", message, hint="split it, if it is a manifest at all")])
    return decode(content, source)


def _files(pattern: str, base: Path) -> list[Path]:
    path = base / pattern
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file())
    if path.is_file():
        return [path]
    try:
        if Path(pattern).is_absolute():
            base, pattern = Path(path.anchor), str(path.relative_to(path.anchor))
        return sorted(file for file in base.glob(pattern) if file.is_file())
    except (ValueError, OSError, NotImplementedError):
        return []


def _instead(node: Node, base: Path) -> str:
    import difflib

    folder = (base / node.value).parent
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    written = Path(node.text)
    near = difflib.get_close_matches(written.name, names, n=1)
    return f"; did you mean {str(written.parent / near[0])!r}?" if near else ""


def _shown(path: Path, base: Path) -> str:
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _objects(text: str, source: str, errors: list[ConfigError]) -> Iterator[Manifest]:
    for document in documents(text, source, errors):
        if document.value is not None:
            yield from _checked(document.value, document.place_of(document.value, document.place), document, errors)


def _checked(obj: Any, place: Place, document: Read, errors: list[ConfigError]) -> Iterator[Manifest]:
    if not isinstance(obj, dict):
        errors.append(ConfigError(place, "", "this is no Kubernetes object", "a mapping with apiVersion and kind"))
        return
    if str(obj.get("kind", "")).endswith("List") and isinstance(obj.get("items"), list):
        for item in obj["items"]:
            yield from _checked(_of_list(item, obj), document.place_of(item, place), document, errors)
        return
    if bad := _lacks(obj):
        errors += (
            ConfigError(place, field, message, "a name" if "name" in field else "a string") for field, message in bad
        )
        return
    obj.pop("status", None)  # what `kubectl get -o yaml` saved; the server would ignore it
    if (size := _text_of(obj)) > MOST_BYTES:
        message = f"{obj['kind']} {obj['metadata']['name']} holds {size} bytes, and etcd takes {MOST_BYTES}"
        errors.append(ConfigError(place, "", message, hint="keep the data elsewhere, or in several objects"))
        return
    yield Manifest(obj, f"{place.source}:{place.line}")


def _of_list(item: Any, whole: dict[str, Any]) -> Any:
    """Give an item of a list, such as a ConfigMapList, which need not say what it is; as kubectl completes it."""
    if not isinstance(item, dict) or item.get("kind") or item.get("apiVersion"):
        return item
    item["apiVersion"], item["kind"] = whole.get("apiVersion"), str(whole["kind"]).removesuffix("List")
    return item


def _lacks(obj: dict[str, Any]) -> list[tuple[str, str]]:
    bad = [(key, f"{key} is missing") for key in ("apiVersion", "kind") if not isinstance(obj.get(key), str)]
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        bad.append(("metadata.name", "metadata.name is missing"))
    elif "name" not in metadata and "generateName" in metadata:
        bad.append(("metadata.generateName", "an object with a generated name can't be found again for its undo"))
    elif not isinstance(metadata.get("name"), str) or not metadata["name"]:
        bad.append(("metadata.name", "metadata.name is missing or no string"))
    elif metadata["name"] in (".", "..") or set("/%") & set(metadata["name"]):
        bad.append(("metadata.name", f"{metadata['name']!r} can't be a name: it would be another path"))
    return bad


def _text_of(value: Any) -> int:
    """Count the bytes of all texts in an object: whatever the encoding, it takes at least as many."""
    if isinstance(value, dict):
        return sum(map(_text_of, value.values()))
    if isinstance(value, list):
        return sum(map(_text_of, value))
    return len(value.encode()) if isinstance(value, str) else 0
