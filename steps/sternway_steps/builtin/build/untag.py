"""Removing a tag without deleting any image."""

from __future__ import annotations

import json
import time

from ...errors import Failed, Transient
from .registry import NOBODY, OCI_MANIFEST, Manifest, Registry, digest_of

_SETTLES = 5.0
"""Seconds that a tag has to go: so long other undos of the same run may point it to the empty image again."""
_POLL = 0.2


def throwaway(run: str, step: str) -> tuple[bytes, Manifest]:
    """Return an empty image that only this run and step can have made, and its config, always with the same bytes."""
    config = json.dumps({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}})
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(config.encode()),
            "size": len(config),
        },
        "layers": [],
        "annotations": {"dev.sternway.run": run, "dev.sternway.step": step},
    }
    return config.encode(), Manifest(OCI_MANIFEST, json.dumps(manifest).encode())


def untag(registry: Registry, now: Manifest | None, run: str, step: str) -> str:
    """Remove the reference's tag; return "" when it is gone, else why it can't be removed.

    Some registries delete a tag (OCI distribution 1.1 allows it), some only a manifest with all its tags, some neither.
    So the tag is first pointed to an empty image of our own: whatever the registry then deletes with it belongs to
    nobody. What the tag pointed to stays in the registry, for its garbage collection.

    Args:
        registry: of the tag.
        now: what the tag points to; restored when it turns out that the tag can't be deleted. None when the registry
            lists the tag, though it points to nothing.
        run: the run's id.
        step: the step's name.

    """
    does, why = registry.delete(NOBODY)
    if not does:
        return f"the registry deletes nothing: {why}"
    config, empty = throwaway(run, step)
    there = registry.manifest()  # once more: nobody can be kept from moving the tag meanwhile
    if there is not None and there.digest not in (now.digest if now else "", empty.digest):
        return f"somebody moved the tag meanwhile, to {there.digest}"
    if there is None and now is not None:
        return ""
    _point(registry, config, empty)
    gone, why = _delete(registry, config, empty)
    if gone:  # not looked at once more: another undo may point it to the empty image now, and removes it then
        return ""
    if now is None or now.digest == empty.digest:
        raise Failed(f"{registry.reference.text} points to an empty image, and can't be deleted: {why}")
    registry.put(now)
    return f"the registry does not let a tag go: {why or 'it says that it does'}"


def _delete(registry: Registry, config: bytes, empty: Manifest) -> tuple[bool, str]:
    """Delete the tag, or the empty image with all its tags, until it is gone; returns whether it is, and why not.

    Another undo of this run may point it to the empty image again. And CNCF's distribution 2 deletes a manifest first
    and its tags afterwards: when it can't read one tag of the repository, for somebody is just writing it, it answers
    with 500 and keeps the other in its list. That goes away when the manifest is stored and deleted again.
    """
    end = time.monotonic() + _SETTLES
    while True:
        does, why, busy = True, "", None
        try:
            does, why = registry.delete(registry.reference.tag)
            if not does:
                does, why = registry.delete(empty.digest)
        except Transient as error:  # what was answered of the tag says nothing of the image
            does, busy = True, error
        left = registry.manifest()
        if left is None and (busy is None or not registry.is_listed()):
            return True, ""
        if left is not None and (left.digest != empty.digest or not does):
            return left.digest != empty.digest, why
        if time.monotonic() > end:
            if busy is not None:
                raise busy
            return left is None, why
        if left is None:
            _point(registry, config, empty)
        time.sleep(_POLL)


def _point(registry: Registry, config: bytes, empty: Manifest) -> None:
    registry.upload(config)
    try:
        registry.put(empty)
    except Failed as bad:
        if "BLOB_UNKNOWN" in str(bad):  # its config was stored a moment ago: another undo is storing it again
            raise Transient(str(bad)) from bad
        raise
