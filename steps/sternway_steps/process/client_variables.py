"""Which variables say how docker, podman or buildah works itself: these can't be handed on by name alone."""

from __future__ import annotations

_OF_THE_CLIENT = ("DOCKER_", "CONTAINER", "PODMAN_", "BUILDAH_", "BUILDX_", "BUILDKIT_", "XDG_", "LD_", "GODEBUG")


def is_of_client(name: str) -> bool:
    """Return whether a variable says how the client works, so that it must not meet the client's own."""
    return name in ("PATH", "HOME", "TMPDIR") or name.upper().startswith(_OF_THE_CLIENT) or "proxy" in name.lower()
