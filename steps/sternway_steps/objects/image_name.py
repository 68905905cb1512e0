"""Image references as Docker reads them: the same image has one name, however short it is written."""

from __future__ import annotations

import ipaddress

HUB = "docker.io"


def split(image: str) -> tuple[str, str, str]:
    """Return host, repository, and what follows: ":TAG", "@DIGEST", both, or "".

    The first part is a host when it has a dot, a port or a capital, or is localhost; else the image is Docker Hub's,
    and of its library when it has one part only (github.com/distribution/reference, "ParseNormalizedNamed").
    """
    name, at, digest = image.partition("@")
    before, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    name = before + slash + last
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        first, rest = HUB, name
    if first in (HUB, f"index.{HUB}"):
        first, rest = HUB, rest if "/" in rest else f"library/{rest}"
    return first, rest, colon + tag + at + digest


def normalised(image: str) -> str:
    """Return the whole name: docker.io/library/web:latest of web."""
    host, repository, rest = split(image)
    return f"{host}/{repository}{rest or ':latest'}"


def is_on_this_machine(host: str) -> bool:
    """Return what Docker, containerd and others take for a registry without TLS: localhost and its addresses."""
    name = host.rpartition(":")[0] if ":" in host else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
