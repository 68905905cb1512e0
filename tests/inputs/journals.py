"""Journals that are wrong: cut, tampered with, of another version or run; in files and in Secrets, of old and of now."""

from __future__ import annotations

import base64
import functools
import json
import random
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from sternway_steps.config.schema import JournalConfig
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import ROOT
from tests.helpers import config_map, config_of

from . import bytes_and_lines, trees
from .case import Case, Command

FOLDER = ROOT / "tests/journals"
Lines = list[bytes]
Journal = dict[tuple[str, str], Lines]
"""Records by run and name (`run`, `deploy.execute.1`), each a list of entries as JSON."""


def make(rng: random.Random) -> Case:
    if rng.random() < 0.4:
        return _in_files(rng)
    state = json.loads(rng.choice(_states()))
    secrets = next(objects for (_, kind), objects in state["objects"] if kind == "Secret")
    journal = {_key(secret): _lines(secret) for secret in secrets if _key(secret)[0]}
    what = _tamper(rng, journal, 900_000)
    made = [_secret(secret, key, lines) for key, lines in journal.items() for secret in [_like(secrets, key)]]
    if rng.random() < 0.4:
        what += "; " + _tamper_secret(rng, rng.choice(made)) if made else ""
    secrets[:] = [secret for secret in secrets if not _key(secret)[0]] + list(
        {each["metadata"]["name"]: each for each in made}.values()
    )
    words = [*_words(rng, sorted({run for run, _ in journal} | {"new", "old"})), "--kubeconfig", "{kubeconfig}"]
    words += rng.choice([[], ["--namespace", "default"], ["--output", "json"]])
    names = ("run", "journal", "record", "namespace", "Secret", "sternway.")
    return Case(
        "journals",
        f"Secrets: {what}",
        {},
        [Command(words, undoes=words[0] in _CHANGING)],
        names,
        state=json.dumps(state).encode(),
    )


_CHANGING = ("rollback", "sweep", "resume")


def _words(rng: random.Random, runs: list[str]) -> list[str]:
    run = rng.choice(runs)
    return list(rng.choice([
        ("runs",), ("runs",), ("runs", "--target", "default.web"), ("show", run), ("show", run), ("show", "default/" + run), ("status", "default.web"),
        ("rollback", run), ("rollback", run, "--unfinished"), ("rollback", "--to", run), ("resume", run), ("sweep",), ("sweep", "--run", run),
    ]))  # fmt: skip


def _in_files(rng: random.Random) -> Case:
    files = dict(rng.choice(_files()))
    journal: Journal = {}
    for path, content in files.items():
        if path.endswith(".jsonl"):
            run, _, name = path.rpartition("/")
            journal[run, name.removesuffix(".jsonl")] = content.splitlines()
    what = _tamper(rng, journal, 30_000_000)
    made: dict[str, bytes | str] = {
        f"j/{run}/{name}.jsonl": b"".join(line + b"\n" for line in lines)
        for (run, name), lines in journal.items()
        if "/" not in run + name
    }
    if made and rng.random() < 0.4:
        path = rng.choice(list(made))
        content = made[path]
        assert isinstance(content, bytes)
        how = rng.randrange(6)
        if how < 3:
            made[path], more = bytes_and_lines.broken(rng, content)
        else:
            made[path], more = rng.choice(
                [
                    ("nowhere", "a link to nothing"),
                    ("/dev/null", "a device"),
                    ("..", "a folder"),
                    (path.rpartition("/")[2], "a link to itself"),
                ]
            )
        what += f"; {path} is broken ({more})"
    runs = sorted({path.split("/")[1] for path in made} | {"new"})
    words = [*_words(rng, runs), "--journal", "j"]
    words = [word for word in words if not word.startswith("default/")] if words[:1] == ["show"] else words
    words = ["show", "new", "--journal", "j"] if words[:2] == ["show", "--journal"] else words
    return Case(
        "journals",
        f"files: {what}",
        made,
        [Command(words, undoes=words[0] in _CHANGING)],
        ("run", "journal", "record", "j/"),
    )


def _tamper(rng: random.Random, journal: Journal, most: int) -> str:
    """Change records as accidents and people do, and say what was done; no entry gets longer than `most` bytes."""
    key = rng.choice(list(journal))
    lines = journal[key]
    number = rng.randrange(len(lines)) if lines else 0
    line = lines[number] if lines else b"{}"
    how = rng.choice(
        [
            "entry",
            "entry",
            "entry",
            "entry",
            "cut",
            "drop",
            "twice",
            "swap",
            "record",
            "name",
            "other run",
            "schema",
            "kind",
            "json",
            "bomb",
        ]
    )
    if how == "entry":
        data, what = trees.broken(rng, json.loads(line))
        try:
            lines[number : number + 1] = [json.dumps(data).encode()[:most]]
        except (TypeError, ValueError):
            lines[number : number + 1] = [b"{}"]
        return f"{key}: {what}"
    if how == "cut":
        lines[number : number + 1] = [line[: rng.randrange(len(line) + 1)]]
    elif how == "drop":
        del lines[number : rng.choice((number + 1, len(lines)))]
    elif how == "twice":
        lines.insert(number, line)
    elif how == "swap":
        rng.shuffle(lines)
    elif how == "record":
        del journal[key]
    elif how == "name":
        names = [
            "run",
            "x",
            "deploy.execute.0",
            "deploy.execute.-1",
            "deploy.execute." + "9" * 30,
            "deploy.explode.1",
            "a.b.c.d",
            "deploy.rollback.1",
            ".execute.1",
            "deploy.execute.01",
            "deploy..1",
        ]
        journal[rng.choice(["new", "old", "x"]), rng.choice(names)] = journal.pop(key)
    elif how == "other run":
        others = {name: lines for (run, name), lines in journal.items() if run != key[0]}
        journal.update({(key[0], name): lines for name, lines in others.items() if rng.random() < 0.5})
    elif how in ("schema", "kind"):
        values = (
            [2, 0, -1, "1", None, 1.5, True, [], 10**30]
            if how == "schema"
            else ["run-started", "run-ended", "step-ended", "intent", "x", "", None, 1, []]
        )
        lines[number : number + 1] = [json.dumps({**json.loads(line), how: rng.choice(values)}).encode()]
    elif how == "json":
        lines[number : number + 1] = [
            rng.choice(
                [
                    b"",
                    b"null",
                    b"[]",
                    b"1",
                    b"x",
                    b'{"schema":1}',
                    b"[" * 100_000,
                    b'{"schema":1e999,"kind":"intent"}',
                    b'{"schema":1,"kind":"intent","data":[1]}',
                    b"\xff\xfe",
                    b'"\\ud800"',
                    b"9" * 5000,
                    b'{"a":' * 5000 + b"1" + b"}" * 5000,
                ]
            )
        ]
    else:
        lines[number : number + 1] = [
            b'{"schema":1,"kind":"intent","time":"","data":{"x":"'
            + b"x" * (most * 300 if most < 10**6 else most)
            + b'"}}'
        ]
    return f"{key}: {how}"


def _key(secret: dict[str, Any]) -> tuple[str, str]:
    run = secret["metadata"].get("labels", {}).get("sternway.dev/run", "")
    return run, secret["metadata"]["name"].removeprefix(f"sternway.{run}.")


def _lines(secret: dict[str, Any]) -> Lines:
    found: dict[str, bytes] = {}
    for name, value in sorted(secret.get("data", {}).items()):
        found[name[:4]] = found.get(name[:4], b"") + base64.b64decode(value)
    return [zlib.decompress(packed) for packed in found.values()]


def _like(secrets: list[dict[str, Any]], key: tuple[str, str]) -> dict[str, Any]:
    mine = [secret for secret in secrets if _key(secret)[0]]
    return next((secret for secret in mine if _key(secret) == key), mine[0])


def _secret(like: dict[str, Any], key: tuple[str, str], lines: Lines) -> dict[str, Any]:
    run, name = key
    data = {
        f"{number:04d}.001-001": base64.b64encode(zlib.compress(line)).decode() for number, line in enumerate(lines)
    }
    metadata = {
        **like["metadata"],
        "name": f"sternway.{run}.{name}",
        "labels": {**like["metadata"]["labels"], "sternway.dev/run": run},
    }
    return {**like, "metadata": metadata, "data": data}


def _tamper_secret(rng: random.Random, secret: dict[str, Any]) -> str:
    """Change what a server lets anybody change of a Secret."""
    labels, data = dict(secret["metadata"]["labels"]), dict(secret["data"])
    secret["metadata"] = {**secret["metadata"], "labels": labels}
    how = rng.choice(["label", "label gone", "key", "chunk", "type", "no data", "annotation"])
    if how == "label":
        labels[rng.choice(list(labels))] = rng.choice(["", "x", "new", "old", "run", "step", "a.b", "A_b"])
    elif how == "label gone":
        labels.pop(rng.choice(list(labels)))
    elif how == "key" and data:
        data[rng.choice(["x", "0000", "9999.001-001", "0000.002-001", "0000.000-000", "0000.001-999"])] = data.pop(
            rng.choice(list(data))
        )
    elif how == "chunk" and data:
        packed = rng.choice(
            [
                b"",
                b"x",
                b"\x78\x9c",
                zlib.compress(b"\xff"),
                zlib.compress(b"{}")[:-3],
                zlib.compress(b"x" * 10**6),
                b"\0" * 1000,
            ]
        )
        data[rng.choice(list(data))] = base64.b64encode(packed).decode()
    elif how == "type":
        secret["type"] = rng.choice(["Opaque", "sternway.dev/journal.v2", "kubernetes.io/tls"])
    elif how == "annotation":
        secret["metadata"]["annotations"] = {
            "sternway.dev/entry": rng.choice(["", "x", "-1", "9" * 30]),
            "sternway.dev/started": rng.choice(["", "x", "2026"]),
        }
    secret["data"] = {} if how == "no data" else data
    return f"{secret['metadata']['name']}: {how}"


@functools.cache
def _states() -> tuple[str, ...]:
    """Give states of the sandbox whose journals are in Secrets: of the first release, and of this version."""
    old = []
    for path in sorted(FOLDER.glob("*.json")):
        kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for obj in json.loads(path.read_text()).get("objects", []):
            kinds.setdefault((obj["apiVersion"].rpartition("/")[0], obj["kind"]), []).append(obj)
        if kinds:
            version = max(int(obj["metadata"]["resourceVersion"]) for of in kinds.values() for obj in of)
            old.append(json.dumps({"version": version, "objects": list(kinds.items())}))
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.json"
        _played(state, None)
        return (*old, *[state.read_text()] * 4)


@functools.cache
def _files() -> tuple[tuple[tuple[str, bytes], ...], ...]:
    """Give journals in files: that of builds of the first release, and one of this version."""
    old = json.loads((FOLDER / "build.json").read_text())["files"]
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        _played(None, journal)
        now = tuple((str(path.relative_to(journal)), path.read_bytes()) for path in sorted(journal.rglob("*.jsonl")))
    return (tuple((path, "".join(f"{line}\n" for line in lines).encode()) for path, lines in old.items()), now)


def _played(state: Path | None, journal: Path | None) -> None:
    """Deploy, deploy again, and undo that, so that each kind of record is there."""
    where: dict[str, Any] = {"journal": JournalConfig("file", path=str(journal))} if journal else {}
    with (
        Sandbox(state) as sandbox,
        Session(kubeconfig=sandbox.kubeconfig, journal=str(journal) if journal else None) as session,
    ):
        for name, version in (("old", "1"), ("new", "2"), ("newest", "3")):
            config = config_of("default", config_map("settings", version=version), **where)
            session.run(replace(config, name="web"), run=name)
        session.rollback("newest")
