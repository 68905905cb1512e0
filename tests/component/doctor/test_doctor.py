"""The doctor on the sandbox and on a real cluster: what it finds, and that it changes nothing."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config.schema import DEFAULT_STEPS, JournalConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail
from sternway_steps.session import Session

from tests.component.doctor.looking import edited, examined, levels, warnings, wrong
from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, deployment, sternway

ONE_STEP = {"steps": DEFAULT_STEPS[1:2]}


def test_where_all_is_well_it_says_so_and_changes_nothing(cluster: Cluster) -> None:
    config = config_of(cluster.namespace, config_map("m", a="1"), deployment("web"))
    before = stored(cluster)
    found = examined(cluster.kubeconfig, config)
    assert wrong(found) == []
    assert {"good"} == {
        level for check, each in levels(found).items() for level in each if check not in ("argo", "images")
    }
    assert "2 objects can be deployed, and every right is there" in found["run"][0].what
    assert f"Secrets in namespace {cluster.namespace}" in found["journal"][0].what
    assert stored(cluster) == before


def stored(cluster: Cluster) -> set[tuple[str, str]]:
    kinds = (("v1", "Secret"), ("coordination.k8s.io/v1", "Lease"), ("v1", "ConfigMap"), ("apps/v1", "Deployment"))
    found = [obj["metadata"] for kind in kinds for obj in cluster.client.list(*kind, cluster.namespace).items]
    return {(one["uid"], one["resourceVersion"]) for one in found if one["name"] != "kube-root-ca.crt"}


def test_without_a_configuration_it_looks_at_what_none_is_needed_for(cluster: Cluster, tmp_path: Path) -> None:
    found = examined(edited(cluster.kubeconfig, tmp_path, namespace=cluster.namespace))
    assert wrong(found) == []
    assert set(found) == {"kubeconfig", "server", "clock", "rights", "journal", "leftovers", "argo"}
    assert f"namespace {cluster.namespace}" in found["rights"][0].what


def test_who_may_nothing_is_told_all_that_is_missing(cluster: Cluster, tmp_path: Path) -> None:
    nobody = edited(cluster.kubeconfig, tmp_path, **{"as": f"system:serviceaccount:{cluster.namespace}:nobody"})
    found = examined(nobody, config_of(cluster.namespace, config_map("m", a="1")))
    missing = {text.removeprefix("rights: not allowed: ") for text in wrong(found) if text.startswith("rights: ")}
    assert {f"{verb} configmaps in {cluster.namespace}" for verb in ("get", "create", "patch", "delete")} <= missing
    assert f"create secrets in {cluster.namespace}" in missing
    assert "403" in found["journal"][0].what
    assert (levels(found)["server"], levels(found)["journal"]) == ({"good"}, {"wrong"})
    without = examined(edited(nobody, tmp_path, namespace=cluster.namespace))
    assert f"rights: not allowed: create secrets in {cluster.namespace}" in wrong(without)


@pytest.mark.parametrize(("seconds", "which"), [(60, "ahead of"), (-60, "behind")])
def test_a_clock_that_is_wrong_is_told(cluster: Cluster, seconds: int, which: str) -> None:
    found = examined(cluster.kubeconfig, clock=lambda: time.time() + seconds)
    (said,) = warnings(found, "clock")
    assert f" s {which} the API server's" in said
    assert 55 < int(said.split(" is ")[1].split(" s ")[0]) < 65
    assert wrong(found) == []


def test_what_killed_runs_left_is_told_with_the_command_that_undoes_it(cluster: Cluster, tmp_path: Path) -> None:
    config, run = config_of(cluster.namespace, config_map("m", a="1"), **ONE_STEP), new_run_id()
    assert dying.run_until(cluster.kubeconfig, config, run, "PATCH /configmaps/m") == dying.DIED
    at_hand = edited(cluster.kubeconfig, tmp_path, namespace=cluster.namespace)
    for found in (examined(cluster.kubeconfig, config), examined(at_hand)):
        (left,) = found["leftovers"]
        assert left.what == f"run {cluster.namespace}/{run} of {cluster.namespace}.t was cut off"
        assert left.remedy == f"sternway rollback {cluster.namespace}/{run}"
        assert wrong(found) == []


def test_what_is_held_is_told(sternway_sandbox: Sandbox) -> None:
    config = config_of("default", deployment("web", "nope:9"))
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.run(config).exit_code is Exit.FAILED
    for given in (config, None):
        (left,) = examined(sternway_sandbox.kubeconfig, given)["leftovers"]
        assert "default.t: held back is what was undone of it" in left.what
        assert left.remedy.startswith("sternway unhold default.t")


KUBECONFIGS = {
    "none": ("", "does not exist"),
    "no YAML": ("{", "is no YAML"),
    "no context": ("apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n", "names no current context"),
}


@pytest.mark.parametrize("broken", KUBECONFIGS)
def test_a_kubeconfig_that_is_broken_ends_it(tmp_path: Path, broken: str) -> None:
    text, words = KUBECONFIGS[broken]
    if text:
        (tmp_path / "kubeconfig").write_text(text)
    found = examined(str(tmp_path / "kubeconfig"))
    assert levels(found) == {"kubeconfig": {"wrong"}, "cluster": {"warning"}}
    assert words in found["kubeconfig"][0].what


def test_a_server_that_is_away_ends_it_soon(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{probe.getsockname()[1]}"
        began = time.monotonic()
        found = examined(edited(sternway_sandbox.kubeconfig, tmp_path, server=away))
        assert time.monotonic() - began < 5
    assert levels(found) == {"kubeconfig": {"good"}, "server": {"wrong"}, "cluster": {"warning"}}
    assert "refuses the connection" in found["server"][0].what


def test_credentials_that_the_server_does_not_take_are_told_as_that(sternway_sandbox: Sandbox) -> None:
    sternway_sandbox.faults.when(lambda request: "selfsubject" in request.path, fail(401, "Unauthorized"), times=9)
    found = examined(sternway_sandbox.kubeconfig)
    assert "does not take our credentials" in found["server"][0].what
    assert found["server"][0].remedy == "log in again"


def test_an_old_kubernetes_is_a_warning(sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sternway_steps.sandbox.discovery._VERSION", {"major": "1", "minor": "26+", "gitVersion": "v1.26.1"}
    )
    found = examined(sternway_sandbox.kubeconfig)
    assert warnings(found, "server") == ["Kubernetes v1.26.1 is old"]
    assert wrong(found) == []


def test_a_configuration_that_is_broken_is_told_with_its_places_and_the_rest_is_looked_at(
    sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "sternway.yaml").write_text("nmae: web\nimage: web:1\n")
    found = examined(sternway_sandbox.kubeconfig, lambda: load(tmp_path / "sternway.yaml"))
    assert len(found["configuration"]) == 2
    assert (
        f"{tmp_path}/sternway.yaml:1:1: nmae: this key is not known; did you mean 'name'?"
        in found["configuration"][0].what
    )
    assert levels(found)["journal"] == {"good"}


def test_what_a_run_would_be_refused_for_is_told(
    sternway_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "sternway.yaml").write_text("name: web\nnamespace: nix\nimage: r.example/web:1\nbuild: {context: .}\n")
    found = examined(sternway_sandbox.kubeconfig, load(tmp_path / "sternway.yaml"))
    said = [finding.what for finding in found["run"]]
    assert any("namespace nix does not exist" in text for text in said)
    assert any("there is no builder" in text for text in said)
    assert any("there is no file" in text for text in said)
    assert levels(found)["run"] == {"wrong"}


def test_a_journal_without_room_is_told(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    sternway_sandbox.faults.when(
        lambda request: request.path.endswith("/secrets") and "dryRun" in request.query, fail(403, "Forbidden"), times=9
    )
    found = examined(sternway_sandbox.kubeconfig)
    assert levels(found)["journal"] == {"wrong"}
    (tmp_path / "file").write_text("")
    for path, level in (("file/journal", "wrong"), ("new/journal", "good")):
        config = config_of("default", config_map("m"), journal=JournalConfig("file", path=str(tmp_path / path)))
        assert levels(examined(sternway_sandbox.kubeconfig, config))["journal"] == {level}
    assert not (tmp_path / "new").exists()


def test_a_run_that_needs_no_cluster_is_looked_at_without_one(tmp_path: Path) -> None:
    keys = {"name": "t", "journal": {"store": "file", "path": "journal"}}
    for program, level in (("true", "good"), ("no-such-program", "wrong")):
        step = {"name": "migrate", "execute": [program], "rollback": ["true"]}
        (tmp_path / "sternway.yaml").write_text(json.dumps({**keys, "steps": [step]}))
        found = examined(str(tmp_path / "none"), load(tmp_path / "sternway.yaml"))
        assert set(found) == {"configuration", "kubeconfig", "run", "journal", "leftovers"}
        assert levels(found) == {check: {level if check == "run" else "good"} for check in found}


def test_what_cannot_be_looked_at_hides_nothing_else(sternway_sandbox: Sandbox) -> None:
    sternway_sandbox.access.deny("list", "secrets")
    found = examined(sternway_sandbox.kubeconfig, config_of("default", config_map("m")))
    assert "this could not be looked at" in warnings(found, "leftovers")[0]
    assert "rights: not allowed: list secrets in default" in wrong(found)
    assert "argo" in found


def test_the_exit_code_says_whether_something_will_not_work(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    def called(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        done = sternway("doctor", *arguments, "--output", "json", kubeconfig=sternway_sandbox.kubeconfig, cwd=tmp_path)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    code, lines = called()
    assert code == Exit.DONE
    assert [line["type"] for line in lines] == [*["check"] * (len(lines) - 1), "checked"]
    assert not any(line.get("check") == "configuration" for line in lines)
    (tmp_path / "sternway.yaml").write_text("name: web\nmanifests: [m.json]\n")
    (tmp_path / "m.json").write_text(json.dumps(config_map("m", a="1")))
    code, lines = called()
    assert (code, lines[-1]["wrong"], lines[-1]["warnings"]) == (Exit.DONE, 0, 0)
    assert any(line.get("check") == "configuration" for line in lines)
    code, lines = called("sternway.yaml", "--set", "namespace=nix")
    assert (code, lines[-1]["wrong"] > 0) == (Exit.REFUSED, True)
    text = sternway("doctor", "-s", "namespace=nix", kubeconfig=sternway_sandbox.kubeconfig, cwd=tmp_path).stdout
    assert "wrong    run: namespace nix does not exist" in text
    assert text.splitlines()[-1].endswith("things will not work, 0 warnings")
