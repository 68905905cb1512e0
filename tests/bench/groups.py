"""Three groups of ten services that come up one later than the other, beside the slowest of each group alone.

Each group deploys its ten side by side, then verifies them side by side. Every service is a step of its own, with its
own records in the journal; so what is measured is what 30 services cost over 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.sandbox import Sandbox

from tests.bench.measure import Cost, in_turn, run, table
from tests.helpers import command, deployment

GROUPS, SERVICES = 3, 10
SLOWEST = 6.0
"""Seconds until the slowest service of a group is ready; the others need an equal part less each."""


def groups(folder: Path, rounds: int) -> None:
    """Measure `sternway run` on the sandbox, a fresh one for each run."""
    every = [[f"g{g}-s{s}" for s in range(SERVICES)] for g in range(GROUPS)]
    whole, alone = in_turn(rounds, *(partial(_run, folder, names) for names in (every, [g[-1:] for g in every])))
    rows = [("groups", "s", "ratio", "MiB", "exit")]
    for what, cost in ((f"{GROUPS} groups of {SERVICES} services", whole), ("the slowest of each alone", alone)):
        ratio = f"{cost.wall / alone.wall:.2f}x"
        rows.append((what, f"{cost.wall:.1f}", ratio, f"{cost.peak:.0f}", str(cost.code)))
    table("Groups (medians; the sandbox runs beside)", rows)


def _run(folder: Path, names: Sequence[Sequence[str]], number: int) -> Cost:
    objects = [_service(name) for group in names for name in group]
    steps: list[Any] = []
    for group in names:
        for uses in ("deploy", "verify"):
            steps.append([{"name": f"{uses}-{n}", "uses": uses, "with": {"selector": f"of={n}"}} for n in group])
    (folder / "services.yaml").write_text(yaml.safe_dump_all(objects))
    file = folder / "groups.yaml"
    file.write_text(yaml.safe_dump({"name": "groups", "manifests": ["services.yaml"], "steps": steps}))
    with Sandbox() as sandbox:
        return run(command("run", "-c", str(file)), {"KUBECONFIG": sandbox.kubeconfig})


def _service(name: str) -> dict[str, Any]:
    after = SLOWEST * (int(name.rpartition("s")[2]) + 1) / SERVICES
    made = deployment(name, env=[{"name": "APP_MODE", "value": "slow"}, {"name": "APP_AFTER", "value": f"{after}s"}])
    made["metadata"]["labels"] = {"of": name}
    return made
