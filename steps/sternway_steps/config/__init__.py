"""The configuration, typed. Loading is in `load`; the types alone need no YAML."""

from __future__ import annotations

from ..yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from .build import BuildConfig
from .manifest import Manifest
from .program import as_manifests
from .schema import (
    Config,
    DeployConfig,
    Grace,
    HttpCheck,
    JournalConfig,
    StepConfig,
    VerifyConfig,
)

__all__ = [
    "BuildConfig", "Config", "ConfigError", "ConfigErrors", "DeployConfig", "Grace", "HttpCheck", "JournalConfig",
    "Manifest", "SourceLocation", "StepConfig", "VerifyConfig", "as_manifests",
]  # fmt: skip
