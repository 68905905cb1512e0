"""The interface that Docker, BuildKit and buildah share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...config.build import BuildConfig
from ...process.client_variables import is_of_client
from ...process.run import Ran, run
from .failure import explain
from .keys import variable
from .reference import Reference
from .source import Source

_MOST = 1_048_576
"""Bytes of a secret; BuildKit takes 500 KiB (session/secrets, MaxSecretSize)."""
Finding = tuple[str, str]
"""A key of the section, and what is wrong with it."""


@dataclass(frozen=True)
class Work:
    """One image to build: all that a builder is given. `scratch` is a folder for its own files.

    `staging` is the tag of the repository under which it is pushed by who can't push without one; `reference`'s own
    tag is moved afterwards, and not by the builder.
    """

    config: BuildConfig
    reference: Reference
    source: Source
    scratch: Path
    check: Callable[[], None]
    say: Callable[[str], None]
    staging: Reference

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile, which is named relative to the context."""
        return self.source.folder / self.config.dockerfile

    @property
    def labels(self) -> Mapping[str, str]:
        """The image's labels; the commit is one of them (OCI image specification, "Annotations")."""
        commit = {"org.opencontainers.image.revision": self.source.revision} if self.source.revision else {}
        return {**commit, **self.config.labels}

    def secrets(self) -> list[str]:
        """Return the secrets as --secret takes them; their values are in no argument."""
        return [
            f"id={name},src={secret['file']}" if "file" in secret else f"id={name},env={variable(name, secret)}"
            for name, secret in self.config.secrets.items()
        ]

    def run(self, command: Sequence[str], doing: str, environ: Mapping[str, str] | None = None) -> Ran:
        """Run the builder's program; raises Failed or Transient when it fails, with the cause."""
        done = run(command, self.check, self.say, environ=environ, hide=self._hidden())
        if done.code:
            text = self.dockerfile.read_text(errors="replace")
            raise explain(done.tail, text, self.config.dockerfile, doing=doing, host=self.reference.host)
        return done

    def _hidden(self) -> tuple[str | bytes, ...]:
        secrets = self.config.secrets.items()
        return tuple(
            _content(Path(secret["file"])) if "file" in secret else os.environ.get(variable(name, secret), "")
            for name, secret in secrets
        )


@dataclass(frozen=True)
class Built:
    """An image that no tag of the registry points to yet. `ids` are the digests of the configs of its platforms.

    `digest` is set when its manifest is in the registry already: then moving the tag is all that is left.
    """

    ids: tuple[str, ...]
    digest: str | None = None


class Builder(Protocol):
    """Builds and pushes by a program. `stages`: it pushes under a tag, which somebody has to remove again."""

    name: str
    stages: bool

    def findings(self, config: BuildConfig) -> list[Finding]:
        """Return what stands in the way: the program, its daemon, what it can't do; without changing anything."""

    def build(self, work: Work) -> Built:
        """Build; no tag of the registry moves. Raises Failed, Transient, Stopped."""

    def push(self, work: Work, built: Built) -> str:
        """Push under the tag `staging`, or without any; returns the digest that the builder names.

        Raises: Failed, Transient, Stopped.
        """

    def forget(self, config: BuildConfig, name: str) -> None:
        """Remove a name that an image was given to be pushed, if it has it; the image stays, as what was built does."""


def args_words(args: Mapping[str, str]) -> list[str]:
    """Return build arguments for docker and buildah, which take them from their environment: others may read words."""
    return [w for key, value in args.items() for w in ("--build-arg", f"{key}={value}" if is_of_client(key) else key)]


def args_environ(args: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that such arguments are taken from."""
    return {key: value for key, value in args.items() if not is_of_client(key)}


def flags(name: str, values: Mapping[str, str]) -> list[str]:
    """Return a mapping as an option that is repeated."""
    return [word for key, value in values.items() for word in (name, f"{key}={value}")]


def each(name: str, values: Sequence[str]) -> list[str]:
    """Return values as an option that is repeated."""
    return [word for value in values for word in (name, value)]


def _content(path: Path) -> bytes:
    """Return as much of a file as BuildKit takes for a secret, and more."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST)
    except OSError:
        return b""
