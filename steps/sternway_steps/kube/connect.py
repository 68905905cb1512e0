"""Which API server, and whose credentials: those of a kubeconfig, or of a pod's service account."""

from __future__ import annotations

import logging
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Refused
from . import credentials
from .access import Access
from .kubeconfig import Kubeconfig, impersonation
from .kubeconfig import read as kubeconfig_read
from .kubeconfig_faults import NO_CLUSTER, fault
from .kubeconfig_file import TooLarge

if TYPE_CHECKING:
    import urllib3

_CREDENTIALS = {
    "exec", "auth-provider", "token", "tokenFile", "username", "client-certificate", "client-certificate-data",
}  # fmt: skip

_TEMPORARY = "give a writable /tmp with room, or TMPDIR: the kubeconfig's certificates are written there for a moment"


def load(kubeconfig: str | None, context: str | None) -> Access:
    """Return the access to the API server.

    A kubeconfig (flag, KUBECONFIG, or the default file) precedes the pod's service account.
    Raises: Refused, naming the file and what is wrong with it, or what its credential plugin said.
    """
    named = kubeconfig or os.environ.get("KUBECONFIG") or ""
    source = "--kubeconfig" if kubeconfig else "KUBECONFIG" if named else ""
    default = Path("~/.kube/config").expanduser()
    if not named and not default.exists():
        return credentials.in_cluster() or _pod_by_package()
    where = named or str(default)
    try:
        chosen = kubeconfig_read(where, context)
    except TooLarge:
        raise
    except Refused:
        if wrong := fault(where, source):
            raise wrong from None
        raise
    return credentials.read(chosen) or _by_package(chosen)


def _pod_by_package() -> Access:
    from kubernetes import client, config

    configuration = client.Configuration()
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        empty = ": KUBECONFIG is set, and empty" if "KUBECONFIG" in os.environ else ""
        raise Refused(f"no cluster is configured{empty}", remedy=NO_CLUSTER)
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise Refused(f"the pod's service account can't be used: {error}", remedy=NO_CLUSTER) from error
    return _access(
        configuration, (credentials.SERVICE_ACCOUNT / "namespace").read_text().strip(), credentials.POD_IDENTITY, {}
    )


def _by_package(chosen: Kubeconfig) -> Access:
    """Leave what is uncommon to the `kubernetes` package, which is given what was chosen alone."""
    from kubernetes import client, config

    configuration = client.Configuration()
    user = chosen.user.value
    try:
        with _complaints() as complaints:
            config.load_kube_config_from_dict(
                chosen.alone(), context=chosen.context.name, client_configuration=configuration, persist_config=False
            )
        _check_certificates(configuration)
    except config.ConfigException as error:
        raise Refused(f"{chosen.identity} can't be used: {error}", remedy=NO_CLUSTER) from error
    except Exception as error:  # whatever the values of its YAML or its plugins raise, which may quote what is secret
        said = error.strerror or "" if isinstance(error, OSError) else ""
        remedy = _TEMPORARY if "temporary directory" in said or getattr(error, "errno", 0) == ENOSPC else NO_CLUSTER
        raise Refused(
            f"{chosen.identity} can't be used ({type(error).__name__}{said and f': {said}'})", remedy=remedy
        ) from error
    if _CREDENTIALS & set(user) and not (configuration.api_key or configuration.cert_file or configuration.username):
        # The loader logs what went wrong, and would go on as nobody.
        raise Refused(
            f"the credentials of {chosen.identity} can't be used" + (f": {'; '.join(complaints)}" if complaints else "")
        )
    return _access(configuration, str(chosen.context.value.get("namespace") or "default"), chosen.identity, user)


def _check_certificates(configuration: Any) -> None:
    """Load what the first connection would load; raises OSError, of which ssl's errors are a kind."""
    if configuration.host.startswith("https:"):
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file or None)


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the `kubernetes` package logs in this thread; it logs on the root logger."""
    messages: list[str] = []
    me = threading.get_ident()

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == me:
                messages.append(record.getMessage())

    handler, root = Collect(logging.WARNING), logging.getLogger()
    root.addHandler(handler)
    try:
        yield messages
    finally:
        root.removeHandler(handler)


def _access(configuration: Any, namespace: str, identity: str, user: Mapping[str, Any]) -> Access:
    def authorization() -> str:
        token = configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
        return str(token or (configuration.get_basic_auth_token() if configuration.username else ""))

    def pool(maxsize: int) -> urllib3.PoolManager:
        from kubernetes.client.rest import RESTClientObject

        configuration.connection_pool_maxsize = maxsize
        manager: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        return manager

    return Access(configuration.host.rstrip("/"), namespace, authorization, pool, identity, impersonation(user))
