"""Kubernetes objects from files, folders, globs and standard input, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from .document import Node, broken, decode
from .errors import ConfigError, ConfigErrors, Place
from .schema import Manifest

_ENDINGS = (".yaml", ".yml", ".json")


def read_all(patterns: Iterable[Node], base: Path, stdin: TextIO | None, errors: list[ConfigError]) -> list[Manifest]:
    """Read every object that the patterns name, from the folder `base`; findings are added to `errors`."""
    found: list[Manifest] = []
    for node in patterns:
        pattern, place = node.value, node.place
        if pattern == "-":
            text = stdin.read() if stdin is not None else ""
            if not text.strip():
                message = "there are no objects on standard input"
                errors.append(
                    ConfigError(place, "manifests", message, hint="pipe them in: kustomize build | sternway …")
                )
                continue
            found += _objects(text, "stdin", errors)
            continue
        files = _files(pattern, base)
        if not files:
            message = f"{node.text!r} names no file" + _instead(node, base)
            errors.append(ConfigError(place, "manifests", message, "a file, a folder with .yaml files, or a glob"))
        for path in files:
            try:
                found += _objects(decode(path.read_bytes(), _shown(path, base)), _shown(path, base), errors)
            except ConfigErrors as bad:
                errors += bad.errors
            except OSError as error:
                errors.append(ConfigError(place, "manifests", f"{path} can't be read: {error.strerror}"))
    return found


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
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            place = Place(source, node.start_mark.line + 1, node.start_mark.column + 1)
            obj = loader.construct_document(node)
            if obj is not None:
                yield from _checked(obj, place, errors)
    except yaml.YAMLError as error:
        errors.append(broken(error, source))
    except (ValueError, RecursionError) as error:
        errors.append(ConfigError(Place(source, 1, 1), "", f"this can't be read: {error}", hint="put it in quotes"))
    finally:
        loader.dispose()


def _checked(obj: Any, place: Place, errors: list[ConfigError]) -> Iterator[Manifest]:
    if not isinstance(obj, dict):
        errors.append(ConfigError(place, "", "this is no Kubernetes object", "a mapping with apiVersion and kind"))
        return
    if str(obj.get("kind", "")).endswith("List") and isinstance(obj.get("items"), list):
        for item in obj["items"]:
            yield from _checked(item, place, errors)
        return
    bad = [(key, f"{key} is missing") for key in ("apiVersion", "kind") if not isinstance(obj.get(key), str)]
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        bad.append(("metadata.name", "metadata.name is missing"))
    elif "name" not in metadata and "generateName" in metadata:
        bad.append(("metadata.generateName", "an object with a generated name can't be found again for its undo"))
    elif not isinstance(metadata.get("name"), str) or not metadata["name"]:
        bad.append(("metadata.name", "metadata.name is missing or no string"))
    errors += (
        ConfigError(place, field, message, "a name" if "name" in field else "a string") for field, message in bad
    )
    if not bad:
        obj.pop("status", None)  # what `kubectl get -o yaml` saved; the server would ignore it
        yield Manifest(_plain(obj), f"{place.source}:{place.line}")


def _plain(value: Any) -> Any:
    """Turn what YAML made of dates back into text: Kubernetes' objects are JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
