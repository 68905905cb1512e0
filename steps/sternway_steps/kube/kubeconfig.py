"""Which cluster and which user a kubeconfig names: one file, or several that are merged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Entry:
    """A named entry of a kubeconfig; paths in it are relative to `folder`."""

    name: str
    value: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True)
class Kubeconfig:
    """The selected context, with its cluster and its user."""

    path: str
    context: Entry
    cluster: Entry
    user: Entry

    @property
    def identity(self) -> str:
        """Whose credentials these are, in words."""
        return f"user {self.user.name} of kubeconfig {self.path} (context {self.context.name})"


def read(path: str, context: str | None) -> Kubeconfig | None:
    """Return the selected context of a kubeconfig, or of several joined by os.pathsep; None when it is not readable.

    Of entries with the same name the first one counts, and so does the first current context.
    Source: "Merging kubeconfig files", Kubernetes documentation.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        files = [Path(name).expanduser() for name in path.split(os.pathsep) if name]
        documents = [(file.parent, yaml.load(file.read_text(), loader) or {}) for file in files if file.exists()]  # noqa: S506
        name = context or next(data["current-context"] for _, data in documents if data.get("current-context"))
        chosen = _entry(documents, "context", name)
        cluster = _entry(documents, "cluster", chosen.value["cluster"])
        return Kubeconfig(path, chosen, cluster, _entry(documents, "user", chosen.value["user"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, RuntimeError, yaml.YAMLError):
        return None


def _entry(files: list[tuple[Path, Mapping[str, Any]]], kind: str, name: str) -> Entry:
    """Return an entry by its name; raise StopIteration when there is none."""
    return next(
        Entry(name, dict(entry[kind] or {}), folder)
        for folder, data in files
        for entry in data.get(f"{kind}s") or []
        if entry["name"] == name
    )


def impersonation(user: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers by which a kubeconfig's user acts as somebody else; a header may come several times.

    Source: "User impersonation", Kubernetes documentation; `as`, `as-uid`, `as-groups` and `as-user-extra` of a
    kubeconfig's user. Names of extra fields are written as in URLs.
    """
    headers = [(header, str(user[key])) for key, header in _ACTS_AS if user.get(key)]
    headers += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    for name, values in (user.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{quote(str(name), safe='')}", str(value)) for value in values]
    return tuple(headers)


_ACTS_AS = (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid"))
