"""The files for GitHub Actions and GitLab CI: what they say, and what their scripts do in a real shell."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.cli.github_commands import command
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.yamltree.errors import ConfigErrors

from tests.conftest import WEB
from tests.helpers import sternway, until

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.ci.github import github
from sternway_templates.ci.gitlab import gitlab
from sternway_templates.ci.parameters import PipelineInputs, pipeline_inputs

BASE = {"name": "web", "namespace": "shop", "image": "web:1", "port": 8080}
HOSTILE = """$(touch pwned) `touch pwned`; "; touch pwned; ' && touch pwned #\n::error::x ${{ secrets.KUBECONFIG }}"""


@pytest.fixture
def repository(tmp_path: Path) -> Any:
    """Give the root of a repository with three environments, as the current folder."""
    (tmp_path / "config").mkdir()
    extra: Mapping[str, Mapping[str, Any]] = {
        "staging": {"parameters": {"env.LEVEL": {"enum": ["info", "debug"]}}, "env": {"LEVEL": "info"}, "deadline": "5m"},
        "production": {"replicas": 3, "deadline": "40m", "argo": {"rollbackDeadline": "10m"}},
        "test": {"parameters": {"image": {"description": "What was built."}}},
    }  # fmt: skip
    for name, keys in extra.items():
        (tmp_path / f"config/{name}.yaml").write_text(json.dumps({**BASE, **keys}))
    with contextlib.chdir(tmp_path):
        yield tmp_path


def one(folder: Path, **keys: Any) -> PipelineInputs:
    (folder / "sternway.yaml").write_text(json.dumps({**BASE, **keys}))
    with contextlib.chdir(folder):
        return pipeline_inputs("sternway.yaml", {})


def test_the_environments_are_the_files_in_config(repository: Path) -> None:
    for path, chosen in (
        ("config/production.yaml", "production"),
        ("sternway.yaml", None),
        ("config/test.yaml", "test"),
    ):
        found = pipeline_inputs(path, {})
        assert [each.name for each in found.environments] == ["production", "staging", "test"]
        assert (found.folder, found.chosen) == ("config", chosen)
    assert pipeline_inputs(str(repository / "config/test.yaml"), {}).chosen == "test"


def test_mistakes_in_all_environments_are_told_at_once(repository: Path) -> None:
    (repository / "config/staging.yaml").write_text("name: web\nimgae: web:1\n")
    (repository / "config/production.yaml").write_text(json.dumps({**BASE, "journal": {"store": "file"}}))
    (repository / "config/a b.yaml").write_text(json.dumps(BASE))
    with pytest.raises(ConfigErrors) as bad:
        pipeline_inputs("config/test.yaml", {})
    text = str(bad.value)
    for words in ("config/staging.yaml:2:1: imgae", "journal.store: the machine of a job is gone", "'a b' is no name of an environment"):  # fmt: skip
        assert words in text
    with pytest.raises(Refused, match="outside this folder"):
        pipeline_inputs(str(WEB), {})
    (repository / "$(x).yaml").write_text(json.dumps(BASE))
    with pytest.raises(Refused, match="a shell or a runner could take"):
        pipeline_inputs("$(x).yaml", {})


def test_github_keeps_the_rules_of_a_saga(repository: Path) -> None:
    text = github(pipeline_inputs("config/production.yaml", {}))
    workflow = yaml.safe_load(text)
    inputs = workflow["on"]["workflow_dispatch"]["inputs"]
    assert inputs["environment"] == {
        "description": "Where to.", "type": "choice", "options": ["production", "staging", "test"], "required": True,
        "default": "production",
    }  # fmt: skip
    assert list(inputs) == ["environment", "image", "replicas", "env-LEVEL"]
    assert inputs["env-LEVEL"]["options"] == ["(as configured)", "info", "debug"]
    job = workflow["jobs"]["deploy"]
    assert (workflow["permissions"], job["permissions"]) == ({}, {"contents": "read"})
    assert job["concurrency"] == {
        "group": "sternway-web-${{ inputs.environment }}", "queue": "max", "cancel-in-progress": False,
    }  # fmt: skip
    # The longest way forward (40 min), three undos of 10 min, 10 min for the machine.
    assert (job["environment"], job["timeout-minutes"]) == ({"name": "${{ inputs.environment }}"}, 80)
    kubeconfig, run, finish, again, keep = job["steps"][-5:]
    assert kubeconfig["env"]["CONTENT"] == "${{ secrets.KUBECONFIG }}"
    assert run["run"].splitlines()[-1].startswith("exec sternway run "), "or bash keeps the signals for itself"
    assert finish["run"].startswith('exec sternway rollback "$STERNWAY_RUN" --unfinished ')
    assert "always()" in finish["if"]
    assert run["env"]["STERNWAY_RUN"] == finish["env"]["STERNWAY_RUN"] == again["env"]["STERNWAY_RUN"]
    assert run["env"]["REPORT"] == again["env"]["REPORT"] == keep["with"]["path"]
    assert (keep["if"], keep["with"]["archive"]) == ("${{ always() }}", False)
    for step in job["steps"]:
        assert "${{" not in step.get("run", ""), "what people typed must not become part of a script"
    for line in text.splitlines():
        assert "secrets." not in line or "CONTENT:" in line


def test_a_single_configuration_has_no_environments(tmp_path: Path) -> None:
    workflow = yaml.safe_load(github(one(tmp_path, deadline="1m")))
    assert list(workflow["on"]["workflow_dispatch"]["inputs"]) == ["image"]
    assert workflow["jobs"]["deploy"]["concurrency"]["group"] == "sternway-web"
    assert "environment" not in workflow["jobs"]["deploy"]
    pipeline = yaml.safe_load(gitlab(one(tmp_path)))
    assert pipeline["deploy-web"]["resource_group"] == "sternway-web"
    assert "environment" not in pipeline["deploy-web"]


def test_github_installs_the_extra_that_builds_where_something_is_built(tmp_path: Path) -> None:
    build = {"image": "registry.example/web:1", "build": {"context": "https://example.org/web.git"}}
    for keys, distribution in ((build, "sternway[build]"), ({}, "sternway")):
        steps = yaml.safe_load(github(one(tmp_path, **keys)))["jobs"]["deploy"]["steps"]
        [install] = [step for step in steps if "pip install" in step.get("run", "")]
        assert f"'{distribution} @ https://" in install["run"]
        assert install["env"] == {"PACKAGE": "${{ vars.STERNWAY_PACKAGE }}"}, "a name in an index may be anybody's"
        script = install["run"].replace("python -m pip install", "echo")
        for package, code, said in (("", 2, "STERNWAY_PACKAGE here: what pip installs"), ("a b", 0, "a b\n")):
            done = subprocess.run(
                ["bash", "-euc", script], env={"PACKAGE": package}, capture_output=True, text=True, check=False
            )
            assert (done.returncode, said in done.stdout) == (code, True)


@pytest.mark.parametrize("key", [{"secret": "k", "key": "keys"}, {"file": "journal.key"}])
def test_a_key_to_the_journal_comes_from_a_secret_of_the_pipeline(tmp_path: Path, key: dict[str, str]) -> None:
    """One that is not there stands for none: then the configuration says where it is, and nothing is in the clear."""
    found = one(tmp_path, journal={"key": key})
    text = github(found)
    steps = yaml.safe_load(text)["jobs"]["deploy"]["steps"]
    run, finish, again, _ = steps[-4:]
    [install] = [step["run"] for step in steps if "pip install" in step.get("run", "")]
    assert "'sternway[encryption] @ " in install
    assert again["env"]["STERNWAY_JOURNAL_KEY"] == "${{ secrets.STERNWAY_JOURNAL_KEY }}"
    for step in (run, finish):
        assert step["env"]["STERNWAY_JOURNAL_KEY"] == "${{ secrets.STERNWAY_JOURNAL_KEY }}"
        script = step["run"].replace("exec sternway", 'echo "${STERNWAY_JOURNAL_KEY-unset}"; true')
        for given, seen in (("x y", "x y"), ("", "unset")):
            shown = subprocess.run(["bash", "-euc", script], env={"STERNWAY_JOURNAL_KEY": given, "STERNWAY_RUN": "r", "SET_IMAGE": "", "REPORT": "r"}, capture_output=True, text=True, check=True)  # fmt: skip
            assert shown.stdout.strip() == seen
    for made, place in ((text, "secret"), (gitlab(found), "masked variable")):
        assert f"put its text into a {place} STERNWAY_JOURNAL_KEY" in made.replace("\n# ", " ")
    assert "JOURNAL_KEY" not in github(one(tmp_path)) + gitlab(one(tmp_path))


def test_github_takes_so_many_inputs(tmp_path: Path) -> None:
    env = {f"V{n}": "x" for n in range(30)}
    found = one(tmp_path, env=env, parameters={f"env.{name}": {} for name in env})
    with pytest.raises(Refused, match="GitHub takes 25 inputs, and these are 31"):
        github(found)
    with pytest.raises(Refused, match=r"env\.A_B.*differ only in signs"):
        one(tmp_path, env={"A_B": "x", "a.b": "y"}, parameters={"env.A_B": {}, "env.a.b": {}})


def test_gitlab_keeps_the_rules_of_a_saga(repository: Path) -> None:
    pipeline = yaml.safe_load(gitlab(pipeline_inputs("config/staging.yaml", {})))
    template = pipeline[".sternway-web"]
    assert template["interruptible"] is False
    assert template["image"]["entrypoint"] == [""]
    assert template["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual"}]
    minutes = {key: int(re.sub(r"\D", "", value)) for key, value in template["variables"].items()}
    whole = int(template["timeout"].split()[0])
    assert minutes["RUNNER_SCRIPT_TIMEOUT"] + minutes["RUNNER_AFTER_SCRIPT_TIMEOUT"] < whole, (
        "or after_script is skipped"
    )
    assert "exec" not in template["script"][0]
    assert template["artifacts"]["paths"] == ["sternway-report.html"]
    assert template["artifacts"]["when"] == "always"
    for name in ("production", "staging", "test"):
        job = pipeline[f"deploy-web-{name}"]
        assert job == {
            "extends": ".sternway-web", "environment": {"name": name}, "resource_group": f"sternway-web-{name}",
            "variables": {"SAGA_CONFIG": f"config/{name}.yaml"},
        }  # fmt: skip
    assert pipeline["variables"]["SET_ENV_LEVEL"]["options"] == ["(as configured)", "info", "debug"]


def recording(folder: Path) -> str:
    """Put a `sternway` on a PATH that writes down what it was called with."""
    (folder / "bin").mkdir(exist_ok=True)
    file = folder / "bin/sternway"
    file.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    file.chmod(0o755)
    return f"{file.parent}:{os.environ['PATH']}"


BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


@pytest.mark.parametrize("shell", ["github", "gitlab"])
def test_what_was_typed_reaches_the_command_as_it_is(repository: Path, shell: str) -> None:
    found = pipeline_inputs("config/staging.yaml", {})
    if shell == "github":
        script, location = (
            yaml.safe_load(github(found))["jobs"]["deploy"]["steps"][-4]["run"],
            {"ENVIRONMENT": "staging", "REPORT": "page.html"},
        )
        words = ["run", "--config", "config/staging.yaml", "--output", "github", "--report", "page.html"]
    else:
        script = yaml.safe_load(gitlab(found))[".sternway-web"]["script"][0]
        location = {"SAGA_CONFIG": "config/staging.yaml", "CI_JOB_ID": "7"}
        words = ["run", "--config", "config/staging.yaml", "--run", "gl-7", "--report", "sternway-report.html"]
    (repository / "script").write_text(script)

    def called(**sets: str) -> list[str]:
        environ = {"PATH": recording(repository), **location, **sets}
        start = BASH if shell == "github" else ["sh", "-e"]
        done = subprocess.run([*start, "script"], env=environ, capture_output=True, text=True, check=True)
        found: list[str] = json.loads(done.stdout)
        return found

    empty = {"SET_IMAGE": "", "SET_REPLICAS": "", "SET_ENV_LEVEL": "(as configured)"}
    assert called(**empty) == words
    assert called(**{**empty, "SET_IMAGE": HOSTILE, "SET_ENV_LEVEL": "debug"}) == [
        *words, "--set", f"image={HOSTILE}", "--set", "env.LEVEL=debug",
    ]  # fmt: skip
    assert not (repository / "pwned").exists()


def test_a_kubeconfig_is_its_owners_alone_and_missed_by_name(repository: Path) -> None:
    script = yaml.safe_load(github(pipeline_inputs("config/staging.yaml", {})))["jobs"]["deploy"]["steps"][-5]["run"]
    (repository / "script").write_text(script)
    environ = {"PATH": os.environ["PATH"], "KUBECONFIG": str(repository / "kubeconfig")}
    done = subprocess.run([*BASH, "script"], env={**environ, "CONTENT": HOSTILE}, check=False)
    assert (done.returncode, (repository / "kubeconfig").read_text()) == (0, HOSTILE)
    assert (repository / "kubeconfig").stat().st_mode & 0o777 == 0o600
    missed = subprocess.run(
        [*BASH, "script"], env={**environ, "CONTENT": ""}, capture_output=True, text=True, check=False
    )
    assert (missed.returncode, missed.stdout.startswith(command("error", "there is no secret", title="KUBECONFIG"))) == (2, True)  # fmt: skip


def test_the_scripts_of_a_cancelled_job_undo_its_run(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """The real scripts with the real command: SIGINT goes to the shell, as GitHub sends it; then the last step."""
    found = one(tmp_path, namespace="default", env={"APP_MODE": "unready"}, replicas=1)
    run, finish, again, _ = yaml.safe_load(github(found))["jobs"]["deploy"]["steps"][-4:]
    (tmp_path / "run").write_text(run["run"])
    (tmp_path / "finish").write_text(finish["run"])
    log, summary = tmp_path / "log", tmp_path / "summary.md"
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "KUBECONFIG": sternway_sandbox.kubeconfig,
        "STERNWAY_RUN": "gh-9-1", "GITHUB_STEP_SUMMARY": str(summary), "REPORT": str(tmp_path / "page.html"),
    }  # fmt: skip
    with log.open("wb") as file, subprocess.Popen([*BASH, "run"], cwd=tmp_path, env=environ, stdout=file, stderr=file) as shell:  # fmt: skip
        try:
            until(lambda: "\nverify: " in log.read_text(), 30, "verify works")
            shell.send_signal(signal.SIGINT)
            assert shell.wait(30) == Exit.STOPPED, log.read_text()
        finally:
            shell.kill()
    assert "run gh-9-1: undone" in log.read_text()
    assert "### Run `gh-9-1`: undone" in summary.read_text()
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.story("gh-9-1").status is Status.UNDONE
    done = subprocess.run([*BASH, "finish"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, "no undo is left to be finished" in done.stdout) == (0, True), done.stdout + done.stderr
    page = tmp_path / "page.html"
    assert "gh-9-1" in page.read_text(), "the run itself writes it"
    for kubeconfig, said in ((str(tmp_path / "none"), "as it was"), (sternway_sandbox.kubeconfig, "gh-9-1")):
        page.write_text("as it was")
        script = again["run"]
        done = subprocess.run([*BASH, "-c", script], cwd=tmp_path, env={**environ, "KUBECONFIG": kubeconfig}, capture_output=True, text=True, check=False)  # fmt: skip
        assert (done.returncode, said in page.read_text()) == (0, True), done.stdout + done.stderr


@dataclass(frozen=True)
class Job:
    """A job of a pipeline, played by its generated scripts and the real command; `content` is what people stored."""

    folder: Path
    runner: str
    kubeconfig: str

    def play(self, content: str | None = None, **sets: str) -> tuple[list[int], str]:
        """Give the exit codes of the scripts that run, and all that was shown."""
        found = one(self.folder, namespace="default", replicas=1, verify={"deadline": "20s", "grace": {"pull": "1s"}})
        summary = self.folder / "summary.md"
        environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SET_IMAGE": "",
            "SET_REPLICAS": "",
            **sets,
        }
        if self.runner == "github":
            steps = yaml.safe_load(github(found))["jobs"]["deploy"]["steps"][-5:-2]
            write, run, finish = (each["run"] for each in steps)
            kubeconfig = str(self.folder / "kubeconfig")
            environ |= {
                "STERNWAY_RUN": "gh-9-1",
                "REPORT": str(self.folder / "page.html"),
                "GITHUB_STEP_SUMMARY": str(summary),
                "KUBECONFIG": kubeconfig,
            }
            environ["CONTENT"] = Path(self.kubeconfig).read_text() if content is None else content
            scripts = [write, run, finish]
        else:
            job = yaml.safe_load(gitlab(found))[".sternway-web"]
            environ |= {"SAGA_CONFIG": "sternway.yaml", "CI_JOB_ID": "7"}
            environ["KUBECONFIG"] = self.kubeconfig if content is None else content
            scripts = [job["script"][0], job["after_script"][0]]
        codes, shown = [], ""
        for number, script in enumerate(scripts):
            (self.folder / "script").write_text(script)
            start = [*BASH, "script"] if self.runner == "github" else ["sh", "-e", "script"]
            done = subprocess.run(
                start, cwd=self.folder, env=environ, capture_output=True, text=True, check=False, timeout=120
            )
            codes.append(done.returncode)
            shown += done.stdout + done.stderr
            if self.runner == "github" and number == 0 and done.returncode:
                break  # what comes after it does not begin
        return codes, shown + (summary.read_text() if summary.exists() else "")


@pytest.fixture(params=["github", "gitlab"])
def job(request: pytest.FixtureRequest, sternway_sandbox: Sandbox, tmp_path: Path) -> Job:
    return Job(tmp_path, request.param, sternway_sandbox.kubeconfig)


def test_nothing_warns_after_a_run_that_was_undone_completely(job: Job) -> None:
    codes, shown = job.play(SET_IMAGE="localhost:5000/nope:9")
    assert codes[-2:] == [Exit.FAILED, Exit.DONE], shown
    assert "undone after" in shown
    assert "no undo is left to be finished" in shown
    assert "warning" not in shown.lower()
    page = job.folder / ("page.html" if job.runner == "github" else "sternway-report.html")
    assert "undone" in page.read_text()


def test_what_a_field_expects_is_told_and_in_the_summary(job: Job) -> None:
    codes, shown = job.play(SET_REPLICAS="many")
    assert Exit.USAGE in codes, shown
    lines = [line for line in shown.splitlines() if "expected a whole number" in line]
    assert lines, shown
    assert job.runner == "gitlab" or any(line.startswith("| --set replicas | replicas |") for line in lines), shown


SECRET = "S3CR3T" * 12
STORED = yaml.safe_dump({
    "apiVersion": "v1", "kind": "Config", "current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    "clusters": [{"name": "a", "cluster": {"server": "http://localhost:1"}}], "users": [{"name": "a", "user": {"client-key-data": SECRET}}],
})  # fmt: skip
WRONG = {
    "github": {
        "base64": (base64.b64encode(STORED.encode()).decode(), "is in base64"),
        "empty": ("", "there is no secret KUBECONFIG here"),
        "broken in CRLF": (STORED.replace("kind:", f"kind: {SECRET}: ").replace("\n", "\r\n"), "is no YAML (line "),
    },
    "gitlab": {
        "content": (STORED, "KUBECONFIG holds the content of a kubeconfig where its path belongs"),
        "base64": (base64.b64encode(STORED.encode()).decode(), "KUBECONFIG holds a kubeconfig in base64"),
        "empty": ("", "KUBECONFIG is set, and empty"),
    },
}


@pytest.mark.parametrize(
    ("job", "what"), [(runner, what) for runner in WRONG for what in WRONG[runner]], indirect=["job"]
)
def test_a_kubeconfig_of_the_wrong_kind_is_told_as_that_and_not_shown(job: Job, what: str) -> None:
    content, words = WRONG[job.runner][what]
    codes, shown = job.play(content, HOME=str(job.folder))
    assert words in shown, shown
    assert codes[0] if len(codes) < 3 else codes[1]
    assert "S3CR3T" not in shown
    assert base64.b64encode(b"client-key-data").decode()[:12] not in shown
    assert job.runner == "gitlab" or words in (job.folder / "summary.md").read_text().replace("\\", "")


def test_a_file_that_was_not_generated_is_not_written_over(repository: Path) -> None:
    flags = ("template", "--for", "github", "--config", "config/test.yaml")
    file = repository / ".github/workflows/deploy.yaml"
    for _ in range(2):
        assert sternway(*flags, "--output", str(file), kubeconfig="").returncode == 0
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.read_text().startswith("# Made by Sternway ")
    file.write_text("name: mine\n")
    done = sternway(*flags, "--output", str(file), kubeconfig="")
    assert (done.returncode, "was not generated" in done.stderr) == (Exit.REFUSED, True)
    assert file.read_text() == "name: mine\n"
    assert [each.name for each in file.parent.iterdir()] == ["deploy.yaml"]
    done = sternway(*flags, "--set", "image=x", "--output", "-", kubeconfig="")
    assert (done.returncode, "--set changes no file of CI" in done.stderr) == (Exit.USAGE, True)
