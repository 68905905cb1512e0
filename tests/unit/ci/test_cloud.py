"""A cluster of a cloud: how a job of GitHub signs in to it, in each environment, and what its scripts call."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.yamltree.errors import ConfigErrors

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.ci.github import github
from sternway_templates.ci.github_plan import github_plan
from sternway_templates.ci.gitlab import gitlab
from sternway_templates.ci.gitlab_plan import gitlab_plan
from sternway_templates.ci.parameters import PipelineInputs, pipeline_inputs

CLOUDS: Mapping[str, Mapping[str, Any]] = {
    "aws": {"eks": {"cluster": "one", "region": "eu-central-1", "role": "arn:aws:iam::1:role/deploy", "planRole": "arn:aws:iam::1:role/plan", "duration": "2h"}},
    "azure": {"aks": {"cluster": "one", "group": "g", "subscription": "s", "tenant": "t", "client": "c"}},
    "google": {"gke": {"cluster": "one", "location": "europe-west3", "project": "p-1", "provider": "projects/1/providers/github", "account": "a@p-1.iam.gserviceaccount.com"}},
}  # fmt: skip
CALLED = {
    "aws": [["aws", "eks", "update-kubeconfig", "--name", "one", "--region", "eu-central-1"]],
    "azure": [
        ["az", "aks", "get-credentials", "--resource-group", "g", "--name", "one", "--file", "K"],
        ["kubelogin", "convert-kubeconfig", "--login", "azurecli", "--kubeconfig", "K"],
    ],
    "google": [["gcloud", "container", "clusters", "get-credentials", "one", "--location", "europe-west3", "--project", "p-1"]],
}  # fmt: skip
Repository = Callable[..., PipelineInputs]


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """Give what makes environments with the keys `ci` that are named."""
    (tmp_path / "config").mkdir()

    def made(**environments: Any) -> PipelineInputs:
        for name, ci in environments.items():
            keys = {"name": "web", "namespace": name, "image": "web:1", **({"ci": ci} if ci else {})}
            (tmp_path / f"config/{name}.yaml").write_text(json.dumps(keys))
        return pipeline_inputs(f"config/{next(iter(environments))}.yaml", {})

    with contextlib.chdir(tmp_path):
        yield made


def steps_of(text: str, job: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load(text)["jobs"][job]["steps"]
    return steps


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_job_signs_in_with_its_own_token_and_no_secret(repository: Repository, tmp_path: Path, cloud: str) -> None:
    found = repository(**{cloud: CLOUDS[cloud]})
    for text, job in ((github(found), "deploy"), (github_plan(found), "plan")):
        assert "secrets.KUBECONFIG" not in text
        assert yaml.safe_load(text)["jobs"][job]["permissions"] == {"contents": "read", "id-token": "write"}
        steps = [step for step in steps_of(text, job) if "Write the kubeconfig" in step.get("name", "")]
        for name in ("aws", "az", "gcloud", "kubelogin"):
            program = tmp_path / name
            program.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(['{name}', *sys.argv[1:]]))\n")
            program.chmod(0o755)
        [step] = steps
        environ = {**step["env"], "KUBECONFIG": "K", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-euc", step["run"]], env=environ, capture_output=True, text=True, check=True)
        assert [json.loads(line) for line in done.stdout.splitlines()] == CALLED[cloud]


def test_each_environment_signs_in_to_its_own_cluster(repository: Repository) -> None:
    steps = steps_of(github(repository(**CLOUDS, own=None)), "deploy")
    conditions = [re.fullmatch(r"inputs\.environment == '(\w+)'", step["if"]) for step in steps[4:-4]]
    assert [found and found[1] for found in conditions] == ["aws"] * 2 + ["azure"] * 3 + ["google"] * 3 + ["own"]
    assert {step["name"] for step in steps[4:-4] if "secrets.KUBECONFIG" in json.dumps(step)} == {"Write the kubeconfig (own)"}  # fmt: skip
    same = steps_of(github(repository(**dict.fromkeys(["a", "b", *CLOUDS, "own"], CLOUDS["aws"]))), "deploy")
    assert [step.get("if") for step in same[4:-4]] == [None, None]


def test_a_plan_takes_the_role_that_only_reads(repository: Repository) -> None:
    found = repository(aws=CLOUDS["aws"])
    [deploy] = [step["with"] for step in steps_of(github(found), "deploy") if step.get("name") == "Sign in to AWS"]
    [plan] = [step["with"] for step in steps_of(github_plan(found), "plan") if step.get("name") == "Sign in to AWS"]
    assert (deploy["role-to-assume"], deploy["role-duration-seconds"]) == ("arn:aws:iam::1:role/deploy", 7200)
    assert (plan["role-to-assume"], plan.get("role-duration-seconds")) == ("arn:aws:iam::1:role/plan", None)


def test_an_environment_has_the_address_that_people_open(repository: Repository) -> None:
    found = repository(live={"url": "https://shop.example"}, test=None)
    [url] = re.findall(r"url: (.*)", github(found))
    assert url == "${{ inputs.environment == 'live' && 'https://shop.example' || '' }}"
    pipeline = yaml.safe_load(gitlab(found))
    assert pipeline["deploy-web-live"]["environment"] == {"name": "live", "url": "https://shop.example"}
    assert pipeline["deploy-web-test"]["environment"] == {"name": "test"}
    same = {"url": "https://shop.example"}
    assert "url: https://shop.example\n" in github(repository(live=same, test=same))


@pytest.mark.parametrize(
    ("ci", "said"),
    [
        ({**CLOUDS["aws"], **CLOUDS["azure"]}, "it names several clusters; expected one of eks, gke and aks"),
        ({"eks": {"cluster": "${{ secrets.X }}", "region": "a", "role": "b"}}, "ci.eks.cluster: "),
        ({"eks": {"cluster": "$CI_JOB_TOKEN", "region": "a", "role": "b"}}, "ci.eks.cluster: "),
        ({"url": "https://shop.example/' || secrets.X || '"}, "ci.url: "),
        ({"url": "https://$CI_JOB_TOKEN.example"}, "ci.url: "),
        ({"url": "javascript:alert(1)"}, "ci.url: "),
        ({"eks": {"cluster": "one"}}, "ci.eks.region: this key is required"),
    ],
)
def test_what_a_platform_could_take_for_its_own_is_refused(repository: Repository, ci: Any, said: str) -> None:
    with pytest.raises(ConfigErrors, match=re.escape(said)):
        repository(live=ci)


UNTRUSTED = re.compile(r"title|body|head\.ref|head_ref|label|COMMIT_(MESSAGE|TITLE|REF|BRANCH|TAG)|TITLE|DESCRIPTION")
"""What people who may not deploy write: titles, texts, and names of branches."""


def test_no_script_holds_what_people_wrote(repository: Repository) -> None:
    """A script is the same text whatever was typed: it reads variables, and the platform puts nothing into it."""
    found = repository(**CLOUDS, own={"url": "https://own.example"})
    for text in (github(found), github_plan(found)):
        for job in yaml.safe_load(text)["jobs"].values():
            assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []
        told = "".join(re.findall(r"\$\{\{.*?\}\}", text))
        assert told
        assert not UNTRUSTED.search(told)
    for text in (gitlab(found), gitlab_plan(found)):
        jobs = [job for name, job in yaml.safe_load(text).items() if name != "variables"]
        told = json.dumps([[job.get("variables"), job.get("script"), job.get("after_script")] for job in jobs])
        assert not [name for name in re.findall(r"\$\{?(\w+)", told) if UNTRUSTED.search(name)]


def test_a_caller_names_one_of_the_environments_or_is_refused(repository: Repository, tmp_path: Path) -> None:
    workflow = yaml.safe_load(github(repository(live=None, test=None)))
    dispatched, called = (workflow["on"][name]["inputs"] for name in ("workflow_dispatch", "workflow_call"))
    assert list(dispatched) == list(called)
    assert {each["type"] for each in called.values()} == {"string"}, "a called workflow knows no choice"
    assert (called["environment"]["required"], called["image"]["required"]) == (True, False)
    guard = workflow["jobs"]["deploy"]["steps"][0]
    for name, code in (
        ("live", 0),
        ("test", 0),
        ("", 2),
        ("../live", 2),
        ("live|test", 2),
        ("$(touch pwned)", 2),
        ("*", 2),
    ):
        done = subprocess.run(
            ["bash", "-euc", guard["run"]], env={"ENVIRONMENT": name}, capture_output=True, check=False, cwd=tmp_path
        )
        assert done.returncode == code, name
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["web", "w" * 63, "w" * 20 + "-" + "x" * 40])
def test_a_run_of_each_target_has_an_id_of_its_own(tmp_path: Path, name: str) -> None:
    """A caller may deploy several targets in one run of its own, and an id is taken once in a namespace."""
    (tmp_path / "config").mkdir()
    for environment in ("live", "test-environment"):
        (tmp_path / f"config/{environment}.yaml").write_text(
            json.dumps({"name": name, "namespace": "a", "image": "web:1"})
        )
    with contextlib.chdir(tmp_path):
        steps = steps_of(github(pipeline_inputs("config/live.yaml", {})), "deploy")
    ids = {step["env"]["STERNWAY_RUN"] for step in steps if "STERNWAY_RUN" in step.get("env", {})}
    [run] = ids
    known = {"github.run_id": "123456789012", "github.run_attempt": "123"}
    made = [re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found, e=e: {**known, "inputs.environment": e}[found[1]], run) for e in ("live", "test-environment")]  # fmt: skip
    assert len(set(made)) == 2
    for each in made:
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])", each), each
