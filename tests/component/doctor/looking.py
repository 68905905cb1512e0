"""What the doctor is called with: a cluster, a configuration, a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import yaml
from sternway_steps.config import Config
from sternway_steps.doctor.examine import Doctor
from sternway_steps.doctor.finding import Finding, Level
from sternway_steps.session import Session

Findings = dict[str, list[Finding]]


def examined(
    kubeconfig: str, config: Config | Callable[[], Config] | None = None, clock: Callable[[], float] = time.time
) -> Findings:
    """Give what is found, by its check; each that is not good says why it matters, and what to do."""
    with Session(kubeconfig=kubeconfig) as session:
        load = config if callable(config) else lambda: config
        found = list(Doctor(session, load, clock).findings())
    by_check: Findings = {}
    for finding in found:
        by_check.setdefault(finding.check, []).append(finding)
        assert finding.what
        assert (finding.level is Level.GOOD) == (not finding.why and not finding.remedy), finding
    return by_check


def levels(found: Findings) -> dict[str, set[str]]:
    return {check: {finding.level.value for finding in findings} for check, findings in found.items()}


def wrong(found: Findings) -> list[str]:
    return [f"{f.check}: {f.what}" for findings in found.values() for f in findings if f.level is Level.WRONG]


def warnings(found: Findings, check: str) -> list[str]:
    return [f.what for f in found.get(check, ()) if f.level is Level.WARNING]


def edited(kubeconfig: str, folder: Path, *, server: str = "", namespace: str = "", **user: str) -> str:
    """Write a kubeconfig like another, with another server, namespace, or keys of the user."""
    data = yaml.safe_load(Path(kubeconfig).read_text())
    if server:
        data["clusters"][0]["cluster"]["server"] = server
    if namespace:
        data["contexts"][0]["context"]["namespace"] = namespace
    data["users"][0]["user"] |= user
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(data))
    return str(path)
