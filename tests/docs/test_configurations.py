"""Every configuration of a page is read by the form, and what it deploys is planned on the sandbox."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.yamltree.errors import ConfigErrors

from .blocks import Block, shown_configurations


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A session on a sandbox, where the Secret is that pages name for the journal's key."""
    key = base64.b64encode(base64.b64encode(os.urandom(32)) + b"\n").decode()
    with Sandbox() as sandbox, Session(kubeconfig=sandbox.kubeconfig) as session:
        _there(session, "shop")
        metadata = {"name": "sternway-journal", "namespace": "shop"}
        session.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"keys": key}}, manager="test")  # fmt: skip
        yield session


@pytest.mark.parametrize("block", list(shown_configurations()), ids=str)
def test_a_configuration_is_read_and_planned(block: Block, tmp_path: Path, session: Session) -> None:
    config = _read(block, tmp_path)
    if config.build is not None:
        return  # what is deployed is known once the image is built
    for namespace in filter(None, {config.namespace, config.journal.namespace}):
        _there(session, namespace)
    assert session.plan(config).previews


def _there(session: Session, namespace: str) -> None:
    if session.client.get(Ref("v1", "Namespace", None, namespace)) is None:
        session.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="test")  # fmt: skip


def _read(block: Block, folder: Path) -> Config:
    """Read it. A part of one is laid over the smallest; what files it names are there."""
    (folder / "base.yaml").write_text("name: web\nimage: web:1\nenv: {DEBUG: '1'}\n")
    text = block.text.replace("../sternway.yaml", "base.yaml")
    written = yaml.safe_load(text)
    if not written.keys() & {"name", "extends"}:
        text = f"extends: base.yaml\n{text}"
    (folder / "sternway.yaml").write_text(text)
    for name in _files(written):
        path = folder / name.replace("*", "any")
        file = path if path.suffix else path / "one.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_object(path.stem if path.suffix else "folder"))
    try:
        return load(folder / "sternway.yaml", stdin=io.StringIO(_object("input")))
    except ConfigErrors as errors:
        pytest.fail(f"{block}: {errors}")


def _object(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{app: {name}, tier: base}}}}\n"


def _files(written: dict[str, object]) -> list[str]:
    named = written.get("manifests") or []
    assert isinstance(named, list)
    return [name for name in named if name != "-"]
