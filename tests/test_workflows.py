"""The workflows of GitHub that this repository has, and those that it generates: linted offline, all actions pinned."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sternway_templates.ci.actions import RELEASES
from sternway_templates.ci.files import made
from sternway_templates.ci.parameters import pipeline_inputs

from tests.conftest import ROOT

FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yaml"))
BIN = Path(sys.executable).parent
RULES = "{extends: default, rules: {line-length: {max: 140}, document-start: disable, truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}"
# actionlint is no package of Python; .ci/run installs it where there is Go. It does not know `queue` yet (v1.7.12).
ACTIONLINT = shutil.which("actionlint", path=f"{BIN}:{Path('/usr/local/bin')}") or shutil.which("actionlint")
LINTERS = {
    "zizmor": [str(BIN / "zizmor"), "--offline", "--no-progress", "--color", "never", "--persona", "auditor"],
    "check-jsonschema": [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows"],
    **({"actionlint": [ACTIONLINT, "-ignore", 'unexpected key "queue" for "concurrency"']} if ACTIONLINT else {}),
}
YAMLLINT = {"yamllint": [str(BIN / "yamllint"), "--strict", "-d", RULES]}
GITLAB = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} {1,2}# v\d+(\.\d+){1,2}$")
CLOUDS = {
    "aws": {"url": "https://aws.example", "eks": {"cluster": "a", "region": "b", "role": "c", "duration": "2h"}},
    "azure": {"aks": {"cluster": "a", "group": "b", "subscription": "c", "tenant": "d", "client": "e"}},
    "google": {"gke": {"cluster": "a", "location": "b", "project": "c", "provider": "d", "account": "e"}},
    "api": {"oidc": {"server": "https://a", "audience": "b", "certificateAuthorityData": "LS0tLS1CRUdJ" + "A" * 1600}},
    "own": {},
}
pytest.importorskip("yamllint", reason="pip install -e '.[release]'")


def found(command: list[str], *files: Path) -> tuple[int, str]:
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Give the files of a target with environments in all clouds, and of one with a single configuration, by platform."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config").mkdir()
    (folder / "one").mkdir()
    keys = {"name": "web", "image": "web:1", "env": {"A": "b"}, "parameters": {"env.A": {"enum": ["b", "c"]}}}
    for name, ci in CLOUDS.items():
        (folder / f"config/{name}.yaml").write_text(json.dumps({**keys, "namespace": name, "ci": ci}))
    (folder / "agents/config").mkdir(parents=True)
    (folder / "agents/config/live.yaml").write_text(json.dumps({**keys, "ci": {"agent": "a/b:c"}}))
    single = {**keys, "journal": {"key": {"secret": "a", "key": "b"}}, "ci": CLOUDS["aws"]}
    (folder / "one/sternway.yaml").write_text(json.dumps(single))
    # zizmor tells workflows by their folder.
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True)
    files: dict[str, list[Path]] = {"github": [], "gitlab": []}
    with contextlib.chdir(folder):
        for runner in ("github", "github-plan", "gitlab", "gitlab-plan"):
            for path in ("config/aws.yaml", "one/sternway.yaml"):
                file = workflows / f"{runner}-{Path(path).stem}.yaml"
                file.write_text(made(runner, pipeline_inputs(path, {}))[0])
                files[runner.partition("-")[0]].append(file)
        for runner in ("gitlab", "gitlab-plan"):
            file = workflows / f"{runner}-live.yaml"
            file.write_text(made(runner, pipeline_inputs("agents/config/live.yaml", {}))[0])
            files["gitlab"].append(file)
    return files


@pytest.mark.parametrize("linter", LINTERS | YAMLLINT)
def test_they_are_without_a_finding(linter: str) -> None:
    code, said = found((LINTERS | YAMLLINT)[linter], *FILES)
    assert code == 0, said


@pytest.mark.parametrize("linter", LINTERS)
def test_generated_workflows_are_without_a_finding(generated: dict[str, list[Path]], linter: str) -> None:
    code, said = found(LINTERS[linter], *generated["github"])
    assert code == 0, said


@pytest.mark.parametrize("platform", ["github", "gitlab"])
def test_what_is_generated_keeps_yamllints_default(generated: dict[str, list[Path]], platform: str) -> None:
    code, said = found([str(BIN / "yamllint"), "--strict", "-d", "{extends: default}"], *generated[platform])
    assert code == 0, said
    for file in generated[platform]:
        text = file.read_text()
        assert text.startswith("# Made by Sternway ")
        head = text.partition("---\n")[0].splitlines()
        assert [line for line in head if len(line) > 80 or not line.startswith("# ")] == []


def test_generated_pipelines_of_gitlab_are_as_its_schema_has_them(
    generated: dict[str, list[Path]], tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    for file in generated["gitlab"]:
        # The schema does not look into hidden jobs: what a job extends is put into it.
        document = yaml.safe_load(file.read_text())
        hidden = {name: document.pop(name) for name in list(document) if name.startswith(".")}
        jobs = {name: {**hidden.get(job.pop("extends", ""), {}), **job} for name, job in document.items()}
        (whole / file.name).write_text(json.dumps(jobs))
        wrong = {name: {**job, "interruptible": "ever"} for name, job in jobs.items() if name != "variables"}
        (broken / file.name).write_text(json.dumps(wrong))
    code, said = found(GITLAB, *generated["gitlab"], *whole.iterdir())
    assert code == 0, said
    code, said = found(GITLAB, *broken.iterdir())
    assert code != 0
    assert [file.name for file in broken.iterdir() if str(file) not in said] == []


@pytest.mark.parametrize("linter", LINTERS | YAMLLINT)
def test_the_linters_are_not_blind(linter: str, tmp_path: Path) -> None:
    broken = tmp_path / ".github/workflows/broken.yaml"
    broken.parent.mkdir(parents=True)
    text = (FOLDER / "release.yaml").read_text()
    broken.write_text(
        re.sub(r"@[0-9a-f]{40} # v\S+", "@v1", text.replace("runs-on:", "runs_on:")) + "a: [1,2,  3 ]   \n"
    )
    assert found((LINTERS | YAMLLINT)[linter], broken)[0] != 0


def test_an_input_in_a_script_is_found(generated: dict[str, list[Path]], tmp_path: Path) -> None:
    """What keeps generated scripts free of what people typed is seen when it fails."""
    broken = tmp_path / ".github/workflows/broken.yaml"
    broken.parent.mkdir(parents=True)
    for file in generated["github"][::2]:
        for typed in ("${{ inputs.image }}", "${{ github.event.pull_request.title }} ${{ github.head_ref }}"):
            broken.write_text(file.read_text().replace('python -m pip install "$PACKAGE"', f"echo {typed}"))
            code, said = found(LINTERS["zizmor"], broken)
            assert (code != 0, said.count("[template-injection]: ")) == (True, typed.count("${{")), said


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_with_its_version_beside(file: Path) -> None:
    check_pins(file)


def test_every_action_of_generated_workflows_is_pinned_too(generated: dict[str, list[Path]]) -> None:
    used = set[str]()
    for file in generated["github"]:
        used |= check_pins(file)
    assert used == RELEASES.keys(), "the table names what is used, and nothing else"


def check_pins(file: Path) -> set[str]:
    uses = [
        line.strip().removeprefix("- ") for line in file.read_text().splitlines() if re.match(r" *(- )?uses:", line)
    ]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []
    names = {line.removeprefix("uses: ").partition("@")[0] for line in uses}
    for line in uses:
        name, _, rest = line.removeprefix("uses: ").partition("@")
        if name in RELEASES:
            assert tuple(re.split(" +# ", rest)) == RELEASES[name], "one release of an action for all"
    return names


def test_only_what_publishes_may_write() -> None:
    for file in FILES:
        rights = re.findall(r"^ *([\w-]+): write", file.read_text(), re.MULTILINE)
        assert sorted(rights) == (["id-token", "id-token", "packages"] if file.name == "release.yaml" else [])
