"""Credentials from a program that the kubeconfig names, as cloud providers have them.

Source: "client-go credential plugins", Kubernetes documentation. The loader of the `kubernetes` package continues
without credentials when such a program fails; here the program's own message ends the command.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import Refused
from .kubeconfig import Kubeconfig

_PATIENCE = 60.0
"""Seconds for a program that asks nobody anything."""
_EARLY = timedelta(seconds=30)
"""A token is fetched anew this long before it expires: a request takes as long at most."""
_WORDS = 2000


@dataclass(frozen=True)
class Credential:
    """What the program returned: a token, or a certificate with its key (PEM)."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has expired, or is about to."""
        return self.expires is not None and datetime.now(UTC) > self.expires - _EARLY


def fetch(config: Kubeconfig) -> Credential:
    """Run the program of the user's `exec` entry and return the credential; raise Refused with what it said."""
    spec = config.user.value["exec"]
    program = str(spec.get("command") or "")
    whose = f"the credential plugin {program} of {config.identity}"
    output = _run(spec, config, whose)
    try:
        answer = json.loads(output)
        status = dict(answer["status"])
        if answer["apiVersion"] != spec["apiVersion"]:
            raise Refused(f"{whose} answers in {answer['apiVersion']}, and {spec['apiVersion']} was asked for")
        expires = status.get("expirationTimestamp")
        credential = Credential(
            str(status.get("token") or ""),
            str(status.get("clientCertificateData") or ""),
            str(status.get("clientKeyData") or ""),
            datetime.fromisoformat(expires.replace("Z", "+00:00")) if expires else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{whose} did not answer with an ExecCredential: {type(error).__name__} in its output") from error
    if not credential.token and not (credential.certificate and credential.key):
        raise Refused(f"{whose} gave neither a token nor a certificate with its key")
    return credential


def _run(spec: Mapping[str, Any], config: Kubeconfig, whose: str) -> str:
    """Return what the program printed. On a terminal it may ask its user; elsewhere it has a time limit."""
    from ..process.run import answer  # most starts need no program

    asks = spec.get("interactiveMode") != "Never" and sys.stdin is not None and sys.stdin.isatty()
    if spec.get("interactiveMode") == "Always" and not asks:
        raise Refused(f"{whose} has to ask its user, and there is no terminal")
    command = _program(str(spec.get("command") or ""), config)
    try:
        words = [command, *map(str, spec.get("args") or [])]
        environ = _variables(spec, config, asks=asks)
        ended = answer(words, None if asks else _PATIENCE, environ=environ, terminal=asks)
    except TimeoutError as error:
        raise Refused(f"{whose} did not end in {_PATIENCE:.0f} s") from error
    except OSError as error:
        hint = str(spec.get("installHint") or "").strip()
        raise Refused(f"{whose} can't be run: {error.strerror}", remedy=hint or None) from error
    if ended.code:
        message = ended.err.strip()[-_WORDS:]
        raise Refused(f"{whose} failed with exit code {ended.code}" + (f": {message}" if message else ""))
    return ended.out


def _program(command: str, config: Kubeconfig) -> str:
    """Return the program's path: a relative one with a slash is relative to the kubeconfig, a bare name is in PATH."""
    return str(config.user.folder / command) if os.sep in command and not Path(command).is_absolute() else command


def _variables(spec: Mapping[str, Any], config: Kubeconfig, *, asks: bool) -> dict[str, str]:
    about: dict[str, Any] = {"interactive": asks}
    if spec.get("provideClusterInfo"):
        about["cluster"] = _cluster(config)
    info = {"apiVersion": spec.get("apiVersion"), "kind": "ExecCredential", "spec": about}
    named = {str(one["name"]): str(one["value"]) for one in spec.get("env") or []}
    return {**named, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _cluster(config: Kubeconfig) -> dict[str, Any]:
    entry = config.cluster.value
    about: dict[str, Any] = {"server": entry["server"]}
    if "certificate-authority-data" in entry:
        about["certificate-authority-data"] = entry["certificate-authority-data"]
    elif "certificate-authority" in entry:
        authority = (config.cluster.folder / entry["certificate-authority"]).read_bytes()
        about["certificate-authority-data"] = base64.b64encode(authority).decode()
    for extension in entry.get("extensions") or []:
        if extension["name"] == "client.authentication.k8s.io/exec":
            about["config"] = extension["extension"]
    return about
