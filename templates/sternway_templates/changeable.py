"""The keys of a configuration that can be changed when a run of it is started, on whatever runner."""

from __future__ import annotations

from sternway_steps.config import Config
from sternway_steps.config.argo import Parameter
from sternway_steps.yamltree.document import Node

_ALWAYS = {"image": "The image to deploy.", "replicas": "How many pods."}


def changeable(config: Config, document: Node) -> dict[str, Parameter]:
    """Return the keys by path with their descriptions: those that can always be changed, then `parameters`."""
    paths = [*(key for key in _ALWAYS if key in document.value), *config.parameters]
    return {path: _described(path, config.parameters.get(path, Parameter())) for path in paths}


def _described(path: str, parameter: Parameter) -> Parameter:
    return Parameter(parameter.description or _ALWAYS.get(path) or f"{path} of the configuration.", parameter.enum)
