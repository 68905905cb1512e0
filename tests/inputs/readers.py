"""What other readers make of an input: the oracles of the cases."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .case import Ended, Oracle

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST = 300_000
"""Bytes from which on PyYAML is not asked: it takes minutes to unfold what ours refuses at once."""


def decoded(content: bytes) -> str | None:
    """Return a text as an editor opens it; None when it is none."""
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return None


def is_yaml(content: bytes) -> bool:
    """Tell whether PyYAML finds one document, or none, in a text."""
    text = decoded(content)
    if text is None:
        return False
    try:
        yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        return False
    return True


def plain(content: bytes) -> Any:
    """Return what PyYAML reads, None when it reads nothing or is not asked."""
    if len(content) > _MOST or b"*" in content or not is_yaml(content):
        return None
    try:
        return yaml.load(decoded(content) or "", _LOADER)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError):
        return None


def of_configuration(content: bytes, own: bool) -> Oracle:
    """Hold a command that reads a configuration to PyYAML; `own`: the file stands alone, extending none."""

    def wrong(ended: Ended) -> str:
        if ended.code != 0:
            return ""
        if not is_yaml(content):
            return "PyYAML does not read this, and it was taken"
        data = plain(content)
        if own and isinstance(data, Mapping) and data and not isinstance(data.get("name"), str | int | float):
            return "it has no name, and it was taken"
        shown = _shown(ended.out) if "show" in ended.argv and "json" in ended.argv else {}
        for key in ("name", "namespace", "image"):
            if (
                own
                and shown
                and isinstance(data, Mapping)
                and isinstance(data.get(key), str)
                and shown.get(key) != data[key]
            ):
                return f"{key} is {data[key]!r} to PyYAML, and {shown.get(key)!r} to us"
        return ""

    return wrong


def _shown(out: str) -> dict[str, Any]:
    told = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return {each["key"]: each["value"] for each in told if each.get("type") == "config-value"}


def of_manifests(content: bytes, kubeconfig: str) -> Oracle:
    """Hold a plan to kubectl, where there is one: what it does not read is not taken, what it reads is all planned."""

    def wrong(ended: Ended) -> str:
        if ended.code != 0 or not shutil.which("kubectl"):
            return ""
        asked = [
            "kubectl",
            "--kubeconfig",
            kubeconfig,
            "create",
            "--dry-run=client",
            "--validate=false",
            "-o",
            "name",
            "-f",
            "-",
        ]
        done = subprocess.run(asked, input=content, capture_output=True, timeout=20, check=False)
        if done.returncode != 0 and content.lstrip()[:1] == b"{":
            return ""  # kubectl takes a brace for JSON; ours goes on to read YAML
        if done.returncode != 0:
            return f"kubectl does not take this: {done.stderr.decode(errors='replace')[:300]}"
        theirs = sorted(line.rpartition("/")[2] for line in done.stdout.decode(errors="replace").splitlines())
        told = [json.loads(line) for line in ended.out.splitlines() if line.startswith("{")]
        ours = sorted(
            each["object"].split(" ")[0].rpartition("/")[2] for each in told if each.get("type") == "plan-object"
        )
        return "" if ours == theirs else f"kubectl reads {theirs[:9]}, we {ours[:9]}"

    return wrong


def of_pipelines(content: bytes) -> Oracle:
    """Hold lint to PyYAML: what it does not read is named, with the file."""

    def wrong(ended: Ended) -> str:
        text = decoded(content)
        try:
            list(yaml.compose_all(text, Loader=_LOADER)) if text is not None else None
        except (yaml.YAMLError, RecursionError):
            text = None
        if text is None and ended.code == 0:
            return "PyYAML does not read this, and nothing was found"
        return ""

    return wrong


def secretless(secret: str) -> Oracle:
    """Hold that a secret stands in no output."""
    return lambda ended: "it shows a secret" if secret in ended.out + ended.err else ""


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Return what a folder holds, to compare."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = str(path.readlink())
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
        else:
            found[str(path.relative_to(folder))] = ""
    return found
