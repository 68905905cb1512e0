"""An image reference, taken apart as a registry needs it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_HUB = "docker.io"


@dataclass(frozen=True)
class Reference:
    """HOST/REPOSITORY:TAG. `plain`: the registry speaks plain HTTP."""

    text: str
    host: str
    repository: str
    tag: str
    plain: bool = False

    @staticmethod
    def parse(image: str, insecure: bool = False) -> Reference:
        """Read a reference with a tag; a name without a host is Docker Hub's (github.com/distribution/reference)."""
        name, _, tag = image.rpartition(":")
        first, slash, rest = name.partition("/")
        if not slash or not ("." in first or ":" in first or first == "localhost"):
            first, rest = _HUB, name if slash else f"library/{name}"
        return Reference(image, first, rest, tag, insecure or _on_this_machine(first))

    @property
    def name(self) -> str:
        """The image without its tag, as builders take it."""
        return self.text.rpartition(":")[0]

    @property
    def url(self) -> str:
        """Where the registry's API serves this repository."""
        host = "registry-1.docker.io" if self.host == _HUB else self.host
        return f"{'http' if self.plain else 'https'}://{host}/v2/{self.repository}"


def _on_this_machine(host: str) -> bool:
    """Return what Docker, containerd and others take for a registry without TLS: localhost and its addresses."""
    name = host.rpartition(":")[0] if ":" in host else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
