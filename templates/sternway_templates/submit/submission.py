"""A run that is to be submitted: the pipeline as it is configured, and the values that this one run changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO, cast

from sternway_steps.config import Config
from sternway_steps.config.object_sources import KEYS as RENDERED
from sternway_steps.errors import Refused
from sternway_steps.registry.load import load_with_source
from sternway_steps.yamltree.errors import ConfigError, ConfigErrors

from ..argo.pipeline import HASH, parameters, pipeline
from ..kubernetes.checks import NO_NAMESPACE
from ..kubernetes.served import NOT_ASKED, Served


@dataclass(frozen=True)
class Submission:
    """A run that is to be submitted.

    `config` is what this run's pods will read, with the values applied; `objects` are those of the pipeline without
    them, in the order in which they are applied; `values` are by Argo's names of the parameters.
    """

    config: Config
    namespace: str
    objects: tuple[dict[str, Any], ...]
    values: Mapping[str, str]

    @property
    def template(self) -> dict[str, Any]:
        """The WorkflowTemplate, as it has to be on the cluster."""
        return next(obj for obj in self.objects if obj["kind"] == "WorkflowTemplate")

    @property
    def digest(self) -> str:
        """The hash that identifies the WorkflowTemplate of this configuration."""
        return str(self.template["metadata"]["annotations"][HASH])


def read_submission(
    path: str,
    overrides: Sequence[str],
    environ: Mapping[str, str],
    stdin: TextIO,
    served: Callable[[Config], Served] = lambda _: NOT_ASKED,
) -> Submission:
    """Read the configuration, and check what is to be changed against it.

    `served` asks a cluster of the kinds that are not Kubernetes' own.

    Raises: ConfigErrors; Refused for a key that is no parameter of the pipeline, and for a value that is not allowed.
    """
    source = cast("TextIO", _ReadOnce(stdin))
    config, document = load_with_source(path, environ=environ, stdin=source)
    if config.namespace is None:  # the WorkflowTemplate may be applied anywhere, but a run is somewhere
        location = document.value["name"].location
        raise ConfigErrors([ConfigError(location, "namespace", NO_NAMESPACE[0], hint=NO_NAMESPACE[1])])
    objects = pipeline(config, document, served(config))
    parameters_ = parameters(config, document)
    values: dict[str, str] = {}
    for flag in overrides:
        key, equals, text = flag.partition("=")
        if equals:  # what sets nothing is named below, with all other mistakes of the configuration
            if key not in parameters_:
                raise _no_parameter(key, list(parameters_))
            _check_value(key, text, config.parameters[key].enum if key in config.parameters else ())
            values[str(parameters_[key].name)] = text
    changed = load_with_source(path, overrides=overrides, environ=environ, stdin=source)[0]
    return Submission(changed, config.namespace, tuple(objects.values()), values)


def _no_parameter(key: str, names: Sequence[str]) -> Refused:
    there = f"its parameters are {', '.join(names)}" if names else "it has none"
    remedy = f"name {key} under `parameters:` of the configuration, or change it there; then apply the template again"
    if key.partition(".")[0] in RENDERED:
        remedy = "what is rendered is rendered when the template is made: change the values; sternway submit --apply"
    return Refused(f"--set {key}: this is no parameter of the pipeline; {there}", remedy=remedy)


def _check_value(key: str, text: str, enum: Sequence[str]) -> None:
    if "{{" in text:
        raise Refused(f"--set {key}: Argo would read {text!r} as a tag of its own", remedy="give a value without {{")
    if enum and text not in enum:
        raise Refused(f"--set {key}: {text!r} is not among the values that it may have", remedy=", ".join(enum))


class _ReadOnce:
    """Standard input that can be read repeatedly; it is not touched before it is needed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text: str | None = None

    def read(self) -> str:
        if self._text is None:
            self._text = self._stream.read()
        return self._text
