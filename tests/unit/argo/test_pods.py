"""Which steps share a pod: all in a row that nothing parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.saga.plan import PlannedStep
from sternway_steps.step import Effects, StepSpec

from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pods import OwnPod, rows, unique


def step(name: str) -> PlannedStep:
    return PlannedStep(name, StepSpec(name, Effects.REVERSIBLE))


def shown(groups: list[str], own: str) -> list[Any]:
    """Give the rows as text: `a` for an own pod, `[a bc]` for a shared one."""
    found = rows([[step(name) for name in group] for group in groups], set(own))
    return [
        [
            pod.step.name
            if isinstance(pod, OwnPod)
            else f"[{' '.join(''.join(s.name for s in g) for g in pod.groups)}]"
            for pod in row
        ]
        for row in found
    ]


@pytest.mark.parametrize(
    ("groups", "own", "expected"),
    [
        (["a", "b", "c"], "", [["[a b c]"]]),
        (["a", "bc", "d"], "", [["[a bc d]"]]),
        (["a", "b", "c"], "b", [["[a]"], ["b"], ["[c]"]]),
        (["a", "b", "c"], "abc", [["a"], ["b"], ["c"]]),
        (["a", "bcd", "e"], "c", [["[a]"], ["c", "[bd]"], ["[e]"]]),
        (["ab"], "ab", [["a", "b"]]),
        ([], "", []),
    ],
)
def test_steps_share_a_pod_until_something_parts_them(groups: list[str], own: str, expected: list[Any]) -> None:
    assert shown(groups, own) == expected


def test_a_name_that_is_taken_is_numbered() -> None:
    assert unique("a", []) == "a"
    assert unique("a", ["a", "a-2"]) == "a-3"


@pytest.mark.parametrize(
    ("argo", "told"),
    [
        ({}, ["step deploy has a pod of its own on Argo: pod.serviceAccount, pod.nodeSelector"]),
        ({"pods": "each"}, []),
    ],
)
def test_template_names_what_it_put_apart_by_itself(argo: dict[str, Any], told: list[str], tmp_path: Path) -> None:
    pod = {"serviceAccount": "loader", "nodeSelector": {"pool": "big"}}
    steps = ["validate", {"name": "deploy", "pod": pod}, "verify"]
    keys = {
        "name": "web",
        "namespace": "shop",
        "image": "web:1",
        "port": 80,
        "steps": steps,
        "argo": {"image": "r/{step}:1", **argo},
    }
    config = tmp_path / "sternway.yaml"
    config.write_text(json.dumps(keys))
    made = sternway("template", "--config", str(config), "--output", "-", kubeconfig="")
    assert made.returncode == 0, made.stderr
    assert made.stderr.splitlines() == told
