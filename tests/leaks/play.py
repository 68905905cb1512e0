"""Plays one case: a secret where one may stand, everything that Sternway shows and writes of it, and what of it leaks."""

from __future__ import annotations

import base64
import html
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.kube.client import Client
from sternway_steps.sandbox import Sandbox

from tests.helpers import sternway

from .marks import KINDS, Mark, mark_of
from .printing import WAYS

FORMS = ("text", "json", "github")
PRINTING = str(Path(__file__).with_name("printing.py"))


@dataclass(frozen=True)
class Case:
    """Where a secret stands, what it is like, how it is told, and how the command that tells it ends."""

    seed: int
    kind: str
    way: str
    code: int
    form: str


def case_of(seed: int) -> Case:
    """Return the case of a seed. Kinds and ways meet in an order that leaves no pair out for long."""
    chance = random.Random(seed)
    kind, way = KINDS[seed % len(KINDS)], WAYS[seed % len(WAYS)]  # 11 and 17 have no divisor in common
    return Case(seed, kind, way, chance.choice([0, 0, 1, 7]), chance.choice(FORMS))


def leaks(case: Case, sandbox: Sandbox, folder: Path) -> list[str]:
    """Play a case; returns where the secret was found, and how."""
    chance = random.Random(f"{case.seed} {case.kind}")
    mark, url = mark_of(case.kind, chance), mark_of("word", chance)
    namespace, name = "default", f"keys-{case.seed}"
    _plant(sandbox.kubeconfig, namespace, name, mark)
    config = _config(folder, case, namespace, name, mark, url.value.decode())
    found = []
    for what, output in _outputs(case, sandbox.kubeconfig, config, folder, url.value.decode()):
        found += [f"{what}: {how}" for each in (mark, url) if (how := each.found_in(output))]
    return found


def _plant(kubeconfig: str, namespace: str, name: str, mark: Mark) -> None:
    client = Client.connect(kubeconfig)
    try:
        metadata = {"name": name, "namespace": namespace}
        data = {"key": base64.b64encode(mark.value).decode()}
        client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}, manager="test")
    finally:
        client.close()


def _config(folder: Path, case: Case, namespace: str, name: str, mark: Mark, url: str) -> Path:
    """Write a configuration whose command tells the secret, going forward, back, and when all is over."""

    def tell(code: int) -> list[str]:
        return [sys.executable, PRINTING, case.way, str(code)]

    env = {"SECRET": {"secret": name, "key": "key"}, "SEEN": str(folder / "seen")}
    also = {"SECRET": {"secret": name, "key": "key"}}
    keys: dict[str, Any] = {
        "name": f"t-{case.seed}", "namespace": namespace, "journal": {"store": "file", "path": str(folder / "journal")},
        "steps": [
            {"name": "first", "execute": tell(0), "rollback": tell(0), "env": env},
            {"name": "second", "execute": tell(case.code), "rollback": tell(0), "env": also},
            {"name": "over", "execute": tell(case.code), "on": "always", "env": also},
        ],
    }  # fmt: skip
    path = folder / "sternway.yaml"
    path.write_text(json.dumps(keys))
    (folder / "manifests.yaml").write_text(yaml.safe_dump(_manifest(f"{name}-more", mark)))
    other = {**keys, "manifests": ["manifests.yaml"], "steps": ["build", "deploy"], "image": "r.example/web:1", "build": {"context": f"https://{url}@127.0.0.1:9/x.git"}}  # fmt: skip
    (folder / "other.yaml").write_text(json.dumps(other))
    return path


def _manifest(name: str, mark: Mark) -> dict[str, Any]:
    """Return a Secret that the server does not take, for its value is no text but holds the mark."""
    text = mark.value.decode(errors="replace").translate(dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160))))  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": {"key": [text, {"a": text}]},
    }


def _outputs(case: Case, kubeconfig: str, config: Path, folder: Path, url: str) -> Iterator[tuple[str, bytes]]:
    run = f"r-{case.seed}"
    other, made = str(folder / "other.yaml"), folder / "made"
    journal = ["--journal", str(folder / "journal")]
    commands = [
        ["run", "-c", str(config), "--run", run, "-o", case.form],
        ["show", run, *journal, "-o", "json"],
        ["show", run, *journal, "-o", "text"],
        ["show", run, *journal, "-o", "html"],
        ["plan", "-c", other, "-o", case.form],
        ["config", "show", "-c", other, "-o", "json" if case.form == "json" else "text"],
        ["template", "-c", other, "-o", str(made)],
        ["run", "-c", other, "--run", f"{run}-other", "-o", case.form],
    ]
    for words in commands:
        done = sternway(*words, kubeconfig=kubeconfig, environ={"STERNWAY_IMAGE": "r.example/web:2"} if other in words else None)  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        shown = " ".join(words[:2])
        stdout = html.unescape(done.stdout) if "html" in words else done.stdout  # as it is read
        yield f"{shown}, standard output", stdout.encode(errors="surrogateescape")
        yield f"{shown}, standard error", done.stderr.encode(errors="surrogateescape")
    files = [file for place in (folder / "journal", made) if place.is_dir() for file in place.rglob("*")]
    assert [file for file in files if "journal" in str(file)], "there is a journal to look into"
    for file in files:
        if file.is_file():
            yield str(file.relative_to(folder)), _without_manifests(file.read_bytes())
    yield "what others see of processes", (folder / "seen").read_bytes()


def _without_manifests(content: bytes) -> bytes:
    """Return a file of the journal without the manifests that an undo, or a resumption, is told: these are to be there."""
    lines = []
    for line in content.splitlines():
        try:
            entry = json.loads(line)
            entry["data"]["config"]["manifests"] = []
            lines.append(json.dumps(entry, ensure_ascii=False).encode())
        except (ValueError, KeyError, TypeError):
            lines.append(line)
    return b"\n".join(lines)
