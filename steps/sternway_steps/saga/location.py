"""Where the runs of a configuration are recorded, and the name of their target: resolved once, at the start.

A run that is recorded already stays where its record is, and keeps the target that stands there: neither is read from a
kubeconfig again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import ClusterError, Refused, SternwayError
from ..journal.backends.files import file_store
from ..journal.backends.secrets import SecretStore
from ..journal.backends.store import Store
from ..journal.checked import Note, unheard
from ..journal.encryption import NO_KEYS, JournalKeys
from ..journal.key_source import keys_in_file, keys_in_secret
from ..journal.name import RunName
from ..journal.replay import Story, replay
from ..kube.api_error import ApiError, unable
from ..release.targets import namespace_of

if TYPE_CHECKING:
    from ..kube.client import Client

_LABEL = 63


@dataclass(frozen=True)
class Location:
    """What a run deploys to (NAMESPACE.NAME), and where it is recorded.

    `namespace` is that of the journal, "" in files; `home` that of objects that name none, "" where that is not known.
    """

    target: str
    store: Store
    namespace: str
    home: str = ""


def locate(config: Config, client: Client, note: Note = unheard, keys: JournalKeys | None = None) -> Location:
    """Resolve where a configuration's runs are recorded; raises Refused when that can't be.

    `note` is told of what is in the journal and is no record; `keys` stand in place of those that the configuration
    names.
    """
    keys = _keys(config, client, note) if keys is None else keys
    if config.journal.store == "file":
        return Location(_label(config.name), file_store(config.journal.path, note, keys), "")
    namespace = namespace_of(config, client)
    target = _label(f"{namespace}.{config.name}".strip("."))
    journal = config.journal.namespace or _journal_namespace(config, client, namespace)
    store = SecretStore(client, journal, note=note, keys=keys)
    if not (config.whole or config.journal.namespace) and client.namespace != namespace:
        other = SecretStore(client, client.namespace, note=note, keys=keys)
        if _newest(other, target) > _newest(store, target):
            store, journal = other, client.namespace
    return Location(target, store, journal, namespace)


def recorded_at(store: Store, name: RunName) -> Location:
    """Return where a run is recorded, and what it deploys to, as its record says; raises Refused when there is none."""
    records = store.records(name.run)
    if not records:
        remedy = "a new run is begun with its id alone: its configuration says where"
        raise Refused(f"run {name} is not in the journal", remedy=remedy)
    story = replay(records)
    return Location(story.target, store, "" if name.in_files else name.place, home_of(story))


def home_of(story: Story) -> str:
    """Return the namespace of a run's objects that name none; "" when its record does not say it.

    Records of older versions say it only where the configuration did, or by the target, NAMESPACE.NAME.
    """
    namespace, name = str(story.config.get("namespace") or ""), str(story.config.get("name") or "")
    return namespace or (story.target.removesuffix(f".{name}") if story.target.endswith(f".{name}") else "")


def _keys(config: Config, client: Client, note: Note) -> JournalKeys:
    source = config.journal.key
    if source is None:
        return NO_KEYS
    if source.file is not None:
        return keys_in_file(Path(source.file), note)
    try:
        return keys_in_secret(client, namespace_of(config, client), source.secret or "", source.key or "")
    except ApiError as error:
        remedy = "grant get on that Secret, or give the key by STERNWAY_JOURNAL_KEY_FILE"
        raise unable(f"the key to the journal can't be read from Secret {source.secret}", error, remedy) from error


def _newest(store: SecretStore, target: str) -> str:
    """Return when the newest run of a target began; "" when there is none, or that can't be seen."""
    try:
        return max((info.started for info in store.index(target)), default="")
    except (ClusterError, SternwayError):  # who asks for its records is told why
        return ""


def _journal_namespace(config: Config, client: Client, wanted: str) -> str:
    """Choose the namespace of the journal: the target's.

    A namespace that the run itself creates can't hold it: its undo would delete the record that it reads. Then the
    namespace of the kubeconfig's context holds it. Of a configuration that was read without its objects nobody knows
    whether it does; there the newer records tell.
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
    """Return a label value for a name: cut with a hash when it is too long.

    It is part of a Lease's name too, in which a dash may not follow a dot.
    """
    if len(name) <= _LABEL:
        return name
    return f"{name[: _LABEL - 9].rstrip('.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
