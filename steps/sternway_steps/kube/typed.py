"""Typed objects of the `kubernetes` package (V1Deployment and the like), from and to the data that the server takes.

The package is loaded only when there is something typed: its import takes longer than a short step.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

_GROUPS = ("", "apps", "autoscaling", "batch", "policy")
"""The built-in API groups whose names have no dot; all others end in this."""
_SUFFIX = ".k8s.io"


def to_data(obj: object) -> Any:
    """Return an object as JSON data of its own: one that is data already, a typed one, or data with typed parts.

    Raises: TypeError for what is neither.
    """
    if _is_data(obj):
        return deepcopy(obj)
    from kubernetes.client import ApiClient

    try:
        with ApiClient() as client:
            data = client.sanitize_for_serialization(obj)
    except (AttributeError, TypeError, ValueError) as error:
        raise TypeError(f"{type(obj).__name__} is neither data nor a typed object of the kubernetes package") from error
    return data


def to_typed(data: Mapping[str, Any]) -> Any:
    """Return an object as the package's type for it; as the data itself where the package has none.

    It has none for custom resources, and for a kind that is newer or older than the package.
    """
    from kubernetes import client

    group, _, version = str(data.get("apiVersion")).rpartition("/")
    name = f"{version.capitalize()}{data.get('kind')}"
    if not (group in _GROUPS or group.endswith(_SUFFIX)) or name not in client.__all__:
        return data
    return getattr(client, name).from_dict(dict(data))


def _is_data(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) for key in value) and all(map(_is_data, value.values()))
    if isinstance(value, list):
        return all(map(_is_data, value))
    return value is None or isinstance(value, str | int | float | bool)
