"""Records of a journal as somebody makes them who may write Secrets there."""

from __future__ import annotations

import base64
import copy
import zlib
from collections.abc import Mapping
from typing import Any

from sternway_steps.journal.backends.secret_form import RECORD, RUN, SECRET_TYPE, STEP, TARGET, secret_name
from sternway_steps.journal.codec import stored_line, to_chunks
from sternway_steps.journal.encryption import NO_KEYS
from sternway_steps.journal.entries import Entry, Key
from sternway_steps.journal.key_source import keys_in
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster


def put(cluster: Cluster, key: Key, *entries: Entry, target: str | None = None, keys: str = "", **more: Any) -> str:
    """Put a record into the journal as Sternway would, without asking it; `keys` encrypt it."""
    known = keys_in(keys, "a test") if keys else NO_KEYS
    data: dict[str, bytes] = {}
    for index, entry in enumerate(entries):
        data |= to_chunks(index, stored_line(key, index, entry, known), 480_000)
    return put_raw(cluster, key, data, target=target, **more)


def put_raw(
    cluster: Cluster,
    key: Key,
    data: Mapping[str, bytes],
    *,
    target: str | None = None,
    name: str = "",
    type_: str = SECRET_TYPE,
    labels: Mapping[str, str] | None = None,
) -> str:
    name = name or secret_name(key, 1)
    ours = {RUN: key.run, TARGET: target or f"{cluster.namespace}.t", RECORD: "step" if key.step else "run"}
    ours |= {STEP: key.step} if key.step else {}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": type_,
        "metadata": {"name": name, "namespace": cluster.namespace, "labels": {**ours, **(labels or {})}},
        "data": {file: base64.b64encode(value).decode() for file, value in data.items()},
    }
    cluster.client.create(secret, manager="attacker")
    return name


def packed(text: str) -> bytes:
    return zlib.compress(text.encode())


def secret_of(client: Client, namespace: str, key: Key) -> dict[str, Any]:
    found = client.get(Ref("v1", "Secret", namespace, secret_name(key, 1)))
    assert found is not None, key
    return found


def copied(cluster: Cluster, key: Key, namespace: str) -> None:
    """Copy a record into another namespace, as it is."""
    secret = copy.deepcopy(secret_of(cluster.client, cluster.namespace, key))
    meta = secret["metadata"]
    secret["metadata"] = {"name": meta["name"], "namespace": namespace, "labels": meta["labels"]}
    cluster.client.create(secret, manager="attacker")


def overwrite(cluster: Cluster, key: Key, change: Mapping[str, bytes | None]) -> None:
    """Write into a record that is there; None takes a key away."""
    data = {name: base64.b64encode(value).decode() if value is not None else None for name, value in change.items()}
    cluster.client.patch(
        Ref("v1", "Secret", cluster.namespace, secret_name(key, 1)), {"data": data}, manager="attacker"
    )
