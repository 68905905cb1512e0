"""Everything that can be checked before a build, all findings at once, each with its key and location."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ...config.build import BuildConfig
from ...errors import Failed, Refused, Transient
from ...existing import is_dir, is_file
from ...step import Context
from .buildah import Buildah
from .builder import Builder, Finding
from .buildkit import BuildKit
from .docker import Docker
from .keys import is_git, variable
from .reference import Reference
from .registry import Registry
from .source import unreachable

_PROGRAMS = {"docker": "docker", "buildkit": "buildctl", "buildah": "buildah"}
BUILDERS: Mapping[str, type[Builder]] = {"docker": Docker, "buildkit": BuildKit, "buildah": Buildah}


def config_of(context: Context) -> BuildConfig:
    """Return what this step builds; raise Refused when nobody says which image."""
    config = (context.config.build or BuildConfig()).laid_over(context.options)
    if not config.image:
        raise Refused(f"step {context.step} does not know which image to build", remedy="set build.image")
    return config


def checked(context: Context, config: BuildConfig) -> Builder:
    """Return the builder, when nothing speaks against the build.

    Raises: Refused with all that does, Transient when that can't be told now.
    """
    builder, found = _builder(config)
    found += [*_source(context, config), *_secrets(config)]
    try:
        found += _registry(context, config)
    except Transient:
        if not found:  # what is surely wrong is said whether the registry answers or not
            raise
    if found:
        raise Refused("\n".join(_placed(context, config, key, message) for key, message in found))
    assert builder is not None  # noqa: S101  else there is a finding
    return builder


def _placed(context: Context, config: BuildConfig, key: str, message: str) -> str:
    own = key in context.options
    location = config.places.get(f"{context.step}.{key}") if own else config.places.get(f"build.{key}")
    name = f"{context.step}.with.{key}" if own else f"build.{key}"
    return f"{location}: {name}: {message}" if location else f"{name}: {message}"


def _builder(config: BuildConfig) -> tuple[Builder | None, list[Finding]]:
    """Return the configured builder, else the first that is installed and answers."""
    if config.builder != "auto":
        program = _PROGRAMS[config.builder]
        if shutil.which(program) is None:
            return None, [("builder", f"{program} is not on PATH; install it, or name another builder")]
        builder = BUILDERS[config.builder]()
        return builder, builder.findings(config)
    order = ["docker", "buildah", "buildkit"]
    if os.environ.get("BUILDKIT_HOST"):
        order.insert(0, order.pop())
    there = [BUILDERS[name]() for name in order if shutil.which(_PROGRAMS[name])]
    if not there:
        return None, [
            ("builder", "there is no builder: docker, buildctl or buildah must be on PATH; install one of them")
        ]
    found: list[Finding] = []
    for builder in there:
        wrong = builder.findings(config)
        if not wrong:
            return builder, []
        found += wrong
    return None, found


def _source(context: Context, config: BuildConfig) -> list[Finding]:
    if is_git(config.context):
        if shutil.which("git") is None:
            return [("context", "git is not on PATH; install it")]
        wrong = unreachable(config.context, context.check)
        return [("context", wrong)] if wrong else []
    folder = Path(config.context)
    if not is_dir(folder):
        return [("context", f"there is no folder {folder}")]
    if not is_file(folder / config.dockerfile):
        near = sorted(path.name for path in folder.glob("*ockerfile*"))[:3]
        hint = f"; there is {', '.join(near)}" if near else ""
        return [("dockerfile", f"there is no file {folder / config.dockerfile}{hint}")]
    return []


def _secrets(config: BuildConfig) -> list[Finding]:
    found: list[Finding] = []
    for name, secret in config.secrets.items():
        if "file" in secret:
            if not os.access(secret["file"], os.R_OK):
                found.append(("secrets", f"{name}: the file {secret['file']} can't be read"))
        elif variable(name, secret) not in os.environ:
            found.append(("secrets", f"{name}: the variable {variable(name, secret)} is not set"))
    return found


def _registry(context: Context, config: BuildConfig) -> list[Finding]:
    registry = Registry(Reference.parse(str(config.image), config.insecure), context.check)
    try:
        registry.may_push()
    except Failed as bad:
        return [("image", f"{bad}; {bad.remedy}" if bad.remedy else str(bad))]
    return []
