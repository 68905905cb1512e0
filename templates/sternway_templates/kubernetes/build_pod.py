"""What a build step's pod needs beyond others: secrets as variables, the registry's credentials as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sternway_steps.builtin.build.keys import is_git, variable
from sternway_steps.config import BuildConfig, Config
from sternway_steps.plain_text import without_password
from sternway_steps.saga.plan import PlannedStep
from sternway_steps.step import Action
from sternway_steps.yamltree.errors import ConfigError, SourceLocation

BUILD = "build"
_FOLDER = "/docker"


@dataclass
class PodParts:
    """Parts of a pod spec."""

    env: list[dict[str, Any]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    volumes: list[dict[str, Any]] = field(default_factory=list)


def pod_parts(config: Config, steps: Iterable[PlannedStep], actions: Iterable[Action]) -> PodParts:
    """Return what the builds among the steps need; a rollback asks the registry, and builds nothing."""
    parts, names = PodParts(), dict[str, None]()
    for _, build in _builds(config, steps):
        if Action.EXECUTE in actions:
            for name, secret in build.secrets.items():
                source = {"secretKeyRef": {"name": secret.get("secret"), "key": secret.get("key")}}
                parts.env.append({"name": variable(name, secret), "valueFrom": source})
        if build.credentials:
            names[build.credentials] = None
    for name in names:
        # Docker's file has one place: a CronJob's pod, which runs all steps, takes one Secret (see findings).
        items = [{"key": ".dockerconfigjson", "path": "config.json"}]
        parts.env.append({"name": "DOCKER_CONFIG", "value": _FOLDER})
        parts.mounts.append({"name": "docker", "mountPath": _FOLDER, "readOnly": True})
        parts.volumes.append({"name": "docker", "secret": {"secretName": name, "items": items}})
    return parts


def findings(config: Config, steps: Iterable[PlannedStep], *, one_pod: bool) -> list[ConfigError]:
    """Return what no pod can build: what only this machine has, and what must not stand in a ConfigMap."""
    return list(_findings(config, list(steps), one_pod=one_pod))


def _findings(config: Config, steps: list[PlannedStep], *, one_pod: bool) -> Iterator[ConfigError]:
    seen: dict[str, BuildConfig] = {}
    secrets: dict[str, tuple[str | None, str | None]] = {}
    for step, build in _builds(config, steps):

        def finding(key: str, message: str, hint: str, step: PlannedStep = step) -> ConfigError:
            own = key in step.options
            name = f"{step.name if own else BUILD}.{key}"
            file, line, column = (config.build or BuildConfig()).places.get(name, "::").rsplit(":", 2)
            location = SourceLocation(file, int(line), int(column)) if line else SourceLocation(file or "build")
            return ConfigError(location, f"{step.name}.with.{key}" if own else name, message, hint=hint)

        if not is_git(build.context):
            yield finding(
                "context", "a pod has no folder of this machine", "name a git URL: https://HOST/X.git#REVISION"
            )
        elif without_password(build.context) != build.context and not build.context.startswith("ssh://"):
            hint = "a repository that anyone may read, or one that the pod's network lets it read"
            yield finding("context", "the URL's password would stand in a ConfigMap", hint)
        for name, secret in build.secrets.items():
            source = (secret.get("secret"), secret.get("key"))
            if source[0] is None:
                hint = f"{{env: {variable(name, secret)}, secret: NAME, key: KEY}} takes it from a Secret"
                yield finding("secrets", f"{name}: a pod has no variables and files of this machine", hint)
            elif one_pod and secrets.setdefault(variable(name, secret), source) != source:
                hint = "give it another one: {env: VARIABLE, secret: NAME, key: KEY}"
                yield finding("secrets", f"{name}: another build takes {variable(name, secret)} from elsewhere", hint)
        other = next(
            (b for b in seen.values() if b.credentials and build.credentials not in (None, b.credentials)), None
        )
        if one_pod and other is not None:
            hint = "put both logins into one Secret"
            yield finding("credentials", f"the pod that runs all steps has those of {other.credentials} already", hint)
        seen[step.name] = build


def _builds(config: Config, steps: Iterable[PlannedStep]) -> Iterator[tuple[PlannedStep, BuildConfig]]:
    for step in steps:
        if step.spec.name == BUILD:
            yield step, (config.build or BuildConfig()).laid_over(step.options)
