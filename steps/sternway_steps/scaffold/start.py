"""What a configuration can begin with, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..config.manifest import Manifest

SCHEMA = "sternway.schema.json"
"""The file for the configuration's JSON Schema, which an editor's YAML server reads, beside the configuration."""


@dataclass(frozen=True)
class Manifests:
    """Objects in files. `patterns` names them in the configuration."""

    patterns: tuple[str, ...]
    objects: tuple[Manifest, ...]


@dataclass(frozen=True)
class Rendered:
    """A Helm chart or a kustomization in a folder."""

    what: str
    """What it is, with its folder."""
    name: str
    folder: str
    """As the configuration names it."""
    before: str = ""
    """What has to be done once before it can be rendered, "" for nothing."""
    hooks: bool = False
    """There are hooks that Helm would run."""
    is_chart: bool = False


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
