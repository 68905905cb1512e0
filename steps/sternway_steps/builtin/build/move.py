"""Moving a tag: last, by one request, when it still points to what the journal says, and read again afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...errors import Failed, Transient
from .builder import Built
from .record import PushRecord
from .registry import MOVES, Manifest, Registry

_TRIES = 5


@dataclass(frozen=True)
class Move:
    """Moves the tag of `registry`'s reference. `require_lease` is the context's."""

    registry: Registry
    record: PushRecord
    require_lease: Callable[[str, float], None]
    say: Callable[[str], None]

    def to(self, manifest: Manifest) -> Manifest | None:
        """Point the tag to a manifest that the registry has; returns what it pointed to before.

        No registry compares and moves at once (OCI distribution 1.1): who moves it between our last look and our
        request is not seen, but by whom we overtake, for all read it again.

        Raises: Failed when it points elsewhere afterwards, or the registry refuses; Transient.
        """
        registry, text = self.registry, self.registry.reference.text
        for _ in range(_TRIES):
            before = self.look(manifest.digest, moving=True)
            now = registry.manifest()
            if _digest(now) == _digest(before):
                break
            self.record.intent(manifest.digest, now, self._images(now), moving=False)
            self.say(f"{text} was moved meanwhile, to {_digest(now)}")
        else:
            raise Transient(f"{text} is moved by others again and again", remedy="give each pipeline a tag of its own")
        if _digest(before) != manifest.digest:
            self._put(manifest, before)
        self.record.evidence(manifest.digest)
        there = _digest(registry.manifest())
        if there != manifest.digest:
            raise Failed(
                f"{text} points to {there}, and not to {manifest.digest} that was pushed: somebody else moved it"
            )
        return before

    def look(self, digest: str | None, *, moving: bool = False, pushing: bool = False) -> Manifest | None:
        """Read what the tag points to, and record it, and what comes next; `digest` is of what was built, if known."""
        before = self.registry.manifest()
        moves = moving and _digest(before) != digest
        self.record.intent(digest, before, self._images(before), moving=moves, pushing=pushing)
        return before

    def _put(self, manifest: Manifest, before: Manifest | None) -> None:
        self.require_lease(f"moving {self.registry.reference.text}", MOVES)
        try:
            self.registry.put(manifest)
        except Failed:  # it is an answer, so nothing is under way
            self.record.intent(manifest.digest, before, self._images(before), moving=False)
            raise

    def _images(self, manifest: Manifest | None) -> frozenset[str]:
        return self.registry.images(manifest) if manifest is not None else frozenset()


def verified(registry: Registry, digest: str, built: Built) -> Manifest:
    """Return what has a digest, if it is what was built.

    An engine whose images are named by their manifests (containerd's) gives the digest itself as their id.

    Raises: Transient when it is not: somebody gave our name to another image.
    """
    manifest = registry.manifest(digest)
    name = f"{registry.reference.name}@{digest}"
    if manifest is None or manifest.digest != digest:
        raise Failed(f"push: {name} is not in the registry, though the builder says that it pushed it")
    images = registry.images(manifest)
    if built.digest is None and digest not in built.ids and images != frozenset(built.ids):
        raise Transient(f"push: {name} is {', '.join(sorted(images))}, and {', '.join(built.ids)} was built")
    return manifest


def _digest(manifest: Manifest | None) -> str:
    return manifest.digest if manifest is not None else "nothing"
