"""A cluster that a job signs in to by its own token: in each environment, on both platforms, and what scripts call."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
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
        ["az", "aks", "get-credentials", "--subscription", "s", "--resource-group", "g", "--name", "one", "--file", "K"],
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


SIGNED_IN = {
    "aws": [],
    "azure": [["az", "login", "--output", "none", "--service-principal", "--username", "c", "--tenant", "t", "--federated-token", "T.O.K"]],
    "google": [
        ["gcloud", "iam", "workload-identity-pools", "create-cred-config", "projects/1/providers/github", "--service-account=a@p-1.iam.gserviceaccount.com", "--credential-source-file=HERE/token", "--output-file=HERE/account"],
        ["gcloud", "auth", "login", "--quiet", "--cred-file=HERE/account"],
    ],
}  # fmt: skip
"""What a job of GitLab calls before, with its own token."""
ENVIRON = {
    "aws": {"AWS_ROLE_ARN": "arn:aws:iam::1:role/deploy", "AWS_ROLE_SESSION_NAME": "gitlab-7", "AWS_WEB_IDENTITY_TOKEN_FILE": "HERE/token"},
    "azure": {"AZURE_CONFIG_DIR": "HERE/azure"},
    "google": {"CLOUDSDK_CONFIG": "HERE/gcloud"},
}  # fmt: skip
PROGRAMS = ("aws", "az", "gcloud", "gke-gcloud-auth-plugin", "kubelogin", "sternway")


def programs(folder: Path) -> str:
    """Give a PATH with programs that tell of their call: arguments, token and environment; of others it has the least."""
    (folder / "bin").mkdir()
    for name in ("cat", "mktemp", "mv", "rm", "sh"):
        (folder / "bin" / name).symlink_to(shutil.which(name) or "")
    for name in PROGRAMS:
        program = folder / "bin" / name
        program.write_text(
            f"#!{sys.executable}\nimport json, os, pathlib, sys\n"
            "file = pathlib.Path(os.environ['KUBECONFIG'])\n"
            "seen = {'token': (file.parent / 'token').read_text(), 'mode': file.parent.stat().st_mode & 0o777}\n"
            f"print(json.dumps([['{name}', *sys.argv[1:]], dict(os.environ), seen]))\n"
        )
        program.chmod(0o755)
    return str(folder / "bin")


def play(job: Mapping[str, Any], part: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a job's script as GitLab's runner does: its lines in one shell that ends at the first failure."""
    environ = {"TMPDIR": str(folder / "tmp"), "CI_JOB_ID": "7", "SAGA_CONFIG": "c.yaml", "SET_IMAGE": "", **environ}
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.run(["sh", "-ec", "\n".join(job[part])], env=environ, capture_output=True, text=True, check=False, cwd=folder)  # fmt: skip


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_job_of_gitlab_signs_in_with_its_own_token(repository: Repository, tmp_path: Path, cloud: str) -> None:
    """By the commands that GitLab's documentation names for each cloud, in a place that is gone in the end."""
    text = gitlab(repository(**{cloud: CLOUDS[cloud]}))
    assert "KUBECONFIG of type File" not in text
    job = yaml.safe_load(text)[".sternway-web"]
    assert job["id_tokens"] == {"STERNWAY_TOKEN": {"aud": "$CI_SERVER_URL"}}
    environ = {"PATH": programs(tmp_path), "STERNWAY_TOKEN": "T.O.K", "AWS_ACCESS_KEY_ID": "somebody else's"}
    for part, last in (("script", "run"), ("after_script", "show")):
        done = play(job, part, tmp_path, **environ)
        assert done.returncode == 0, done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        here = str(Path(told[0][1]["KUBECONFIG"]).parent)
        assert Path(here).parent == tmp_path / "tmp"
        calls = [[word.replace(here, "HERE") for word in call] for call, _, _ in told]
        clouds = [["K" if word == "HERE/kubeconfig" else word for word in call] for call in calls if call[0] != "sternway"]  # fmt: skip
        assert clouds == [*SIGNED_IN[cloud], *CALLED[cloud]]
        assert [call[1] for call in calls if call[0] == "sternway"] == ([last] if part == "script" else ["rollback"])
        for _, seen, place in told:
            assert place == {"token": "T.O.K", "mode": 0o700}
            assert {key: seen[key].replace(here, "HERE") for key in ENVIRON[cloud]} == ENVIRON[cloud]
            assert cloud != "aws" or "AWS_ACCESS_KEY_ID" not in seen
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("missing", "said"),
    [("aws", "there is no aws in this job's image"), ("STERNWAY_TOKEN", "this job has no token of GitLab's")],
)
def test_what_a_job_of_gitlab_misses_is_named(repository: Repository, tmp_path: Path, missing: str, said: str) -> None:
    job = yaml.safe_load(gitlab(repository(aws=CLOUDS["aws"])))[".sternway-web"]
    path = programs(tmp_path)
    (tmp_path / "bin/aws").unlink()
    environ = {} if missing == "STERNWAY_TOKEN" else {"STERNWAY_TOKEN": "T.O.K"}
    for part in ("script", "after_script"):
        done = play(job, part, tmp_path, PATH=path, **environ)
        assert (done.returncode, said in done.stderr, done.stdout) == (2, True, ""), done.stderr


def test_an_undo_that_fails_leaves_a_report_and_no_token(repository: Repository, tmp_path: Path) -> None:
    found = repository(own={"oidc": {"server": "https://own.example", "audience": "deploy"}})
    job = yaml.safe_load(gitlab(found))[".sternway-web"]
    path = programs(tmp_path)
    (tmp_path / "bin/sternway").write_text('#!/bin/sh\necho "$1"\n[ "$1" = show ] || exit 5\n')
    done = play(job, "after_script", tmp_path, PATH=path, STERNWAY_TOKEN="T.O.K")
    assert (done.returncode, done.stdout, (tmp_path / "sternway-report.html").read_text()) == (
        5,
        "rollback\n",
        "show\n",
    )
    assert list((tmp_path / "tmp").iterdir()) == []


def test_gitlabs_agent_is_chosen_by_its_context(repository: Repository, tmp_path: Path) -> None:
    """GitLab gives a job the kubeconfig, in which no context is the current one."""
    found = repository(live={"agent": "platform/agents:live"})
    job = yaml.safe_load(gitlab(found))[".sternway-web"]
    [plan] = yaml.safe_load(gitlab_plan(found))[".sternway-plan-web"]["script"]
    assert not {"id_tokens", "before_script"} & set(job)
    commands = [
        line for text in (*job["script"], *job["after_script"], plan) for line in re.findall("sternway .*", text)
    ]
    assert len([line for line in commands if " --context platform/agents:live" in line]) == len(commands) == 4
    with pytest.raises(ConfigErrors, match=r"ci\.agent: a job of GitHub has no agent of GitLab's"):
        github(found)
    with pytest.raises(ConfigErrors, match=r"ci\.agent: a job of GitHub has no agent of GitLab's"):
        github_plan(found)


def test_only_a_pipeline_of_ours_asks_for_a_token(repository: Repository) -> None:
    """A fork's token names the fork, so its job would fail; and what needs a job that is not there is refused."""
    for environments, tokens in (({"aws": CLOUDS["aws"], "own": None}, True), ({"own": None}, False)):
        pipeline = yaml.safe_load(gitlab_plan(repository(**environments)))
        rules = [job["rules"][0]["if"] for job in pipeline.values() if "rules" in job]
        assert [("$CI_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule) for rule in rules] == [tokens] * 2
        for name in environments:
            (Path("config") / f"{name}.yaml").unlink()


def test_a_token_is_addressed_to_whom_one_says(repository: Repository) -> None:
    found = repository(aws={"eks": {**CLOUDS["aws"]["eks"], "audience": "sts.amazonaws.com"}})
    assert yaml.safe_load(gitlab(found))[".sternway-web"]["id_tokens"] == {
        "STERNWAY_TOKEN": {"aud": "sts.amazonaws.com"}
    }
    [sign_in] = [step["with"] for step in steps_of(github(found), "deploy") if step.get("name") == "Sign in to AWS"]
    assert sign_in["audience"] == "sts.amazonaws.com"


def test_each_job_of_gitlab_has_what_its_environment_says(repository: Repository) -> None:
    pipeline = yaml.safe_load(gitlab(repository(**CLOUDS, own=None)))
    assert "script" not in pipeline[".sternway-web"]
    for cloud, [[program, *_], *_] in CALLED.items():
        job = pipeline[f"deploy-web-{cloud}"]
        assert (list(job["id_tokens"]), f"needs {program}" in job["script"][0]) == (["STERNWAY_TOKEN"], True)
    assert ("id_tokens" in pipeline["deploy-web-own"], len(pipeline["deploy-web-own"]["script"])) == (False, 1)


def test_each_environment_signs_in_to_its_own_cluster(repository: Repository) -> None:
    steps = steps_of(github(repository(**CLOUDS, own=None)), "deploy")
    conditions = [re.fullmatch(r"inputs\.environment == '(\w+)'", step["if"]) for step in steps[4:-4]]
    assert [found and found[1] for found in conditions] == ["aws"] * 2 + ["azure"] * 3 + ["google"] * 3 + ["own"]
    assert {step["name"] for step in steps[4:-4] if "secrets.KUBECONFIG" in json.dumps(step)} == {"Write the kubeconfig (own)"}  # fmt: skip
    same = steps_of(github(repository(**dict.fromkeys(["a", "b", *CLOUDS, "own"], CLOUDS["aws"]))), "deploy")
    assert [step.get("if") for step in same[4:-4]] == [None, None]


def test_a_plan_takes_the_role_that_only_reads(repository: Repository) -> None:
    found = repository(aws=CLOUDS["aws"])
    assert "AWS_ROLE_ARN=arn:aws:iam::1:role/plan\n" in gitlab_plan(found)
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
        (
            {**CLOUDS["aws"], **CLOUDS["azure"]},
            "it names several clusters; expected one of eks, gke, aks, oidc and agent",
        ),
        ({"eks": {"cluster": "${{ secrets.X }}", "region": "a", "role": "b"}}, "ci.eks.cluster: "),
        ({"eks": {"cluster": "$CI_JOB_TOKEN", "region": "a", "role": "b"}}, "ci.eks.cluster: "),
        ({"url": "https://shop.example/' || secrets.X || '"}, "ci.url: "),
        ({"url": "https://$CI_JOB_TOKEN.example"}, "ci.url: "),
        ({"url": "javascript:alert(1)"}, "ci.url: "),
        ({"eks": {"cluster": "one"}}, "ci.eks.region: this key is required"),
        ({"agent": "a:b; touch pwned"}, "ci.agent: "),
        ({"oidc": {"server": "http://own.example", "audience": "a"}}, "ci.oidc.server: "),
        ({"oidc": {"server": "https://own.example", "audience": "$(touch pwned)"}}, "ci.oidc.audience: "),
        (
            {"oidc": {"server": "https://own.example", "audience": "a", "certificateAuthorityData": "eDogeQo="}},
            "ci.oidc.certificateAuthorityData: ",
        ),
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
