"""Images by digest: the image that was built is deployed, wherever its tag points by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_digests(objects: list[dict[str, Any]], images: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return objects in which each image that is a key of `images` has its digest appended.

    Any key `image` counts, so that custom resources are covered. The tag stays in front of the digest, for people: a
    container runtime goes by the digest (github.com/distribution/reference, "NAME:TAG@DIGEST").

    Args:
        objects: Kubernetes objects; they are not changed.
        images: digests, such as sha256:0f…, by image reference, such as registry.example/web:1.

    """
    return [_walked(obj, images) for obj in objects] if images else objects


def _walked(value: Any, images: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_walked(item, images) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _named(key, below, images) for key, below in value.items()}


def _named(key: str, value: Any, images: Mapping[str, str]) -> Any:
    if key == "image" and isinstance(value, str):
        return f"{value}@{images[value]}" if value in images else value
    return _walked(value, images)
