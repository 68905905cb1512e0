"""The variables that Kubernetes makes for each Service of a namespace, in every pod: nobody set them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HOST = "_SERVICE_HOST"
_OF_A_SERVICE = re.compile(r"_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
_URL = re.compile(r"(tcp|udp|sctp)://.*")


def without_service_links(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those of Services (pkg/kubelet/envvars), such as STERNWAY_WEB_PORT of sternway-web."""
    named = [name.removesuffix(_HOST) for name in environ if name.endswith(_HOST)]
    services = [each for each in named if _URL.fullmatch(environ.get(f"{each}_PORT", ""))]  # the kubelet makes both
    return {name: text for name, text in environ.items() if not any(_is_of(each, name, text) for each in services)}


def _is_of(service: str, name: str, text: str) -> bool:
    rest = name.removeprefix(service) if name.startswith(service) else ""
    return bool(_OF_A_SERVICE.fullmatch(rest) or (rest == "_PORT" and _URL.fullmatch(text)))
