"""Which journal holds a run that is known by its name, or by its id alone."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..errors import Refused
from .backends.files import file_store
from .backends.secrets import SecretStore
from .backends.store import Store
from .checked import Note, unheard
from .encryption import NO_KEYS, JournalKeys
from .name import RunName

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class JournalLookup:
    """The journals to look into: a folder's, or those of a namespace; with neither, of all that we may read."""

    client: Client
    folder: str | None
    namespace: str | None
    note: Note = unheard
    """Is told of what is there and is no record."""
    keys: JournalKeys = NO_KEYS
    """What reads records that are encrypted."""

    def all(self) -> Store:
        """Return them as one, to read. Who may not list Secrets everywhere is left with the context's namespace."""
        if self.folder:
            return file_store(self.folder, self.note, self.keys)
        if self.namespace is not None:
            return self._secrets(self.namespace)
        everywhere = self.client.can_i("list", self.client.resource("v1", "Secret"), None)
        return self._secrets(None if everywhere else self.client.namespace)

    def each(self, *, everywhere: bool) -> list[Store]:
        """Return them one by one, to read and to write; with no namespace said, the context's alone or `everywhere`.

        Raises: Refused when they can't be listed everywhere.
        """
        if self.folder or self.namespace is not None:
            return [self.all()]
        if not everywhere:
            return [self._secrets(self.client.namespace)]
        found = self.all()
        if not isinstance(found, SecretStore) or found.namespace is not None:
            remedy = "grant it (a ClusterRole), or name one namespace with --namespace"
            raise Refused("the Secrets of all namespaces can't be listed with these rights", remedy=remedy)
        return [self._secrets(namespace) for namespace in found.namespaces()]

    def at(self, place: str) -> Store:
        """Return the journal in a namespace, or in a folder."""
        return file_store(place, self.note, self.keys) if RunName("", place).in_files else self._secrets(place)

    def find(self, name: str, command: str) -> tuple[Store, str] | None:
        """Return the journal that holds a run, to read and to write, and the run's id; None when none of them does.

        Args:
            name: NAMESPACE/RUN, or RUN alone.
            command: what is to be done with it, for what is said when RUN alone is not enough.

        Raises: Refused when several namespaces hold a run of that id, or that of the name does not.

        """
        named = RunName.parse(name)
        if named.place:
            if self.namespace not in (None, named.place):
                raise Refused(f"run {name} is not in namespace {self.namespace}", remedy="leave --namespace out")
            store = self.at(named.place)
            if store.target_of(named.run) is None:
                raise _unknown(name, "")
            return store, named.run
        found = self.all()
        if not isinstance(found, SecretStore):
            return found, name
        holding = found.namespaces_of(name)
        if len(holding) > 1:
            commands = "; or: ".join(f"{command} {RunName(name, namespace)}" for namespace in holding)
            raise Refused(f"run {name} is in several namespaces: {', '.join(holding)}", remedy=f"say which: {commands}")
        return (self._secrets(holding[0]), name) if holding else None

    def get(self, name: str, command: str) -> tuple[Store, str]:
        """Return the same; raises Refused also when none of them holds it."""
        found = self.find(name, command)
        if found is None:
            raise _unknown(name, "; --namespace looks in another namespace")
        return found

    def near_targets(self, target: str) -> str:
        """Return a question that names the targets which may be meant by one of which no run is here, else ""."""
        there = sorted({info.target for info in self.all().index()})
        asked = target.replace("/", ".")
        near = [name for name in there if asked in (name, name.partition(".")[2])] or get_close_matches(asked, there, 1)
        return f"did you mean {' or '.join(near[:3])}?" if near else ""

    def _secrets(self, namespace: str | None) -> SecretStore:
        return SecretStore(self.client, namespace, note=self.note, keys=self.keys)


def _unknown(name: str, where: str) -> Refused:
    """Return why a run is not found; an id has digits, and a name without any is rather a target's."""
    lists = f"`sternway runs` lists those that are{where}"
    if not any(sign.isdigit() for sign in name):
        target = name.replace("/", ".")
        lists = f"if {name} is a target: `sternway status {target}`; {lists}"
    return Refused(f"run {name} is not in the journal", remedy=lists)
