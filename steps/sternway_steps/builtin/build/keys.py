"""The keys of the section `build` and of a build step's `with`, and how each value is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...config.option_reader import PathOr
from ...plain_text import without_password
from ...yamltree import scalars as s
from ...yamltree.document import Node
from ...yamltree.reader import Many, Section, Short, Table

_GIT = re.compile(r"(https?|ssh|git|file)://\S+|[a-zA-Z0-9_.-]+@[a-zA-Z0-9_.-]+:\S+")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/@{}^~+-]*")
_A_REVISION = "a branch, a tag or a commit's whole hash"
_TAGGED = "an image with a tag"
_FOLDER = "a folder, or https://HOST/PATH.git#REVISION:FOLDER"
_KEY = s.matching(re.compile(r"[-._a-zA-Z0-9]+"), "a key of a Secret: letters, digits, '-', '_' and '.'")
_CACHE = re.compile(r"[^\s,=]+|type=[^\s=,]+(,[^\s=,]+=[^\s,]+)*")


def is_git(context: str) -> bool:
    """Return whether a context is a git URL and not a folder."""
    return bool(_GIT.fullmatch(context))


def variable(name: str, secret: Mapping[str, str]) -> str:
    """Return the variable that a secret is read from: its own, or one named like the secret's id."""
    return secret.get("env") or name.replace("-", "_").replace(".", "_")


@s.reads(
    f"{_TAGGED}, such as registry.example/web:1", {**s.image.schema, "not": {"pattern": "@|^[^:]*$|:[^:]*/[^:]*$"}}
)
def tagged(node: Node) -> str:
    """Read the reference of an image that is pushed: with a tag, without a digest."""
    text = s.image(node)
    if "@" in text:
        raise s.InvalidValue("a digest can't be built, it comes of the build", _TAGGED, "remove what follows '@'")
    if ":" not in text.rpartition("/")[2]:
        raise s.InvalidValue(f"{text!r} has no tag", f"{_TAGGED}, such as registry.example/web:1", f"write {text}:TAG")
    return text


@s.reads(
    _FOLDER, {"type": "string", "anyOf": [s.whole_text(_GIT.pattern), {"minLength": 1, "not": {"pattern": "://"}}]}
)
def folder(node: Node) -> str:
    """Read a context: a folder, or a git URL with what of it is meant."""
    text = s.string(node)
    if is_git(text):
        url, _, rest = text.partition("#")
        revision, _, path = rest.partition(":")
        return _joined(url, revision, path)
    if not text or "://" in text:
        raise s.InvalidValue(f"{text!r} is no folder and no git URL", _FOLDER)
    return text


def _joined(git: str, revision: str = "", path: str = "") -> str:
    if revision and not _REVISION.fullmatch(revision):
        raise s.InvalidValue(f"{revision!r} is no revision", _A_REVISION)
    if path and (path.startswith("/") or ".." in path.split("/")):
        raise s.InvalidValue(f"{path!r} leads out of the repository", "a folder in it")
    return git + (f"#{revision}" if revision or path else "") + (f":{path}" if path else "")


@s.reads("a git URL, such as https://HOST/PATH.git", {**s.whole_text(_GIT.pattern), "not": {"pattern": "#"}})
def _git(node: Node) -> str:
    text = s.string(node)
    if not is_git(text) or "#" in text:
        raise s.InvalidValue(f"{without_password(text)!r} is no git URL", "such as https://HOST/PATH.git")
    return text


@s.reads("a folder in the repository", {"type": "string", "not": {"pattern": r"^/|(^|/)\.\.(/|$)"}})
def _inside(node: Node) -> str:
    text = s.string(node)
    _joined("", "", text)
    return text


def _secret(**keys: str) -> dict[str, str]:
    return keys


_KEYS: dict[str, Any] = {
    "image": tagged,
    "context": Short(
        PathOr(folder.read, folder.expected, folder.schema, is_git),
        Section(
            {"git": _git, "revision": s.matching(_REVISION, _A_REVISION), "path": _inside}, _joined, required=("git",)
        ),
    ),
    "dockerfile": s.string,
    "target": s.matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), "the name or number of a stage"),
    "args": Table(s.matching(re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "a variable's name"), s.string),
    "secrets": Table(
        s.matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), "a secret's id"),
        Section({"env": s.env_name, "file": s.path, "secret": s.dns_name, "key": _KEY}, _secret),
    ),
    "platforms": Many(s.matching(re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?"), "a platform such as linux/arm64")),
    "cache": Section(
        {
            "from": Many(s.matching(_CACHE, "an image, or type=…,KEY=VALUE", 4096)),
            "to": Many(s.matching(_CACHE, "an image, or type=…,KEY=VALUE", 4096)),
        }
    ),
    "labels": Table(s.string, s.string),
    "builder": s.one_of("auto", "docker", "buildkit", "buildah"),
    "host": s.matching(re.compile(r"(unix|tcp|ssh|docker-container|kube-pod|npipe)://\S+"), "such as tcp://HOST:1234"),
    "insecure": s.boolean,
    "credentials": s.dns_name,
}
OPTIONS = tuple(_KEYS)
BUILD = Section(_KEYS)
"""Reads the section, and a step's `with`, as the keys that are there."""
