"""Images by digest: the image that was built is deployed, wherever its tag points by then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .image_name import normalised


def with_digests(objects: list[dict[str, Any]], images: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return objects in which each image that is a key of `images` has its digest appended.

    Any key `image` counts, so that custom resources are covered. The tag stays in front of the digest, for people: a
    container runtime goes by the digest (github.com/distribution/reference, "NAME:TAG@DIGEST"). Names are compared as
    Docker reads them: web:1 is docker.io/library/web:1.

    Args:
        objects: Kubernetes objects; they are not changed.
        images: digests, such as sha256:0f…, by image reference, such as registry.example/web:1.

    """
    whole = {normalised(image): digest for image, digest in images.items()}
    return [_walked(obj, whole) for obj in objects] if whole else objects


def named_images(value: Any) -> Iterator[str]:
    """Yield what stands at any key `image` within a value, as it is written."""
    if isinstance(value, list):
        for item in value:
            yield from named_images(item)
    elif isinstance(value, dict):
        for key, below in value.items():
            if key == "image" and isinstance(below, str):
                yield below
            else:
                yield from named_images(below)


def _walked(value: Any, images: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_walked(item, images) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _named(key, below, images) for key, below in value.items()}


def _named(key: str, value: Any, images: Mapping[str, str]) -> Any:
    if key == "image" and isinstance(value, str):
        digest = images.get(normalised(value)) if value else None
        return f"{value}@{digest}" if digest else value
    return _walked(value, images)
