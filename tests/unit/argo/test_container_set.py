"""Steps that share a pod, as what Argo runs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from tests.unit.argo.generated import templates, written

GROUP = [{"name": "base", "uses": "deploy"}, {"name": "app", "uses": "deploy"}]
STEPS = ["validate", "deploy", GROUP, "verify"]


def shared(folder: Path, **keys: Any) -> dict[str, dict[str, Any]]:
    """Give what is generated where nothing is said of pods."""
    return written(folder, **{"steps": STEPS, **keys})


def containers(objects: dict[str, dict[str, Any]], template: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in templates(objects)[template]["containerSet"]["containers"]}


def rows(objects: dict[str, dict[str, Any]], template: str) -> list[list[str]]:
    return [[step["template"] for step in row] for row in templates(objects)[template]["steps"]]


def after(flag: str, args: list[str]) -> list[str]:
    return [value for word, value in itertools.pairwise(args) if word == flag]


def test_one_pod_forward_and_one_back_with_the_report_at_its_end(tmp_path: Path) -> None:
    objects = shared(tmp_path)
    assert rows(objects, "execute") == [["forward"]]
    apart = [["rollback-base", "rollback-app"], ["rollback-deploy"], ["report"]]
    assert rows(objects, "undo") == [["back"], *apart], "once more if need be, where what kills one keeps none from it"
    forward, back = containers(objects, "forward"), containers(objects, "back")
    waits = {name: each.get("dependencies", []) for name, each in forward.items()}
    assert waits == {
        "validate": [],
        "deploy": ["validate"],
        "base": ["deploy"],
        "app": ["deploy"],
        "verify": ["base", "app"],
    }
    waits = {name: each.get("dependencies", []) for name, each in back.items()}
    assert waits == {
        "rollback-base": [],
        "rollback-app": [],
        "rollback-deploy": ["rollback-base", "rollback-app"],
        "main": ["rollback-deploy"],
    }
    assert forward["verify"]["image"].startswith("localhost/sternway-verify:")
    assert back["main"]["args"][0] == "report"


def test_the_second_round_is_only_for_a_run_that_did_not_end(tmp_path: Path) -> None:
    first, *again = (step for row in templates(shared(tmp_path))["undo"]["steps"] for step in row)
    assert first["arguments"]["parameters"] == [{"name": "another-round", "value": "true"}]
    code = "{{=steps['back'].status == '' ? 'none' : (steps['back'].outputs?.parameters?.code ?? 'none')}} == none"
    assert {step["when"] for step in again} == {f"{first['when']} && {code}"}
    assert [step["name"] for step in again] == [
        f"again-{name}" for name in ("rollback-base", "rollback-app", "rollback-deploy", "report")
    ]
    assert not any("arguments" in step for step in again)
    assert all(step["continueOn"] == {"failed": True, "error": True} for step in (first, *again[:-1]))
    assert "continueOn" not in again[-1], "the report decides how the handler ends"


def test_nothing_in_the_handler_has_what_ends_it_whole(tmp_path: Path) -> None:
    for name, template in templates(shared(tmp_path)).items():
        assert "timeout" not in template
        assert ("pendingTimeout" in template) is (name == "forward")
        assert ("retryStrategy" in template) is name.startswith(("report", "rollback-")), "of the second round"


def test_nothing_is_changed_before_all_of_a_pod_have_started(tmp_path: Path) -> None:
    """Its pendingTimeout deletes containers that work, too: the first that change something wait for the others."""
    objects = shared(
        tmp_path, argo={"startDeadline": "90s", "pendingTimeout": "4m"}, steps=["validate", GROUP, "verify"]
    )
    assert templates(objects)["forward"]["pendingTimeout"] == "240s"
    forward = containers(objects, "forward")
    waiting = [name for name, each in forward.items() if after("--all-start-within", each["args"])]
    assert waiting == ["base", "app"]
    assert after("--all-start-within", forward["base"]["args"]) == ["90s"]
    pods = {name: [e["valueFrom"]["fieldRef"] for e in each["env"] if e["name"] == "POD_NAME"] for name, each in forward.items()}  # fmt: skip
    assert pods["base"] == [{"fieldPath": "metadata.name"}]
    assert pods["validate"] == []


def test_what_argo_can_not_do_for_one_container_it_does_itself(tmp_path: Path) -> None:
    argo = {"rollbackRetries": 3, "rollbackDeadline": "2m", "backoff": {"first": "2s", "most": "9s"}}
    objects = shared(tmp_path, argo=argo, steps=["validate", {"name": "deploy", "retries": 7}, GROUP])
    forward, back = containers(objects, "forward"), containers(objects, "back")
    assert after("--retries", forward["deploy"]["args"]) == ["7"]
    assert after("--backoff", forward["deploy"]["args"]) == ["2s..9s"]
    assert after("--beside", forward["base"]["args"]) == ["app"]
    assert after("--beside", forward["deploy"]["args"]) == []
    assert after("--retries", back["rollback-deploy"]["args"]) == ["3"]
    assert after("--within", back["rollback-deploy"]["args"]) == ["150s"]
    assert templates(objects)["back"]["activeDeadlineSeconds"] == 3 * 150, "two rows of rollbacks, and the report"


def test_every_container_is_restricted_and_writes_to_a_folder_of_its_own(tmp_path: Path) -> None:
    objects = shared(tmp_path)
    for template in ("forward", "back"):
        for name, each in containers(objects, template).items():
            assert each["command"] == ["sternway"]
            assert each["securityContext"]["readOnlyRootFilesystem"]
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert each["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp", "subPath": name}]


def test_requests_are_those_of_what_works_at_a_time(tmp_path: Path) -> None:
    """Kubernetes adds up the requests of a pod's containers; a limit without a request would be one."""
    objects = shared(tmp_path)
    asked = {name: each["resources"]["requests"] for name, each in containers(objects, "forward").items()}
    full, idle = {"cpu": "50m", "memory": "64Mi"}, {"cpu": "1m", "memory": "20Mi"}
    assert asked == {"validate": idle, "deploy": idle, "base": full, "app": full, "verify": idle}, "two work at once"
    assert all(each["resources"]["limits"] == {"memory": "256Mi"} for each in containers(objects, "forward").values())


def test_a_step_that_asks_for_its_own_pod_parts_the_others(tmp_path: Path) -> None:
    own = {"serviceAccount": "deployer", "nodeSelector": {"pool": "a"}, "hostNetwork": True, "resources": {"limits": {"memory": "1Gi"}},
           "tolerations": [{"key": "k", "operator": "Exists"}]}  # fmt: skip
    steps = [
        "validate",
        "deploy",
        {"name": "other", "uses": "deploy", "pod": own},
        {"name": "last", "uses": "deploy"},
        "verify",
    ]
    objects = _split(tmp_path, steps)
    assert rows(objects, "execute") == [["forward"], ["execute-other"], ["forward-2"]]
    assert rows(objects, "undo")[:3] == [["back"], ["rollback-other"], ["back-2"]]
    apart = ["rollback-last", "rollback-other", "rollback-deploy", "report"]
    assert rows(objects, "undo")[3:] == [[each] for each in apart]
    assert "main" not in containers(objects, "back")
    assert "main" in containers(objects, "back-2")
    for action in ("execute", "rollback"):
        template = templates(objects)[f"{action}-other"]
        assert template["serviceAccountName"] == "deployer"
        assert template["nodeSelector"] == {"pool": "a"}
        assert template["tolerations"] == [{"key": "k", "operator": "Exists"}]
        assert json.loads(template["podSpecPatch"]) == {"hostNetwork": True}
        assert template["container"]["resources"] == {"limits": {"memory": "1Gi"}}
    assert "other" in objects["ConfigMap"]["data"]["sternway.yaml"]


def _split(folder: Path, steps: list[Any]) -> dict[str, dict[str, Any]]:
    return written(folder, steps=steps)


def test_a_pod_of_its_own_at_the_end_of_the_way_back_has_a_report_of_its_own(tmp_path: Path) -> None:
    steps = [{"name": "deploy", "pod": "own"}, {"name": "other", "uses": "deploy"}]
    back = rows(_split(tmp_path, steps), "undo")
    assert back == [["back"], ["rollback-deploy"], ["report"], ["rollback-other"], ["rollback-deploy"], ["report"]]


def test_nothing_to_undo_leaves_a_report_alone(tmp_path: Path) -> None:
    assert rows(shared(tmp_path, steps=["validate", "verify"]), "undo") == [["report"], ["report"]]


def test_two_builds_of_one_pod_have_their_own_credentials(tmp_path: Path) -> None:
    build = {"context": "https://example.org/x.git#main"}
    steps = [
        {"name": name, "uses": "build", "with": {**build, "image": f"registry.example/{name}:1", "credentials": name}}
        for name in ("one", "two")
    ]
    objects = shared(tmp_path, steps=[*steps, "deploy"])
    volumes = {each["name"]: each for each in templates(objects)["forward"]["volumes"]}
    for name in ("one", "two"):
        mount = next(m for m in containers(objects, "forward")[name]["volumeMounts"] if m["mountPath"] == "/docker")
        assert volumes[mount["name"]]["secret"]["secretName"] == name


def test_values_go_forward_and_the_way_back_has_those_of_the_place_alone(tmp_path: Path) -> None:
    objects = shared(tmp_path, schedule="5 4 * * *", parameters={"namespace": {}})
    told = {"name": "STERNWAY_UNATTENDED", "value": "{{workflow.parameters.unattended}}"}
    place = "namespace={{workflow.parameters.namespace}}"
    for template, values in (("forward", {place, "image={{workflow.parameters.image}}"}), ("back", {place})):
        for name, each in containers(objects, template).items():
            assert values <= set(after("--set", each["args"])), name
            assert template == "forward" or set(after("--set", each["args"])) == values
            assert told in each["env"]


def test_a_step_that_is_called_as_what_ends_the_run_has_its_own_row_and_container(tmp_path: Path) -> None:
    steps = ["validate", {"name": "report", "uses": "deploy"}, {"name": "report-success", "uses": "deploy"}]
    assert set(containers(shared(tmp_path, steps=steps), "back")) == {
        "rollback-report",
        "rollback-report-success",
        "main",
    }
    made = templates(shared(tmp_path, steps=steps, argo={"pods": "each"}))
    called = [[(step["name"], step["template"]) for step in row] for row in made["undo"]["steps"]]
    assert called[:3] == [
        [("rollback-report-success", "rollback-report-success")],
        [("rollback-report", "rollback-report")],
        [("report", "report")],
    ]
    assert "steps['report'].outputs" in made["undo"]["steps"][3][0]["when"]
