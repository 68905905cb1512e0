"""The section `build`, typed: how an image is made and where it goes. The build step reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..plain_text import without_password


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
    """The address of the daemon of `docker` or `buildkit`, as in DOCKER_HOST or BUILDKIT_HOST."""
    insecure: bool = False
    """Whether the image's registry speaks plain HTTP; one on this machine does by default."""
    credentials: str | None = None
    """On Argo, the Secret (kubernetes.io/dockerconfigjson) with the registry's credentials."""
    places: Mapping[str, str] = field(default_factory=dict)

    def laid_over(self, options: Mapping[str, Any]) -> BuildConfig:
        """Return the build config of one step, whose own keys override the section's."""
        return replace(self, **options)


def safe(build: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section, or a step's keys, without what must not be stored; an undo needs no context."""
    return {**build, "context": without_password(build["context"])} if "context" in build else dict(build)
