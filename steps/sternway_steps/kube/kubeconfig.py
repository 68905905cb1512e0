"""Which cluster and which user a kubeconfig names: one file, or several that are merged."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ..errors import Refused
from .kubeconfig_faults import NO_CLUSTER, shown
from .kubeconfig_file import read_file

Document = tuple[Path, Mapping[str, Any]]
"""A file's content, and the folder that its paths are relative to."""
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_URL = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_PATHS = {"certificate-authority", "client-certificate", "client-key", "tokenFile"}


@dataclass(frozen=True)
class Entry:
    """A named entry of a kubeconfig; paths in it are relative to `folder`."""

    name: str
    value: Mapping[str, Any]
    folder: Path
    place: str = ""
    """What errors call it: the file, and its name there."""


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
        return f"user {self.user.name} of kubeconfig {shown(self.path)} (context {self.context.name})"

    def alone(self) -> dict[str, Any]:
        """Return a kubeconfig of nothing but these, whose paths are relative to no folder."""
        cluster, user = _absolute(self.cluster), _absolute(self.user)
        return {
            "apiVersion": "v1", "kind": "Config", "current-context": self.context.name,
            "contexts": [{"name": self.context.name, "context": dict(self.context.value)}],
            "clusters": [{"name": self.cluster.name, "cluster": cluster}],
            "users": [{"name": self.user.name, "user": user}],
        }  # fmt: skip


def _absolute(entry: Entry) -> dict[str, Any]:
    value = dict(entry.value)
    for key in _PATHS & set(value):
        if isinstance(value[key], str) and value[key]:
            value[key] = str((entry.folder / value[key]).absolute())
    if isinstance(plugin := value.get("exec"), Mapping) and os.sep in str(plugin.get("command")):
        value["exec"] = {**plugin, "command": str((entry.folder / str(plugin["command"])).absolute())}
    return value


def read(path: str, context: str | None) -> Kubeconfig:
    """Return the selected context of a kubeconfig, or of several joined by os.pathsep.

    Of entries with the same name the first one counts, and so does the first current context.
    Source: "Merging kubeconfig files", Kubernetes documentation.
    Raises: Refused, naming the file, and what is wrong with it.
    """
    names = [name for name in path.split(os.pathsep) if name]
    files = [Path(os.path.expanduser(name)) for name in names]  # noqa: PTH111  pathlib's raises for an unknown user
    documents = [(file.parent, data) for file in files if (data := read_file(file)) is not None]
    where = shown(path)
    if not documents:
        raise Refused(f"kubeconfig {shown(names[0] if names else path)} does not exist", remedy=NO_CLUSTER)
    name = context or next((data["current-context"] for _, data in documents if data.get("current-context")), None)
    contexts = _names(documents, "context")
    if not isinstance(name, str):
        raise Refused(f"kubeconfig {where} names no current context", remedy="name one with --context")
    if name not in contexts:
        raise Refused(
            f"kubeconfig {where} has no context {name[:200]!r}",
            remedy=f"name one that it has with --context: {', '.join(contexts)}",
        )
    chosen = _entry(documents, "context", name, f"kubeconfig {where}")
    cluster, user = (_entry(documents, kind, chosen.value.get(kind), chosen.place) for kind in ("cluster", "user"))
    namespace = chosen.value.get("namespace")
    server = cluster.value.get("server")
    if not isinstance(server, str):
        raise Refused(f"{cluster.place} names no server", remedy="give its URL: server: https://…")
    if not _is_url(server):
        raise Refused(f"{cluster.place}: its server is no URL", remedy="give it with http:// or https:// and a host")
    if namespace and (not isinstance(namespace, str) or not _LABEL.fullmatch(namespace)):
        said = namespace[:80] if isinstance(namespace, str) else type(namespace)
        raise Refused(f"{chosen.place}: namespace: {said!r} is no name of a namespace")
    return Kubeconfig(path, chosen, cluster, user)


def _is_url(text: str) -> bool:
    try:
        return _URL.match(text) is not None and urlsplit(text).port != 0
    except ValueError:  # a port that is none
        return False


def _names(files: list[Document], kind: str) -> list[str]:
    """Return the names of all entries of a kind."""
    lists = (data.get(f"{kind}s") for _, data in files)
    entries = (entry for each in lists if isinstance(each, list) for entry in each if isinstance(entry, Mapping))
    return [entry["name"] for entry in entries if isinstance(entry.get("name"), str)]


def _entry(files: list[Document], kind: str, name: object, named_by: str) -> Entry:
    """Return an entry by its name; raise Refused when there is none."""
    if not isinstance(name, str):
        raise Refused(f"{named_by} names no {kind}", remedy=f"give a name of its list {kind}s")
    for folder, data in files:
        entries = data.get(f"{kind}s")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and entry.get("name") == name and isinstance(entry.get(kind) or {}, Mapping):
                return Entry(name, dict(entry.get(kind) or {}), folder, f"{named_by}, {kind} {name[:80]!r}")
    raise Refused(f"{named_by} has no {kind} {name[:80]!r} that can be read", remedy=f"see its list {kind}s")


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
