"""The keys of the section `build` and of a build step's `with`, and how each value is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...config.build import BuildConfig
from ...config.option_reader import PathOr
from ...plain_text import without_password
from ...yamltree import scalars as s
from ...yamltree.document import Node
from ...yamltree.reader import Key, Many, Section, Short, Table

_GIT = re.compile(r"(https?|ssh|git|file)://\S+|[a-zA-Z0-9_.-]+@[a-zA-Z0-9_.-]+:\S+")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/@{}^~+-]*")
_A_REVISION = "a branch, a tag or a commit's whole hash"
_TAGGED = "an image with a tag"
_FOLDER = "a folder, or https://HOST/PATH.git#REVISION:FOLDER"
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


_GIT_CONTEXT = Section(
    {
        "git": Key(_git, "The repository."),
        "revision": Key(s.matching(_REVISION, _A_REVISION), "What of it is built; by default its default branch."),
        "path": Key(_inside, "The folder in it."),
    },
    _joined,
    required=("git",),
)
_SECRET = Section(
    {
        "env": Key(s.env_name, "A variable that holds it."),
        "file": Key(s.path, "A file that holds it."),
        "secret": Key(s.dns_name, "On Argo, the Secret that its variable comes from."),
        "key": Key(s.secret_key, "The key of that Secret."),
    },
    _secret,
)
_CACHES = Many(s.matching(_CACHE, "an image, or type=…,KEY=VALUE", 4096))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEYS: dict[str, Any] = {
    "image": Key(tagged, "What is built; by default `image` at the top."),
    "context": Key(
        Short(PathOr(folder.read, folder.expected, folder.schema, is_git), _GIT_CONTEXT),
        "The folder or git repository that is built; by default the file's folder.",
        examples=("api", "https://git.example/web.git#main:api"),
    ),
    "dockerfile": Key(s.string, "The Dockerfile, below the context.", BuildConfig.dockerfile),
    "target": Key(s.matching(_NAME, "the name or number of a stage"), "The stage that is built; by default the last."),
    "args": Key(
        Table(s.matching(re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "a variable's name"), s.string),
        "The Dockerfile's arguments.",
        examples=({"VERSION": "1.4.2"},),
    ),
    "secrets": Key(
        Table(s.matching(_NAME, "a secret's id"), _SECRET),
        "Secrets that the Dockerfile mounts, by their ids. They are in no argument, no log and no journal.",
        examples=({"npm": {"env": "NPM_TOKEN"}},),
    ),
    "platforms": Key(
        Many(s.matching(re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?"), "a platform such as linux/arm64")),
        "The platforms that it is built for; by default the builder's.",
        examples=(["linux/amd64", "linux/arm64"],),
    ),
    "cache": Key(
        Section(
            {
                "from": Key(_CACHES, "Where it is read from."),
                "to": Key(_CACHES, "Where it is written to."),
            }
        ),
        "Caches, each an image, or `type=…,KEY=VALUE` of BuildKit.",
    ),
    "labels": Key(Table(s.string, s.string), "Labels of the image."),
    "builder": Key(
        s.one_of("auto", "docker", "buildkit", "buildah"),
        "What builds it; `auto` takes the first that answers.",
        BuildConfig.builder,
    ),
    "host": Key(
        s.matching(re.compile(r"(unix|tcp|ssh|docker-container|kube-pod|npipe)://\S+"), "such as tcp://HOST:1234"),
        "The address of the daemon of `docker` or `buildkit`, as in DOCKER_HOST or BUILDKIT_HOST.",
    ),
    "insecure": Key(
        s.boolean, "The image's registry speaks plain HTTP; one on this machine does by default.", BuildConfig.insecure
    ),
    "credentials": Key(
        s.dns_name, "On Argo, the Secret (kubernetes.io/dockerconfigjson) with the registry's credentials."
    ),
}
OPTIONS = tuple(_KEYS)
BUILD = Section(_KEYS)
"""Reads the section, and a step's `with`, as the keys that are there."""
