"""A plan in a file: what would be applied, to what, and with which images; so that a run applies exactly that.

Values of Secrets do not stand in it: a slow, salted digest (scrypt) tells whether those at hand are the same.
A digest of the whole tells that the file is damaged; it proves nothing against who writes files in your name.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..atomic import write_whole
from ..config import Config
from ..errors import Refused
from ..objects.secret import is_secret, values_in
from ..release.preview import Preview

FORMAT = 1
"""Grows when an older Sternway would read the file wrongly."""
_KIND = "sternway-plan"
_MOST = 64 << 20
_NO_SETTINGS = ("manifests", "hooks")
_FIELD = {"field": str, "old": str, "new": str}
_OBJECT = {
    "object": str, "result": str, "manifest": dict, "digest": str, "uid": str, "version": str, "fields": [_FIELD],
    "takes_over": [(str, [str])],
}  # fmt: skip
_SHAPE = {
    "target": str, "made": str, "salt": re.compile(r"(?:[0-9a-f]{2})+"), "settings": {str: str}, "objects": [_OBJECT],
    "images": {str: str},
}  # fmt: skip
"""What a file holds; see `_fits`."""


@dataclass(frozen=True)
class SavedField:
    """A field that would change, with digests in place of its values."""

    field: str
    old: str
    new: str


@dataclass(frozen=True)
class SavedObject:
    """One object of the plan."""

    object: str
    result: str
    manifest: Mapping[str, Any]
    """What is applied, without the values of a Secret."""
    digest: str
    """Of what is applied, with them."""
    uid: str
    version: str
    """The resourceVersion when it was planned, for people: a new one alone is no change."""
    fields: tuple[SavedField, ...] = ()
    takes_over: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class SavedPlan:
    """A plan that a run can be held to."""

    target: str
    made: str
    salt: str
    settings: Mapping[str, str]
    """Digests of the other parts of the configuration, by their key."""
    objects: tuple[SavedObject, ...]
    images: Mapping[str, str] = field(default_factory=dict)
    """The digest that each image had, as far as its registry told."""

    @staticmethod
    def of(
        target: str, config: Config, previews: Sequence[Preview], images: Mapping[str, str], salt: str = ""
    ) -> SavedPlan:
        """Return what was planned; with the salt of another plan the two can be compared."""
        salt = salt or secrets.token_hex(16)
        settings = {key: value for key, value in config.to_dict().items() if key not in _NO_SETTINGS}
        parts = {**{key: _bare(value) for key, value in settings.items()}, "hooks": [h.obj for h in config.hooks]}
        digests = {key: _digest(value, salt, slow=True) for key, value in parts.items()}
        made = datetime.now(UTC).isoformat(timespec="seconds")
        objects = tuple(_saved(found, salt) for found in previews if found.result != "stay")
        return SavedPlan(target, made, salt, digests, objects, dict(images))

    def write(self, path: str) -> None:
        """Write the file, for its owner alone; raises Refused when it can't be."""
        data = {"kind": _KIND, "format": FORMAT, **asdict(self)}
        text = json.dumps({**data, "digest": _whole(data)}, indent=1, ensure_ascii=False) + "\n"
        try:
            write_whole(Path(path), text, private=True)
        except OSError as error:
            raise Refused(f"the plan can't be written to {path}: {error.strerror or error}") from error


_AGAIN = "make it anew: sternway plan --save FILE"


def read_plan(path: str) -> SavedPlan:
    """Read a file; raises Refused when it is none, damaged, or of a newer Sternway."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            data = json.loads(file.read(_MOST))
    except OSError as error:
        raise Refused(f"the plan {path} can't be read: {error.strerror or error}", remedy=_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is no plan, or damaged", remedy=_AGAIN) from error
    if not isinstance(data, dict) or data.get("kind") != _KIND:
        raise Refused(f"{path} is no plan", remedy=_AGAIN)
    if data.get("format") != FORMAT:
        raise Refused(
            f"{path} is a plan of format {data.get('format')}, and this Sternway reads {FORMAT}", remedy=_AGAIN
        )
    if data.pop("digest", None) != _whole(data):
        raise Refused(f"{path} is damaged: it was changed since it was saved", remedy=_AGAIN)
    if wrong := next((key for key, shape in _SHAPE.items() if not _fits(data.get(key), shape)), ""):
        raise Refused(f"{path} is no whole plan: {wrong} is not as Sternway writes it", remedy=_AGAIN)
    return _plan(data)


def _fits(value: Any, shape: Any) -> bool:
    """Return whether data is a type, matches an expression, or has parts that fit: of a list, a pair, or a mapping."""
    match shape:
        case type():
            return isinstance(value, shape)
        case re.Pattern():
            return isinstance(value, str) and shape.fullmatch(value) is not None
        case [each]:
            return isinstance(value, list) and all(_fits(one, each) for one in value)
        case (_, _):
            return isinstance(value, list) and len(value) == len(shape) and all(map(_fits, value, shape))
    if not isinstance(value, dict):
        return False
    if str in shape:
        return all(_fits(one, shape[str]) for one in value.values())
    return value.keys() == shape.keys() and all(_fits(value[key], shape[key]) for key in shape)


def _plan(data: dict[str, Any]) -> SavedPlan:
    objects = tuple(
        SavedObject(
            **{
                **each,
                "fields": tuple(SavedField(**one) for one in each["fields"]),
                "takes_over": tuple((manager, tuple(fields)) for manager, fields in each["takes_over"]),
            }
        )
        for each in data["objects"]
    )
    keys = ("target", "made", "salt", "settings", "images")
    return SavedPlan(**{key: data[key] for key in keys}, objects=objects)


def _saved(found: Preview, salt: str) -> SavedObject:
    basis = found.basis
    assert basis is not None  # noqa: S101  what was rejected is not saved
    slow = is_secret(basis.obj)
    held = values_in(basis.obj) if slow else {}
    shown = {key: value for key, value in basis.obj.items() if key not in held}
    if "annotation" in held:
        notes = basis.obj["metadata"]["annotations"]
        shown["metadata"] = {**basis.obj["metadata"], "annotations": dict.fromkeys(notes, "(hidden)")}
    fields = tuple(
        SavedField(name, _digest(old, salt, slow=slow), _digest(new, salt, slow=slow))
        for name, old, new in basis.fields
    )
    digest = _digest(basis.obj, salt, slow=slow)
    return SavedObject(str(found.ref), found.result, shown, digest, basis.uid, basis.version, fields, found.takes_over)


def _bare(value: Any) -> Any:
    """Return a part of a configuration without the lines of the file that it stands in."""
    if isinstance(value, Mapping):
        return {key: _bare(below) for key, below in value.items() if key not in ("place", "places")}
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


def _digest(value: Any, salt: str, *, slow: bool) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str).encode()
    if slow:
        return hashlib.scrypt(text, salt=bytes.fromhex(salt), n=1 << 13, r=8, p=1, dklen=32).hex()
    return hashlib.sha256(bytes.fromhex(salt) + text).hexdigest()


def _whole(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
