"""How an image is made and where it goes: the section `build`, and the same keys in a build step's `with`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Many, Section, Short, Table

_GIT = re.compile(r"(https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/@{}^~+-]*")
_KEY = s.matching(re.compile(r"[-._a-zA-Z0-9]+"), "a key of a Secret: letters, digits, '-', '_' and '.'")
_CACHE = re.compile(r"[^\s,=]+|type=[^\s=,]+(,[^\s=,]+=[^\s,]+)*")


@dataclass(frozen=True)
class BuildConfig:
    """What is built. Its fields are the file's keys; `places` says where they stand, by `build.KEY` or `STEP.KEY`.

    `context` is a folder (absolute once the file is read) or a git URL, URL#REVISION:PATH. A secret is read from a
    variable (`env`) or a `file`; on Argo its variable comes from `key` of the Kubernetes Secret `secret`.
    """

    image: str | None = None
    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    cache: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    builder: str = "auto"
    host: str | None = None
    """Where the daemon of `docker` or `buildkit` is, as in DOCKER_HOST or BUILDKIT_HOST."""
    insecure: bool = False
    """The image's registry speaks plain HTTP; one on this machine does by the usual rule."""
    credentials: str | None = None
    """On Argo, the Secret (kubernetes.io/dockerconfigjson) with the registry's credentials."""
    places: Mapping[str, str] = field(default_factory=dict)

    def laid_over(self, options: Mapping[str, Any]) -> BuildConfig:
        """Give what one step builds: its own keys win."""
        return replace(self, **options)


def is_git(context: str) -> bool:
    """Tell a git URL from a folder."""
    return bool(_GIT.fullmatch(context))


def without_password(url: str) -> str:
    """Take user and password out of a URL."""
    return _PASSWORD.sub("***", url)


def variable(name: str, secret: Mapping[str, str]) -> str:
    """Name the variable that a secret comes from: its own, or one with the secret's id for a name."""
    return secret.get("env") or name.replace("-", "_").replace(".", "_")


def safe(build: Mapping[str, Any]) -> dict[str, Any]:
    """Give a section, or a step's keys, as they may be written down; an undo needs no context."""
    return {**build, "context": without_password(build["context"])} if "context" in build else dict(build)


def tagged(node: Node) -> str:
    """Read the reference of an image that is pushed: with a tag, without a digest."""
    text = s.image(node)
    if "@" in text:
        raise s.Bad("a digest can't be built, it comes of the build", "an image with a tag", "remove what follows '@'")
    if ":" not in text.rpartition("/")[2]:
        raise s.Bad(f"{text!r} has no tag", "an image with a tag, such as registry.example/web:1", f"write {text}:TAG")
    return text


def folder(node: Node) -> str:
    """Read a context: a folder, or a git URL with what of it is meant."""
    text = s.string(node)
    if is_git(text):
        url, _, rest = text.partition("#")
        revision, _, path = rest.partition(":")
        return _joined(url, revision, path)
    if not text or "://" in text:
        raise s.Bad(f"{text!r} is no folder and no git URL", "a folder, or https://HOST/PATH.git#REVISION:FOLDER")
    return text


def _joined(git: str, revision: str = "", path: str = "") -> str:
    expected = "a branch, a tag or a commit's whole hash"
    if revision and not _REVISION.fullmatch(revision):
        raise s.Bad(f"{revision!r} is no revision", expected)
    if path and (path.startswith("/") or ".." in path.split("/")):
        raise s.Bad(f"{path!r} leads out of the repository", "a folder in it")
    return git + (f"#{revision}" if revision or path else "") + (f":{path}" if path else "")


def _git(node: Node) -> str:
    text = s.string(node)
    if not is_git(text) or "#" in text:
        raise s.Bad(f"{without_password(text)!r} is no git URL", "such as https://HOST/PATH.git")
    return text


def _revision(node: Node) -> str:
    return s.matching(_REVISION, "a branch, a tag or a commit's whole hash")(node)


def _inside(node: Node) -> str:
    text = s.string(node)
    _joined("", "", text)
    return text


def _secret(**keys: str) -> dict[str, str]:
    return keys


_KEYS: dict[str, Any] = {
    "image": tagged,
    "context": Short(
        folder, Section({"git": _git, "revision": _revision, "path": _inside}, _joined, required=("git",))
    ),
    "dockerfile": s.string,
    "target": s.matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), "the name or number of a stage"),
    "args": Table(s.matching(re.compile(r"[A-Za-z_]\w*"), "a variable's name"), s.string),
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
