"""Which journal holds a run that is known by its id alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Refused
from .backends.files import file_store
from .backends.secrets import SecretStore
from .backends.store import Store

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class JournalLookup:
    """The journals to look into: a folder's, or those of a namespace; with neither, of all that we may read."""

    client: Client
    folder: str | None
    namespace: str | None

    def all(self) -> Store:
        """Return them as one, to read. Who may not list Secrets everywhere is left with the context's namespace."""
        if self.folder:
            return file_store(self.folder)
        if self.namespace is not None:
            return SecretStore(self.client, self.namespace)
        everywhere = self.client.can_i("list", self.client.resource("v1", "Secret"), None)
        return SecretStore(self.client, None if everywhere else self.client.namespace)

    def each(self, *, everywhere: bool) -> list[Store]:
        """Return them one by one, to read and to write; with no namespace said, the context's alone or `everywhere`.

        Raises: Refused when they can't be listed everywhere.
        """
        if self.folder or self.namespace is not None:
            return [self.all()]
        if not everywhere:
            return [SecretStore(self.client, self.client.namespace)]
        found = self.all()
        if not isinstance(found, SecretStore) or found.namespace is not None:
            remedy = "grant it (a ClusterRole), or name one namespace with --namespace"
            raise Refused("the Secrets of all namespaces can't be listed with these rights", remedy=remedy)
        return [SecretStore(self.client, namespace) for namespace in found.namespaces()]

    def find(self, run: str) -> Store | None:
        """Return the journal that holds a run, to read and to write; None when none of them does."""
        found = self.all()
        if not isinstance(found, SecretStore):
            return found
        namespace = found.namespace_of(run)
        return SecretStore(self.client, namespace) if namespace is not None else None

    def get(self, run: str) -> Store:
        """Return the journal that holds a run; raise Refused when none of them does."""
        store = self.find(run)
        if store is None:
            remedy = "`sternway runs` lists those that are; --namespace looks in another namespace"
            raise Refused(f"run {run} is not in the journal", remedy=remedy)
        return store
