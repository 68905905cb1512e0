"""The sweeper that is generated: what it says, and when there is none. That it works: tests/argo, tests/scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.registry.load import load_with_source
from sternway_steps.saga.sweep_at_once import ON_TERMINATE, sweeper_name

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.cronjob import cronjob

BASE = {"name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "schedule": "30 2 * * *"}


def sweepers(folder: Path, by: Any = pipeline, **keys: Any) -> list[dict[str, Any]]:
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({**BASE, **keys}))
    found = by(*load_with_source(path)).values()
    name = sweeper_name(keys.get("name", "web"))
    return [obj for obj in found if (obj["kind"], obj["metadata"]["name"]) == ("CronJob", name)]


@pytest.mark.parametrize("by", [pipeline, cronjob])
def test_it_sweeps_for_its_own_target_each_minute(tmp_path: Path, by: Any) -> None:
    argo = {"rollbackDeadline": "5m", "podLabels": {"team": "shop"}}
    (made,) = sweepers(tmp_path, by, argo=argo)
    spec, job = made["spec"], made["spec"]["jobTemplate"]["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"], "suspend" in spec) == ("* * * * *", "Forbid", False)
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["command"], container["args"]) == (["sternway"], ["sweep", "--config", "/config/sternway.yaml"])
    assert container["image"].startswith("localhost/sternway-run:")
    assert (pod["serviceAccountName"], pod["terminationGracePeriodSeconds"]) == ("sternway-web", 300)
    assert job["activeDeadlineSeconds"] == 300 + 30
    assert job["template"]["metadata"] == {"labels": {"team": "shop"}}, "the deployed Service selects no pod of ours"
    at_once = (made["metadata"].get("annotations") or {}).get(ON_TERMINATE)
    assert at_once == ("true" if by is pipeline else None)


def test_what_goes_on_forward_has_the_time_for_it(tmp_path: Path) -> None:
    (made,) = sweepers(tmp_path, onInterrupt="resume", deadline="10m", argo={"rollbackDeadline": "5m"})
    assert made["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 300 + 600 + 30


def test_without_the_schedule_it_is_there_for_a_terminated_workflow_alone(tmp_path: Path) -> None:
    (made,) = sweepers(tmp_path, argo={"sweep": False})
    assert (made["spec"]["suspend"], made["metadata"]["annotations"][ON_TERMINATE]) == (True, "true")
    assert sweepers(tmp_path, argo={"sweep": False, "undoOnTerminate": False}) == []
    assert sweepers(tmp_path, cronjob, argo={"sweep": False}) == []
    (made,) = sweepers(tmp_path, argo={"undoOnTerminate": False})
    assert ON_TERMINATE not in made["metadata"].get("annotations", {})


def test_long_names_stay_apart_and_leave_room_for_a_time_stamp(tmp_path: Path) -> None:
    first, second = "a" * 51, "a" * 52
    names = {sweeper_name(first), sweeper_name(second)}
    assert (len(names), max(map(len, names))) == (2, 52)
    assert len(sweepers(tmp_path, name=second)) == 1
