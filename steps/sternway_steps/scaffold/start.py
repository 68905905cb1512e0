"""What a configuration can begin with, as data."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ..config.manifest import Manifest

SCHEMA = "sternway.schema.json"
"""The file for the configuration's JSON Schema, which an editor's YAML server reads, beside the configuration."""
RENDERED = "rendered.yaml"
"""The file for what a chart or a kustomization renders, beside the configuration."""


@dataclass(frozen=True)
class Manifests:
    """Objects in files. `patterns` names them in the configuration."""

    patterns: tuple[str, ...]
    objects: tuple[Manifest, ...]


@dataclass(frozen=True)
class Rendered:
    """A Helm chart or a kustomization, of which `command` prints the objects."""

    what: str
    """What it is, with its folder."""
    name: str
    command: str
    before: str = ""
    """What has to be done once before the command works, "" for nothing."""
    hooks: bool = False
    """There are hooks that Helm would run."""
    takes_namespace: bool = False

    def rendering(self, namespace: str) -> str:
        """Return the command that writes RENDERED."""
        option = f" --namespace {shlex.quote(namespace)}" if namespace and self.takes_namespace else ""
        return f"{self.command}{option} > {RENDERED}"


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile: `context` and `file` as the section `build` names them, and the port that it exposes."""

    context: str
    file: str
    port: int | None = None


@dataclass(frozen=True)
class Start:
    """What was found: something to deploy, or None; and what builds an image of it."""

    deploys: Manifests | Rendered | None
    builds: Dockerfile | None
    folder: str
    """The name of the folder that was looked at."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Files that look like manifests and are not listed, each with why."""
