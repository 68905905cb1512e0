"""Where the runs of a configuration are recorded, and the name of their target: resolved once, at the start.

A run that is recorded already stays where its record is, and keeps the target that stands there: neither is read from a
kubeconfig again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import Refused
from ..journal.backends.files import file_store
from ..journal.backends.secrets import SecretStore
from ..journal.backends.store import Store
from ..release.targets import namespace_of

if TYPE_CHECKING:
    from ..kube.client import Client

_LABEL = 63


@dataclass(frozen=True)
class Location:
    """What a run deploys to (NAMESPACE.NAME), and where it is recorded; `namespace` of the journal, "" in files."""

    target: str
    store: Store
    namespace: str


def locate(config: Config, client: Client) -> Location:
    """Resolve where a configuration's runs are recorded; raises Refused when that can't be."""
    if config.journal.store == "file":
        return Location(_label(config.name), file_store(config.journal.path), "")
    namespace = namespace_of(config, client)
    journal = config.journal.namespace or _journal_namespace(config, client, namespace)
    return Location(_label(f"{namespace}.{config.name}".strip(".")), SecretStore(client, journal), journal)


def _journal_namespace(config: Config, client: Client, wanted: str) -> str:
    """Choose the namespace of the journal: the target's.

    A namespace that the run itself creates can't hold it: its undo would delete the record that it reads. Then the
    namespace of the kubeconfig's context holds it.
    """
    created = {m.obj["metadata"]["name"] for m in config.manifests if m.obj["kind"] == "Namespace"}
    if wanted not in created:
        return wanted
    if client.namespace in created:
        raise Refused(
            f"the run creates namespace {wanted}, so its journal can't be kept there",
            remedy="set journal.namespace to a namespace that exists",
        )
    return client.namespace


def _label(name: str) -> str:
    """Return a label value for a name: cut with a hash when it is too long."""
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
