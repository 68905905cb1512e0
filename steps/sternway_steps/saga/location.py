"""Where a run's journal is, and what its target is called."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..config import Config
from ..errors import Refused
from ..journal.backends.files import FileStore
from ..journal.backends.secrets import SecretStore
from ..journal.backends.store import Store
from ..journal.locks.lease import LeaseLock
from ..journal.locks.lock import FileLock, Lock
from ..kube.client import Client
from ..release.targets import namespace_of

_LABEL = 63


def state_folder() -> Path:
    """Give the folder for what outlives a process on this machine (XDG_STATE_HOME)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()) / "sternway"


def target_of(config: Config, client: Client) -> str:
    """Name what a config deploys to, as a label value: NAMESPACE.NAME, cut with a hash when it is too long."""
    namespace = "" if config.journal.store == "file" else namespace_of(config, client)
    name = f"{namespace}.{config.name}".strip(".")
    if len(name) <= _LABEL:
        return name
    return f"{name[: _LABEL - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def journal_namespace(config: Config, client: Client) -> str:
    """Give the namespace of the journal: the config's, else the target's.

    A namespace that the run itself creates can't hold it: its undo would delete the record that it reads. Then the
    namespace of the kubeconfig's context holds it.
    """
    if config.journal.namespace:
        return config.journal.namespace
    wanted = namespace_of(config, client)
    made = {m.obj["metadata"]["name"] for m in config.manifests if m.obj["kind"] == "Namespace"}
    if wanted not in made:
        return wanted
    if client.namespace in made:
        raise Refused(
            f"the run creates namespace {wanted}, so its journal can't be kept there",
            remedy="set journal.namespace to a namespace that exists",
        )
    return client.namespace


def file_journal(path: str | None) -> FileStore:
    """Give the journal in files, by default in the state folder."""
    return FileStore(Path(path).expanduser() if path else state_folder() / "journal")


def open_journal(config: Config, client: Client) -> tuple[Store, Lock]:
    """Give the journal of a config and the lock of its target."""
    target = target_of(config, client)
    if config.journal.store == "file":
        return file_journal(config.journal.path), _lock(config, client, target)
    return SecretStore(client, journal_namespace(config, client)), _lock(config, client, target)


def lock_of_step(config: Config, client: Client, step: str) -> Lock:
    """Give the lock of one step of a target: those of a group, each in its own process, can't share the target's."""
    return _lock(config, client, f"{target_of(config, client)}.{step}")


def _lock(config: Config, client: Client, name: str) -> Lock:
    if config.journal.store == "file":
        return FileLock(Path(file_journal(config.journal.path).where()) / f"{name}.lock")
    return LeaseLock(client, journal_namespace(config, client), name)
