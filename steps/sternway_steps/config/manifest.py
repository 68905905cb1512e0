"""One object to deploy, and what it must have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..yamltree.errors import ConfigError, SourceLocation

_LONGEST = 253
"""Characters of a name in Kubernetes: no API group, version or kind has more."""
MOST_BYTES = 3 * 2**19
"""Bytes of one object: the default of etcd's --max-request-bytes."""


@dataclass(frozen=True)
class Manifest:
    """An object to deploy, and where it came from: `FILE:LINE`, or the number in what a program passed."""

    obj: dict[str, Any]
    source: str

    @property
    def location(self) -> SourceLocation:
        """The source as the location of a finding."""
        file, _, line = self.source.rpartition(":")
        return SourceLocation(file, int(line), 1) if file and line.isdecimal() else SourceLocation(self.source)


def objects_in(
    obj: Any,
    location: SourceLocation,
    location_of: Callable[[Any, SourceLocation], SourceLocation],
    errors: list[ConfigError],
) -> Iterator[Manifest]:
    """Yield an object, or those of a list, as manifests; what is wrong is added to `errors`.

    `location_of` returns the location of a part, given that of the whole.
    """
    if not isinstance(obj, dict):
        errors.append(ConfigError(location, "", "this is no Kubernetes object", "a mapping with apiVersion and kind"))
        return
    if str(obj.get("kind", "")).endswith("List") and isinstance(obj.get("items"), list):
        for item in obj["items"]:
            yield from objects_in(_of_list(item, obj), location_of(item, location), location_of, errors)
        return
    if bad := _lacks(obj):
        errors += (
            ConfigError(location, field, message, "a name" if "name" in field else "a string") for field, message in bad
        )
        return
    obj.pop("status", None)  # what `kubectl get -o yaml` saved; the server would ignore it
    if (size := _text_of(obj)) > MOST_BYTES:
        message = f"{obj['kind']} {obj['metadata']['name']} holds {size} bytes, and etcd takes {MOST_BYTES}"
        errors.append(ConfigError(location, "", message, hint="keep the data elsewhere, or in several objects"))
        return
    yield Manifest(obj, f"{location.source}:{location.line}" if location.line else location.source)


def twice(manifests: Iterable[Manifest]) -> Iterator[tuple[Manifest, str]]:
    """Yield each manifest whose object occurred before, with the message for it."""
    seen: dict[tuple[str, ...], str] = {}
    for manifest in manifests:
        obj, metadata = manifest.obj, manifest.obj["metadata"]
        group = obj["apiVersion"].rpartition("/")[0]
        key = (group, obj["kind"], str(metadata.get("namespace") or ""), metadata["name"])
        if key in seen:
            yield manifest, f"{obj['kind']} {metadata['name']} stands twice, first at {seen[key]}"
        seen.setdefault(key, manifest.source)


def _of_list(item: Any, whole: dict[str, Any]) -> Any:
    """Return an item of a list, such as a ConfigMapList, completed with its kind as kubectl does."""
    if not isinstance(item, dict) or item.get("kind") or item.get("apiVersion"):
        return item
    item["apiVersion"], item["kind"] = whole.get("apiVersion"), str(whole["kind"]).removesuffix("List")
    return item


def _lacks(obj: dict[str, Any]) -> list[tuple[str, str]]:
    bad = []
    for key in ("apiVersion", "kind"):
        if not isinstance(obj.get(key), str):
            bad.append((key, f"{key} is missing"))
        elif len(obj[key]) > _LONGEST:
            bad.append((key, f"{key} has over {_LONGEST} characters"))
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        bad.append(("metadata.name", "metadata.name is missing"))
    elif "name" not in metadata and "generateName" in metadata:
        bad.append(("metadata.generateName", "an object with a generated name can't be found again for its undo"))
    elif not isinstance(metadata.get("name"), str) or not metadata["name"]:
        bad.append(("metadata.name", "metadata.name is missing or no string"))
    else:
        for key in ("name", "namespace"):
            if isinstance(text := metadata.get(key), str) and (text in (".", "..") or set("/%") & set(text)):
                bad.append((f"metadata.{key}", f"{text!r} can't be a {key}: it would be another path"))
    return bad


def _text_of(value: Any) -> int:
    """Return the bytes of all texts in an object: it takes at least as many in any encoding."""
    if isinstance(value, dict):
        return sum(map(_text_of, value.values()))
    if isinstance(value, list):
        return sum(map(_text_of, value))
    return len(value.encode()) if isinstance(value, str) else 0
