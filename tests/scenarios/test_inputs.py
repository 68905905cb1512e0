"""Manifests from files, all the way: deployed and undone, on the sandbox and on a real cluster."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster
from tests.helpers import config_map, run_of, sternway

GROUP = "inputs.tests.example"


def run(cluster: Cluster, folder: Path, *texts: str, **keys: Any) -> Any:
    """Run the command on manifests; validate, deploy, and what `keys` say."""
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text)
    names = [f"{number}.yaml" for number in range(len(texts))]
    config = {"name": "t", "namespace": cluster.namespace, "manifests": names, "steps": ["validate", "deploy"], **keys}
    (folder / "sternway.yaml").write_text(json.dumps(config))
    return sternway("run", "--config", str(folder / "sternway.yaml"), kubeconfig=cluster.kubeconfig)


def undo(cluster: Cluster, done: Any) -> Any:
    return sternway("rollback", run_of(done.stdout), "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig)


def data(cluster: Cluster, name: str) -> Any:
    return (cluster.get("v1", "ConfigMap", name) or {}).get("data")


@pytest.fixture
def anything(cluster: Cluster) -> Iterator[str]:
    """A kind Thing that keeps every field; gives its apiVersion."""
    group = f"{cluster.namespace}.{GROUP}"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"kind": "Thing", "listKind": "ThingList", "plural": "things", "singular": "thing"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": spec,
    }
    ref = Ref.of(cluster.client.create(definition, manager="test"))
    try:
        wait_until_served(cluster.client, [ref], lambda: None)
        yield f"{group}/v1"
    finally:
        cluster.client.delete(ref, uid=None, propagation="Background")


def test_values_arrive_as_they_are_written(cluster: Cluster, anything: str, tmp_path: Path) -> None:
    window = f"apiVersion: {anything}\nkind: Thing\nmetadata: {{name: w}}\nspec: {{start: 22:30, end: 04:15:00, mode: 0o755, big: 9223372036854775807, many: 1e3, bigger: 18446744073709551615, part: 1.5}}\n"
    signs = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  match: =\n  other: =~\n"
    emoji = json.dumps(config_map("emoji", a="done 👍")) + json.dumps(config_map("second", k="v"))
    done = run(cluster, tmp_path, window, signs, emoji)
    assert done.returncode == 0, done.stderr
    assert data(cluster, "conf") == {"match": "=", "other": "=~"}
    assert data(cluster, "emoji") == {"a": "done 👍"}
    assert data(cluster, "second") == {"k": "v"}
    live = cluster.get(anything, "Thing", "w")
    assert live is not None
    spec = {
        "start": "22:30",
        "end": "04:15:00",
        "mode": 493,
        "big": 2**63 - 1,
        "many": 1000,
        "bigger": 18446744073709552000,
        "part": 1.5,
    }
    assert live["spec"] == spec
    again = run(cluster, tmp_path, window.replace("22:30", "23:30"), signs, emoji)
    assert "0 created, 1 changed, 3 unchanged" in again.stdout, again.stdout
    assert undo(cluster, again).returncode == 0
    live = cluster.get(anything, "Thing", "w")
    assert live is not None
    assert live["spec"] == spec
    assert undo(cluster, done).returncode == 0
    assert cluster.get(anything, "Thing", "w") is None


def test_names_of_roles_may_hold_what_a_path_may_not(cluster: Cluster, tmp_path: Path) -> None:
    names = ["a#b", "a?b=c", "system:a b", "é&1"]
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    roles = "---\n".join(
        json.dumps(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules}
        )
        + "\n"
        for name in names
    )
    done = run(cluster, tmp_path, roles)
    assert done.returncode == 0, done.stderr
    assert "4 created" in done.stdout
    assert all(cluster.get("rbac.authorization.k8s.io/v1", "Role", name) for name in names)
    assert undo(cluster, done).returncode == 0
    assert not any(cluster.get("rbac.authorization.k8s.io/v1", "Role", name) for name in names)


def test_an_object_that_the_server_does_not_take_undoes_the_rest(cluster: Cluster, tmp_path: Path) -> None:
    """A ConfigMap beyond its own bound, 1 MiB, that etcd would take; without validate, which would find it."""
    before = run(cluster, tmp_path, json.dumps(config_map("small", a="old")))
    assert before.returncode == 0, before.stderr
    large = "".join(random.Random(1).choices("abcdefghij", k=1_200_000))
    done = run(
        cluster,
        tmp_path,
        json.dumps(config_map("small", a="new")),
        json.dumps(config_map("large", x=large)),
        steps=["deploy"],
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "1048576" in done.stdout
    assert large not in done.stdout + done.stderr
    assert (data(cluster, "small"), data(cluster, "large")) == ({"a": "old"}, None)
    refused = run(cluster, tmp_path, json.dumps(config_map("small", a="new")), json.dumps(config_map("large", x=large)))
    assert refused.returncode == 3, refused.stdout
    assert data(cluster, "small") == {"a": "old"}


def test_an_object_that_etcd_does_not_take_is_refused_before_anything_is_touched(
    cluster: Cluster, anything: str, tmp_path: Path
) -> None:
    text = "".join(random.Random(1).choices("abcdefghij", k=1_900_000))
    blob = json.dumps({"apiVersion": anything, "kind": "Thing", "metadata": {"name": "b"}, "spec": {"x": text}})
    done = run(cluster, tmp_path, json.dumps(config_map("small", a="new")), blob)
    assert done.returncode == 2, done.stdout
    assert "Thing b holds 1900" in done.stderr
    assert data(cluster, "small") is None


def test_large_objects_fill_the_journal_and_are_undone(cluster: Cluster, tmp_path: Path) -> None:
    """Before and after of two objects that hardly compress are more than one Secret holds."""

    def texts(seed: int) -> list[str]:
        chance = random.Random(seed)
        return [json.dumps(config_map(f"large-{n}", x=chance.randbytes(400_000).hex())) for n in range(2)]

    first = run(cluster, tmp_path, *texts(1))
    assert first.returncode == 0, first.stdout + first.stderr
    before = [data(cluster, f"large-{n}") for n in range(2)]
    second = run(cluster, tmp_path, *texts(2))
    assert second.returncode == 0, second.stdout + second.stderr
    assert undo(cluster, second).returncode == 0
    assert [data(cluster, f"large-{n}") for n in range(2)] == before


def test_two_hundred_objects_of_every_form(cluster: Cluster, tmp_path: Path) -> None:
    """With a byte order mark, CRLF, empty documents, lists in lists, and texts of every script."""
    maps = [config_map(f"m-{n}", a=f"{n} ü 日本 🎉\r\n\ttab", **{f"k.{n}": ""}) for n in range(200)]
    one = "\ufeff---\r\n# nothing\r\n---\r\n" + "---\r\n".join(
        json.dumps(m, ensure_ascii=False) + "\r\n" for m in maps[:100]
    )
    nested = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [{"apiVersion": "v1", "kind": "ConfigMapList", "items": maps[100:]}],
    }
    done = run(cluster, tmp_path, one, json.dumps(nested))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "200 created" in done.stdout
    assert data(cluster, "m-150") == maps[150]["data"]
    assert undo(cluster, done).returncode == 0
    assert data(cluster, "m-0") is None
