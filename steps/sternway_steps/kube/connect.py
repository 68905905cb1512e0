"""Which API server, and whose credentials: those of a kubeconfig, or of a pod's service account."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Refused
from . import credentials
from .access import Access
from .kubeconfig import Kubeconfig, impersonation
from .kubeconfig import read as kubeconfig_read
from .kubeconfig_faults import NO_CLUSTER, fault

if TYPE_CHECKING:
    import urllib3

_CREDENTIALS = {
    "exec", "auth-provider", "token", "tokenFile", "username", "client-certificate", "client-certificate-data",
}  # fmt: skip


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
    chosen = kubeconfig_read(where, context)
    if chosen is None and (wrong := fault(where, source)):
        raise wrong
    return (chosen and credentials.read(chosen)) or _by_package(where, context, chosen)


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


def _by_package(where: str, context: str | None, chosen: Kubeconfig | None) -> Access:
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        contexts, active = config.list_kube_config_contexts(where)
        names = [entry["name"] for entry in contexts]
        if context is not None and context not in names:
            raise Refused(f"kubeconfig {where} has no context {context!r}", remedy=f"it has: {', '.join(names)}")
        with _complaints() as complaints:
            config.load_kube_config(where, context=context, client_configuration=configuration, persist_config=False)
    except Refused:
        raise
    except config.ConfigException as error:
        raise Refused(f"kubeconfig {where} can't be used: {error}", remedy=NO_CLUSTER) from error
    except Exception as error:  # noqa: BLE001  whatever its YAML or its plugins raise; that may quote what it holds
        said = f"its loader ended with {type(error).__name__}"
        raise Refused(f"kubeconfig {where} can't be used: {said}", remedy=NO_CLUSTER) from None
    user = dict(chosen.user.value) if chosen is not None else {}
    identity = chosen.identity if chosen is not None else f"the user of kubeconfig {where}"
    if _CREDENTIALS & set(user) and not (configuration.api_key or configuration.cert_file or configuration.username):
        # The loader logs what went wrong, and would go on as nobody.
        raise Refused(
            f"the credentials of {identity} can't be used" + (f": {'; '.join(complaints)}" if complaints else "")
        )
    entry = next((entry for entry in contexts if entry["name"] == context), active)
    return _access(configuration, str((entry.get("context") or {}).get("namespace") or "default"), identity, user)


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
