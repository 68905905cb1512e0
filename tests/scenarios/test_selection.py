"""A run that would deploy nothing is refused; what no step deploys is named; plan and run take the same objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config.schema import DEFAULT_STEPS, Config, StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.saga.events import Event
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, said, sternway


def labelled(name: str, **labels: str) -> dict[str, Any]:
    made = config_map(name, a="1")
    return {**made, "metadata": {**made["metadata"], "labels": labels}} if labels else made


def step(name: str, selector: str, uses: str = "deploy") -> StepConfig:
    return StepConfig(name, uses, {"selector": selector})


def config(cluster: Cluster, *steps: StepConfig) -> Config:
    return config_of(cluster.namespace, labelled("base", tier="base"), labelled("other"), steps=steps)


@pytest.mark.parametrize("uses", ["deploy", "verify"])
def test_an_empty_selection_is_refused_before_anything(cluster: Cluster, uses: str) -> None:
    wrong = config(cluster, step("base", "tier=base"), step("none", "tier=none", uses))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        for ask in (session.run, session.plan):
            with pytest.raises(Refused, match="steps: none: tier=none selects none of 2 objects") as raised:
                ask(wrong)
            assert raised.value.remedy == "the labels there are: tier=base"
        assert session.runs() == [] or cluster.real
    assert cluster.get("v1", "ConfigMap", "base") is None


def test_nothing_to_deploy_is_refused(cluster: Cluster) -> None:
    with (
        Session(kubeconfig=cluster.kubeconfig) as session,
        pytest.raises(Refused, match="there is no object to deploy"),
    ):
        session.run(config_of(cluster.namespace, steps=DEFAULT_STEPS))


@pytest.mark.parametrize("validated", [True, False])
def test_plan_and_run_take_the_same_objects_and_name_the_rest(cluster: Cluster, validated: bool) -> None:
    steps = ([DEFAULT_STEPS[0]] if validated else []) + [step("base", "tier=base")]
    events: list[Event] = []
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        planned = session.plan(config(cluster, *steps))
        assert [(preview.ref.name, preview.result) for preview in planned.previews] == [("base", "create")]
        assert planned.notes == ("configmap/other (test:1): no deploy step takes it",)
        assert session.run(config(cluster, *steps), events.append).exit_code == Exit.DONE
    assert said(events).count("configmap/other (test:1): no deploy step takes it") == 1
    assert cluster.get("v1", "ConfigMap", "base") is not None
    assert cluster.get("v1", "ConfigMap", "other") is None


def test_nothing_is_named_that_the_steps_take_together(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        planned = session.plan(config(cluster, step("base", "tier=base"), step("rest", "!tier")))
    assert ([preview.ref.name for preview in planned.previews], planned.notes) == (["base", "other"], ())


def test_the_line_of_an_empty_selection_is_named_with_the_labels_that_there_are(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "sternway.yaml"
    file.write_text(
        "name: web\nimage: localhost/app:1\nsteps:\n"
        "  - [{name: api, uses: deploy, with: {selector: app=api}},\n"
        "     {name: web, uses: deploy, with: {selector: app.kubernetes.io/name=web}}]\n"
        "  - {name: up, uses: verify, on: always, with: {selector: app=web}}\n"
    )
    for words in (["plan"], ["run"], ["config", "show"]):
        done = sternway(*words, "--config", str(file), kubeconfig=cluster.kubeconfig)
        assert done.returncode == Exit.USAGE, done.stderr
        assert f"{file}:4:39: steps[0][0].with.selector: app=api selects none of 1 object" in done.stderr
        assert f"{file}:6:49: steps[1].with.selector: app=web selects none of 1 object" in done.stderr
        assert "the labels there are: app.kubernetes.io/name=web" in done.stderr
    (tmp_path / "empty.yaml").write_text("# nothing\n---\n")
    file.write_text(yaml.safe_dump({"name": "web", "manifests": ["empty.yaml"]}))
    done = sternway("run", "--config", str(file), kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.USAGE
    assert f"{file}:1:1: manifests: there is no object to deploy" in done.stderr
