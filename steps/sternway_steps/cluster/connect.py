"""Where the API server is and who we are: a kubeconfig, or a pod's service account."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Refused
from . import plain
from .access import Access

if TYPE_CHECKING:
    import urllib3

_NO_CLUSTER = "set KUBECONFIG or --kubeconfig, or add --sandbox to try without a cluster"


def load(kubeconfig: str | None, context: str | None) -> Access:
    """Give the way to the API server.

    A kubeconfig that is named (flag, KUBECONFIG, or the default file) wins over the pod's service account.
    Raises: Refused, naming the file and what is wrong with it.
    """
    named = kubeconfig or os.environ.get("KUBECONFIG") or ""
    default = Path("~/.kube/config").expanduser()
    if (named or default.exists()) and (access := plain.read(named or str(default), context)):
        return access
    if not named and not default.exists() and (access := plain.in_cluster()):
        return access
    return _by_package(named, default, context)


def _by_package(named: str, default: Path, context: str | None) -> Access:
    from kubernetes import client, config

    configuration = client.Configuration()
    if not named and not default.exists():
        if "KUBERNETES_SERVICE_HOST" not in os.environ:
            raise Refused("no cluster is configured", remedy=_NO_CLUSTER)
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException as error:
            raise Refused(f"the pod's service account can't be used: {error}", remedy=_NO_CLUSTER) from error
        return _access(configuration, (plain.SERVICE_ACCOUNT / "namespace").read_text().strip())
    where = named or str(default)
    missing = [path for path in where.split(os.pathsep) if path and not Path(path).expanduser().exists()]
    if missing and len(missing) == len(where.split(os.pathsep)):
        raise Refused(f"kubeconfig {missing[0]} does not exist", remedy=_NO_CLUSTER)
    try:
        contexts, active = config.list_kube_config_contexts(where)
        names = [entry["name"] for entry in contexts]
        if context is not None and context not in names:
            raise Refused(f"kubeconfig {where} has no context {context!r}", remedy=f"it has: {', '.join(names)}")
        config.load_kube_config(where, context=context, client_configuration=configuration, persist_config=False)
    except Refused:
        raise
    except Exception as error:  # the loader raises whatever its YAML or its plugins raise
        raise Refused(f"kubeconfig {where} can't be used: {error}", remedy=_NO_CLUSTER) from error
    chosen = next((entry for entry in contexts if entry["name"] == context), active)
    return _access(configuration, str((chosen.get("context") or {}).get("namespace") or "default"))


def _access(configuration: Any, namespace: str) -> Access:
    def authorization() -> str:
        token = configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
        return str(token or (configuration.get_basic_auth_token() if configuration.username else ""))

    def pool(maxsize: int) -> urllib3.PoolManager:
        from kubernetes.client.rest import RESTClientObject

        configuration.connection_pool_maxsize = maxsize
        manager: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        return manager

    return Access(configuration.host.rstrip("/"), namespace, authorization, pool)
