"""The workflows of GitHub that this repository has: linted offline, every action pinned by its commit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yaml"))
BIN = Path(sys.executable).parent
RULES = "{extends: default, rules: {line-length: {max: 140}, document-start: disable, truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}"
LINTERS = {
    "zizmor": ["--offline", "--no-progress", "--persona", "auditor"],
    "yamllint": ["--strict", "-d", RULES],
    "check-jsonschema": ["--builtin-schema", "vendor.github-workflows"],
}
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
pytest.importorskip("yamllint", reason="pip install -e '.[release]'")


@pytest.mark.parametrize("linter", LINTERS)
def test_they_are_without_a_finding(linter: str) -> None:
    done = subprocess.run([BIN / linter, *LINTERS[linter], *FILES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("linter", LINTERS)
def test_the_linters_are_not_blind(linter: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    text = (FOLDER / "release.yaml").read_text()
    broken.write_text(
        re.sub(r"@[0-9a-f]{40} # v\S+", "@v1", text.replace("runs-on:", "runs_on:")) + "a: [1,2,  3 ]   \n"
    )
    done = subprocess.run([BIN / linter, *LINTERS[linter], broken], capture_output=True, text=True, check=False)
    assert done.returncode != 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_with_its_version_beside(file: Path) -> None:
    uses = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []


def test_only_what_publishes_may_write() -> None:
    for file in FILES:
        rights = re.findall(r"^ *([\w-]+): write", file.read_text(), re.MULTILINE)
        assert sorted(rights) == (["id-token", "id-token", "packages"] if file.name == "release.yaml" else [])
