"""Which steps share a pod: all in a row that nothing parts."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.saga.plan import PlannedStep
from sternway_steps.step import Effects, StepSpec

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pods import OwnPod, container_names, rows, unique


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


def test_names_of_argos_own_containers_are_not_taken() -> None:
    names = container_names(["deploy", "main", "step-main", "wait", "init", "supervisor"])
    assert names["deploy"] == "deploy"
    assert (names["wait"], names["init"], names["supervisor"]) == ("step-wait", "step-init", "step-supervisor")
    assert names["main"] == "step-step-main", "step-main is another step"
    assert len(set(names.values())) == len(names)


def test_a_name_that_is_taken_is_numbered() -> None:
    assert unique("a", []) == "a"
    assert unique("a", ["a", "a-2"]) == "a-3"
