"""Plain ways to an API server: a kubeconfig with server, CA, certificate or token; a pod's service account.

The `kubernetes` package reads every kubeconfig, and its import alone takes most of a short step's time (measured:
150 ms of 350 ms). What is plain is read here; everything else (exec plugins, OIDC, proxies, several files) is left to
it, and so are all errors.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .access import Access

if TYPE_CHECKING:
    import urllib3

_CLUSTER = {"server", "certificate-authority", "certificate-authority-data"}
_USER = {"token", "client-certificate", "client-certificate-data", "client-key", "client-key-data"}
# Where the kubelet projects it (Kubernetes, "Accessing the API from within a Pod").
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster() -> Access | None:
    """Give the way that a pod's service account has, or None when there is none, or a proxy on it."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or _proxied():
        return None
    try:
        tls = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
        namespace = (SERVICE_ACCOUNT / "namespace").read_text().strip()
        _bearer()
    except (OSError, ValueError):
        return None
    address = f"[{host}]" if ":" in host else host
    return Access(f"https://{address}:{port}", namespace, _bearer, _pooling(tls))


def _bearer() -> str:
    # Read anew: the kubelet replaces the token before it expires.
    return f"Bearer {(SERVICE_ACCOUNT / 'token').read_text().strip()}"


def read(path: str, context: str | None) -> Access | None:
    """Give the way that a kubeconfig describes, or None when it is not plain, or not right."""
    if os.pathsep in path or _proxied():
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

    authorization = f"Bearer {token}" if token else ""
    namespace = chosen.get("namespace") or "default"
    return Access(cluster["server"].rstrip("/"), namespace, lambda: authorization, _pooling(tls))


def _proxied() -> bool:
    return any(name.lower().endswith("_proxy") for name in os.environ)


def _pooling(tls: ssl.SSLContext | None) -> Callable[[int], urllib3.PoolManager]:
    def pool(maxsize: int) -> urllib3.PoolManager:
        import urllib3

        return urllib3.PoolManager(maxsize=maxsize, ssl_context=tls)

    return pool


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
