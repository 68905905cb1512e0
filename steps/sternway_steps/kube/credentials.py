"""Reads the common kinds of credentials without the `kubernetes` package, whose import is slow.

Those are a kubeconfig with server, CA, certificate, token or plugin, and a pod's service account. The package reads
every kubeconfig, but its import takes most of a short step's time (measured: 150 ms of 350 ms). Everything else (OIDC,
proxies, passwords) is left to it, and so are all errors.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .access import Access
from .exec_plugin import Credential, fetch
from .kubeconfig import Entry, Kubeconfig, impersonation

if TYPE_CHECKING:
    import urllib3

_CLUSTER = {"server", "certificate-authority", "certificate-authority-data"}
_USER = {
    "token", "client-certificate", "client-certificate-data", "client-key", "client-key-data", "exec",
    "as", "as-uid", "as-groups", "as-user-extra",
}  # fmt: skip
_FOR_PLUGINS = {"extensions"}
# Where the kubelet projects it (Kubernetes, "Accessing the API from within a Pod").
POD_IDENTITY = "the pod's service account"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster() -> Access | None:
    """Return the access of a pod's service account; None when there is none, or a proxy is configured."""
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
    return Access(f"https://{address}:{port}", namespace, _bearer, _pooling(tls), POD_IDENTITY)


def _bearer() -> str:
    # Read anew: the kubelet replaces the token before it expires.
    return f"Bearer {(SERVICE_ACCOUNT / 'token').read_text().strip()}"


def read(config: Kubeconfig) -> Access | None:
    """Return the access that a kubeconfig describes; None when it is of an uncommon kind, or not right.

    Raises: Refused when its credential plugin fails.
    """
    cluster, user = config.cluster.value, config.user.value
    if _proxied() or not set(cluster) <= _CLUSTER | _FOR_PLUGINS or not set(user) <= _USER:
        return None
    static = [key for key in ("token", "client-certificate", "client-certificate-data") if key in user]
    if "exec" in user and static:
        return None
    plugin = PluginCredential(config) if "exec" in user else None
    try:
        token = user.get("token") or ""
        if not isinstance(token, str):
            return None
        tls = _tls(config, plugin) if cluster["server"].startswith("https:") else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    authorization = f"Bearer {token}" if token else ""
    return Access(
        cluster["server"].rstrip("/"),
        config.context.value.get("namespace") or "default",
        plugin.authorization if plugin else lambda: authorization,
        _pooling(tls),
        config.identity,
        impersonation(user),
    )


class PluginCredential:
    """The credential from a plugin, fetched anew when it expires. Thread-safe."""

    def __init__(self, config: Kubeconfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._credential = fetch(config)

    def authorization(self) -> str:
        """Return the header's value; raise Refused when the plugin fails."""
        token = self.current().token
        return f"Bearer {token}" if token else ""

    def current(self) -> Credential:
        """Return a credential that is valid."""
        with self._lock:
            if self._credential.is_over:
                self._credential = fetch(self._config)
            return self._credential


def _proxied() -> bool:
    return any(name.lower().endswith("_proxy") for name in os.environ)


def _pooling(tls: ssl.SSLContext | None) -> Callable[[int], urllib3.PoolManager]:
    def pool(maxsize: int) -> urllib3.PoolManager:
        import urllib3

        return urllib3.PoolManager(maxsize=maxsize, ssl_context=tls)

    return pool


def _tls(config: Kubeconfig, plugin: PluginCredential | None) -> ssl.SSLContext:
    authority = _content(config.cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if plugin is not None:
        credential = plugin.current()
        certificate, key = credential.certificate.encode(), credential.key.encode()
    else:
        certificate, key = _content(config.user, "client-certificate"), _content(config.user, "client-key")
    if certificate and key:
        # ssl reads a key from a file alone; it is gone as soon as it is read.
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(certificate + b"\n" + key)
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _content(entry: Entry, name: str) -> bytes:
    if f"{name}-data" in entry.value:
        return base64.b64decode(entry.value[f"{name}-data"])
    return (entry.folder / entry.value[name]).read_bytes() if name in entry.value else b""
