"""The tables of manifests, held against kubectl and a real API server; see tests/unit/config/test_manifests.py for our side."""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster
from tests.manifests import GROUP, REFUSED, cases

pytestmark = pytest.mark.cluster


@pytest.fixture
def kind(real: Cluster) -> Iterator[str]:
    """A kind of its own that keeps every field; gives its group."""
    group = f"t{uuid.uuid4().hex[:8]}.{GROUP}"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"tables.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Table", "listKind": "TableList", "plural": "tables", "singular": "table"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    }
    ref = Ref.of(real.client.create(definition, manager="test"))
    try:
        wait_until_served(real.client, [ref], lambda: None)
        yield group
    finally:
        real.client.delete(ref, uid=None, propagation="Background")


def test_kubectl_reads_every_line_of_the_tables_so(real: Cluster, kind: str, tmp_path: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on PATH")
    table = list(cases())
    for case in table:
        (tmp_path / f"{case.name}.yaml").write_bytes(_in_group(case.content, kind))
    done = subprocess.run(
        [kubectl, "create", "--dry-run=server", "-n", real.namespace, "-o", "json", "-f", str(tmp_path)],
        env={**os.environ, "KUBECONFIG": real.kubeconfig}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    refused = set(re.findall(rf"{re.escape(str(tmp_path))}/([\w-]+)\.yaml", done.stderr))
    made = {obj["metadata"]["name"]: obj.get("spec") for obj in _objects(done.stdout)}
    wrong = []
    for case in table:
        found: Any = {name: spec for name, spec in made.items() if re.fullmatch(rf"{case.name}(-\d)?", name)}
        found = REFUSED if case.name in refused or (case.kubectl == REFUSED and not found) else found
        if json.dumps(found, sort_keys=True) != json.dumps(case.kubectl, sort_keys=True):
            wrong.append((case.name, found, case.kubectl))
    assert len(made) > 200
    assert wrong == []


def _in_group(content: bytes, group: str) -> bytes:
    marks = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    encoding = marks.get(content[:2], "utf-8")
    return content.replace(f"{GROUP}/".encode(encoding), f"{group}/".encode(encoding))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        obj, at = decoder.raw_decode(text, at)
        yield from obj["items"] if obj["kind"] == "List" else [obj]
