"""The objects to deploy when a program passes them, in place of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..kube.typed import to_data
from ..yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from ..yamltree.scalars import A_LABEL, is_label
from .manifest import Manifest, objects_in, twice
from .schema import Config


def with_data(config: Config) -> Config:
    """Return a config whose `manifests` and `hooks` are data only, where a program may have passed typed objects.

    Raises: ConfigErrors, with every finding.
    """
    require_names(config)
    if all(isinstance(each, Manifest) for each in (*config.manifests, *config.hooks)):
        return config
    return replace(config, manifests=as_manifests(config.manifests), hooks=as_manifests(config.hooks, "hooks"))


def require_names(config: Config) -> None:
    """Refuse names that a file could not give either: they are parts of labels and of objects' names.

    Raises: ConfigErrors, with every finding.
    """
    groups = [step if isinstance(step, tuple) else (step,) for step in config.steps]
    names = {"name": config.name, "namespace": config.namespace or None, "journal.namespace": config.journal.namespace}
    names |= {f"steps[{n}].name": step.name for n, step in enumerate(step for group in groups for step in group)}
    bad = {field: name for field, name in names.items() if name is not None and not is_label(name)}
    if bad:
        where = SourceLocation("Config")
        raise ConfigErrors(ConfigError(where, field, f"{name!r} is not valid", A_LABEL) for field, name in bad.items())


def as_manifests(objects: Iterable[object], field: str = "manifests") -> tuple[Manifest, ...]:
    """Return manifests for the objects of a program: data, or typed objects of the `kubernetes` package.

    What is a Manifest already is returned as it is; all others are checked as those of a file are, and a list of
    objects (a V1DeploymentList, say) is its items.

    Raises: ConfigErrors, with every finding.
    """
    found: list[Manifest] = []
    errors: list[ConfigError] = []
    for number, obj in enumerate(objects):
        location = SourceLocation(f"{field}[{number}]")
        if isinstance(obj, Manifest):
            found.append(obj)
            continue
        wrong: list[ConfigError] = []
        try:
            found += objects_in(to_data(obj), location, lambda _, whole: whole, wrong)
        except TypeError as error:
            wrong.append(ConfigError(location, "", str(error)))
        errors += wrong if isinstance(obj, dict) else map(_typed, wrong)
    errors += (
        ConfigError(SourceLocation(bad.source), "", message, hint="remove one of the two")
        for bad, message in twice(found)
    )
    if errors:
        raise ConfigErrors(errors)
    return tuple(found)


def _typed(error: ConfigError) -> ConfigError:
    """Return a finding about a typed object with the hint that apiVersion and kind have to be set."""
    if error.field not in ("apiVersion", "kind"):
        return error
    return replace(error, hint='the types have no default: V1Deployment(api_version="apps/v1", kind="Deployment", …)')
