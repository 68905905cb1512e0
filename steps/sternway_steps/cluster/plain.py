"""Kubeconfigs that hold all they need: a server, a CA, a certificate or a token.

The `kubernetes` package reads every kubeconfig, and its import alone takes most of a short step's time (measured:
150 ms of 350 ms). What is plain is read here; everything else (exec plugins, OIDC, proxies, several files) is left to
it, and so are all errors.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .access import Access

if TYPE_CHECKING:
    import urllib3

_CLUSTER = {"server", "certificate-authority", "certificate-authority-data"}
_USER = {"token", "client-certificate", "client-certificate-data", "client-key", "client-key-data"}


def read(path: str, context: str | None) -> Access | None:
    """Give the way that a kubeconfig describes, or None when it is not plain, or not right."""
    if os.pathsep in path or any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    import yaml

    try:
        file = Path(path).expanduser()
        data = yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  a safe loader
        chosen = _named(data["contexts"], context or data["current-context"], "context")
        cluster = _named(data["clusters"], chosen["cluster"], "cluster")
        user = _named(data["users"], chosen["user"], "user")
        if not set(cluster) <= _CLUSTER or not set(user) <= _USER:
            return None
        tls = _tls(cluster, user, file.parent) if cluster["server"].startswith("https:") else None
        token = user.get("token") or ""
        if not isinstance(token, str):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, yaml.YAMLError):
        return None

    def pool(maxsize: int) -> urllib3.PoolManager:
        import urllib3

        return urllib3.PoolManager(maxsize=maxsize, ssl_context=tls)

    authorization = f"Bearer {token}" if token else ""
    return Access(cluster["server"].rstrip("/"), chosen.get("namespace") or "default", lambda: authorization, pool)


def _named(entries: list[Mapping[str, Any]], name: str, what: str) -> dict[str, Any]:
    return dict(next(entry[what] or {} for entry in entries if entry["name"] == name))


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = _content(user, "client-certificate", folder), _content(user, "client-key", folder)
    if certificate and key:
        # ssl reads a key from a file alone; it is gone as soon as it is read.
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(certificate + b"\n" + key)
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _content(entry: Mapping[str, Any], name: str, folder: Path) -> bytes:
    if f"{name}-data" in entry:
        return base64.b64decode(entry[f"{name}-data"])
    return (folder / entry[name]).read_bytes() if name in entry else b""
