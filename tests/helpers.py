"""Small things that many tests need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil
from sternway_steps.config import Config, HttpCheck, Manifest, VerifyConfig
from sternway_steps.config.schema import Grace
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.objects.fields import content
from sternway_steps.saga.events import Event, StepProgress


def sternway(
    *arguments: str,
    kubeconfig: str,
    environ: Mapping[str, str] | None = None,
    timeout: float = 120,
    stdin: str = "",
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STERNWAY_")}
    return subprocess.run(
        command(*arguments), env={**clean, "KUBECONFIG": kubeconfig, **(environ or {})},
        capture_output=True, text=True, timeout=timeout, check=False, input=stdin, cwd=cwd,
    )  # fmt: skip


def run_of(stdout: str) -> str:
    """Give the id of the run that a command told of first."""
    found = re.search(r"^\d\d:\d\d:\d\d run (\S+) of ", stdout, re.M)
    assert found is not None, stdout
    return found[1]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sternway_steps", *arguments]


def until(holds: Callable[[], Any], within: float = 30, what: str = "") -> Any:
    """Wait until something holds, and give it."""
    end = time.monotonic() + within
    while True:
        value = holds()
        if value:
            return value
        assert time.monotonic() < end, f"still not after {within} s: {what or holds}"
        time.sleep(0.05)


def served(client: Client, api_version: str, kind: str) -> bool:
    """Ask whether a kind is served by now: a server defines it some time after its definition was made."""
    client.forget_discovery()
    try:
        client.resource(api_version, kind)
    except UnknownKind:
        return False
    return True


def alive(pid: int) -> bool:
    """Tell whether a process still works. One that was killed is seen to live for a moment after it closed its files."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def said(events: Iterable[Event]) -> list[str]:
    """Give what steps told while they worked."""
    return [event.progress.message for event in events if isinstance(event, StepProgress)]


def state_of(obj: Mapping[str, Any] | None) -> Any:
    """Give what an undo must bring back: content and owners, without what controllers count."""
    if obj is None:
        return None
    bare = content(obj)
    notes = {
        k: v for k, v in (bare["metadata"].get("annotations") or {}).items() if k != "deployment.kubernetes.io/revision"
    }
    bare["metadata"] = {**bare["metadata"], "annotations": notes}
    owners = sorted(
        (m["manager"], m["operation"], json.dumps(m["fieldsV1"], sort_keys=True))
        for m in obj["metadata"].get("managedFields") or []
        if m.get("subresource") != "status" and m["manager"] != "kube-controller-manager"
    )
    return bare, owners


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, image: str = "localhost/app:1", replicas: int | None = 1, **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    probe = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1}
    one = {"name": name, "image": image, "ports": [{"containerPort": 8080}], "readinessProbe": probe, **container}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [one], "terminationGracePeriodSeconds": 1}},
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def config_of(namespace: str, *objects: dict[str, Any], **keys: Any) -> Config:
    """Make a config of objects as they are."""
    keys.setdefault("verify", VerifyConfig(deadline=60, grace=Grace(pull=2, restarts=2)))
    return Config(name="t", namespace=namespace, manifests=tuple(Manifest(o, "test:1") for o in objects), **keys)


__all__ = ["HttpCheck", "Path", "command", "config_map", "config_of", "deployment", "state_of", "sternway", "until"]
