"""The kubeconfig, the API server, who we are to it, and whether its clock is ours."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from ..errors import ClusterError, Refused
from ..kube.api_error import ApiError
from ..kube.client import Client
from ..kube.discovery import Resource
from .finding import Finding, good, warning, wrong

_PATIENCE = 10.0
"""Seconds for one answer: a person waits."""
_SKEW = 5.0
"""Seconds; the header tells no less than one."""
_LEAST = (1, 27)
"""The first Kubernetes whose validation of fields by the server is generally available."""
_MINOR = re.compile(r"\d+")


class ServerAway(Exception):
    """What comes after can't be asked."""


def kubeconfig(client: Client) -> Iterator[Finding]:
    """Tell whose credentials for which server; raises ServerAway when there are none."""
    try:
        access = client.transport.access
    except Refused as bad:
        yield wrong(
            "kubeconfig", bad.message, "without it no cluster is reached", bad.remedy or "see `kubectl config view`"
        )
        raise ServerAway from bad
    yield good("kubeconfig", f"{access.identity}: {access.shown}, namespace {access.namespace}")


def server(client: Client, clock: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Ask for version, time and rights of any kind; raises ServerAway when it does not answer, or not to us."""
    began = clock()
    try:
        _, headers, body = client.transport.request("GET", "/version", timeout=_PATIENCE)
        ended = clock()
        _require_known(client)
    except (Refused, ClusterError) as error:
        known = isinstance(error, ApiError) and error.unauthorized
        what = f"the API server does not take our credentials: {error}" if known else f"{error}"
        remedy = "log in again" if known else "see whether the server is up, and the way to it (VPN, proxy, NO_PROXY)"
        yield wrong(
            "server", what, "nothing can be deployed, and nothing undone", getattr(error, "remedy", None) or remedy
        )
        raise ServerAway from error
    yield from _version(json.loads(body), ended - began)
    yield from _clock(headers.get("Date"), began, ended)


def _require_known(client: Client) -> None:
    """Ask for any right: /version is told to anybody, a review is not."""
    client.can_i("get", Resource("v1", "", "secrets", True, ()), client.namespace)


def _version(found: dict[str, str], seconds: float) -> Iterator[Finding]:
    text = str(found.get("gitVersion") or "of an unknown version")
    numbers = [_MINOR.match(str(found.get(part, ""))) for part in ("major", "minor")]
    if all(numbers) and tuple(int(match[0]) for match in numbers if match) < _LEAST:
        why = "it may not check the names of fields when something is applied"
        yield warning("server", f"Kubernetes {text} is old", why, f"upgrade to {'.'.join(map(str, _LEAST))} or later")
        return
    yield good("server", f"Kubernetes {text} answers in {seconds * 1000:.0f} ms")


def _clock(date: str | None, began: float, ended: float) -> Iterator[Finding]:
    try:
        told = parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return
    # The header is cut to the second, and was written at some time between question and answer.
    ahead = max(began - (told + 1), told - ended, 0.0) * (1 if told > ended else -1)
    if abs(ahead) > _SKEW:
        which = "behind" if ahead > 0 else "ahead of"
        yield warning(
            "clock",
            f"this machine's clock is {abs(ahead):.0f} s {which} the API server's",
            "runs of several machines are put in the wrong order, and tokens and certificates count as expired, or not "
            "yet valid",
            "set it by NTP: timedatectl set-ntp true",
        )
        return
    yield good("clock", "this machine's clock and the API server's agree")
