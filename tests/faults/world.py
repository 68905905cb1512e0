"""The objects that the faulted commands change, how they are before and after, and what the journal has to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from tests.helpers import config_map, deployment, state_of

RUN = "sternway.dev/run"
NAMES = (
    ("v1", "ConfigMap", "settings"), ("v1", "ConfigMap", "fixed"), ("v1", "ConfigMap", "extra"),
    ("v1", "Secret", "keys"), ("v1", "Service", "web"), ("apps/v1", "Deployment", "web"),
)  # fmt: skip


def write(folder: Path, namespace: str) -> dict[str, str]:
    """Write the configurations, and give their paths: old, new, and bad (new, with a step that fails after it)."""
    steps: list[Any] = ["validate", "deploy", "verify"]
    fails = {"name": "smoke", "execute": ["false"], "effects": "none", "runner": "process", "retries": 0}
    paths = {}
    for name, number, wanted in (("old", 1, steps), ("new", 2, steps), ("bad", 2, ["validate", "deploy", fails])):
        objects = folder / f"{name}.objects.json"
        objects.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects(number)}))
        path = folder / f"{name}.yaml"
        keys = {"name": "world", "namespace": namespace, "manifests": [objects.name], "steps": wanted}
        path.write_text(yaml.safe_dump({**keys, "verify": {"deadline": "1m"}}))
        paths[name] = str(path)
    return paths


def _objects(number: int) -> list[dict[str, Any]]:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"version": str(number)}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80 + number, "targetPort": 8080}]},
    }  # fmt: skip
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": f"k{number}"}}
    # To put its data back it has to be made anew, for what is immutable stays so.
    fixed = {**config_map("fixed", number=str(number)), **({"immutable": True} if number == 2 else {})}
    made = [config_map("extra", only="new")] if number == 2 else []
    web = deployment("web", f"localhost/app:{number}", replicas=0, env=[{"name": "LEVEL", "value": str(number)}])
    return [
        config_map("settings", number=str(number), **({"more": "x"} if number == 2 else {})),
        fixed,
        *made,
        secret,
        service,
        web,
    ]


def adorn(client: Client, namespace: str) -> None:
    """Let somebody else own a field of two objects."""
    note = {"metadata": {"annotations": {"example.com/owner": "team-a"}}}
    for version, kind, name in (NAMES[0], NAMES[5]):
        client.patch(Ref(version, kind, namespace, name), note, manager="somebody")


def look(client: Client, namespace: str) -> list[Any]:
    """Give content and owners of all objects."""
    return [state_of(client.get(Ref(version, kind, namespace, name))) for version, kind, name in NAMES]


def unmarked(states: list[Any]) -> list[Any]:
    """Leave out by which run an object was applied: that of a new version is another one each time."""
    return [None if state is None else (_bare(state[0]), state[1]) for state in states]


def _bare(obj: Mapping[str, Any]) -> dict[str, Any]:
    notes = {key: value for key, value in obj["metadata"]["annotations"].items() if key != RUN}
    return {**obj, "metadata": {**obj["metadata"], "annotations": notes}}


def marks(states: list[Any]) -> set[str]:
    """Give the runs by which the objects that are there were applied."""
    return {state[0]["metadata"]["annotations"].get(RUN, "") for state in states if state is not None}
