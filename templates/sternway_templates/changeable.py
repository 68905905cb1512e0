"""The keys of a configuration that can be changed when a run of it is started, wherever it runs."""

from __future__ import annotations

from sternway_steps.config import Config
from sternway_steps.config.argo import Parameter
from sternway_steps.yamltree.document import Node

_ALWAYS = {"image": "The image to deploy.", "replicas": "How many pods."}


def changeable(config: Config, document: Node) -> dict[str, Parameter]:
    """Give them by path, each with a description: those that always can be changed, then what `parameters` names."""
    paths = [*(key for key in _ALWAYS if key in document.value), *config.parameters]
    return {path: _described(path, config.parameters.get(path, Parameter())) for path in paths}


def _described(path: str, asked: Parameter) -> Parameter:
    return Parameter(asked.description or _ALWAYS.get(path) or f"{path} of the configuration.", asked.enum)
