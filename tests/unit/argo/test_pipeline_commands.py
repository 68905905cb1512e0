"""What the generator makes of commands, and of what no undo reverts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.yamltree.errors import ConfigErrors

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from tests.unit.argo.generated import apart, templates, written

MIGRATE = {"name": "migrate", "image": "m:1", "execute": ["up"], "rollback": ["down", "{{x}}"]}


def test_a_command_runs_in_our_image_which_may_make_jobs_and_nothing_else_may(tmp_path: Path) -> None:
    objects = apart(tmp_path, steps=["validate", MIGRATE, "deploy"])
    for action in ("execute", "rollback"):
        container = templates(objects)[f"{action}-migrate"]["container"]
        assert container["image"].startswith("localhost/sternway-command:")
        assert container["args"][:3] == ["step", "migrate", action]
    assert "{{x}}" not in json.dumps(objects["WorkflowTemplate"]), "a command's words are none of Argo's tags"
    back = [row[0]["name"] for row in templates(objects)["undo"]["steps"]]
    assert back[:3] == ["rollback-deploy", "rollback-migrate", "report"]

    def verbs(rules: list[dict[str, Any]], resource: str) -> set[str]:
        return {verb for rule in rules if resource in rule["resources"] for verb in rule["verbs"]}

    rules = objects["Role"]["rules"]
    assert verbs(rules, "jobs") == {"create", "get", "list", "watch", "delete"}
    assert verbs(rules, "pods/log") == {"get"}
    assert verbs(apart(tmp_path, steps=["validate", "deploy"])["Role"]["rules"], "jobs") == {"create"}
    switched_off = apart(tmp_path, steps=["validate", "deploy"], argo={"undoOnTerminate": False})
    assert verbs(switched_off["Role"]["rules"], "jobs") == set()


@pytest.mark.parametrize(("change", "field", "said"), [
    ({"image": None}, "steps.migrate.image", "in a pod a command runs in an image of its own, and this one has none"),
    ({"folder": "."}, "steps.migrate.folder", "a pod has no folder of this machine"),
    ({"runner": "docker"}, "steps.migrate.runner", "a pod has no docker to run it by"),
])  # fmt: skip
def test_a_command_that_no_pod_can_run_is_refused(tmp_path: Path, change: dict[str, Any], field: str, said: str) -> None:  # fmt: skip
    step = {key: value for key, value in {**MIGRATE, **change}.items() if value is not None}
    with pytest.raises(ConfigErrors) as found:
        written(tmp_path, steps=[step])
    assert [(error.field, error.message) for error in found.value.errors] == [(field, said)]


def test_what_is_irreversible_has_no_rollback_on_argo(tmp_path: Path) -> None:
    step = {"name": "contract", "image": "m:1", "execute": ["up"], "effects": "irreversible"}
    objects = apart(tmp_path, steps=["deploy", step])
    assert "rollback-contract" not in templates(objects)


@pytest.mark.parametrize(("on", "told"), [("failure", False), ("success", True), ("always", True)])
def test_a_success_is_reported_where_a_step_is_to_run_then_and_the_row_decides_nothing(
    tmp_path: Path, on: str, told: bool
) -> None:
    ending = {"name": "page", "on": on, "image": "curl:1", "execute": ["page"], "deadline": "90s", "retries": 1}
    made = templates(apart(tmp_path, steps=["validate", ending, "deploy", "verify"]))
    assert [row[0]["template"] for row in made["execute"]["steps"]] == [f"execute-{n}" for n in ("validate", "deploy", "verify")]  # fmt: skip
    first = made["undo"]["steps"][0][0]
    assert (first["template"] == "report") is told
    if told:
        assert (first["when"], first["continueOn"]) == ("{{workflow.status}} == Succeeded", {"error": True, "failed": True})  # fmt: skip
    plain = templates(apart(tmp_path, steps=["validate", "deploy", "verify"]))
    assert made["report"]["activeDeadlineSeconds"] == plain["report"]["activeDeadlineSeconds"] + 180
