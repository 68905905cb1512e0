"""What would be published: the wheel, the sdist, and the list of what the package needs."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.conftest import ROOT
from tests.test_constraints import needed

pytest.importorskip("build", reason="pip install -e '.[release]'")
pytest.importorskip("hatchling", reason="it builds without an environment of its own: pip install hatchling")
BIN = Path(sys.executable).parent


@pytest.mark.timeout(600)
def test_wheel_and_sdist_are_taken_by_an_index(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)
    wheel, sdist = next(tmp_path.glob("*.whl")), next(tmp_path.glob("*.tar.gz"))
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(wheel) as packed:
        inside = {name.partition("/")[0] for name in packed.namelist()}
    assert inside == {
        "sternway_steps",
        "sternway_templates",
        wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info",
    }
    with tarfile.open(sdist) as packed_too:
        outside = [name for name in packed_too.getnames() if "/.venv/" in name or "/dist/" in name]
    assert not outside


@pytest.mark.timeout(600)
def test_the_sbom_names_all_that_is_needed(tmp_path: Path) -> None:
    written = tmp_path / "sternway.cdx.json"
    words = ["environment", "--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(written), sys.executable]
    # It holds what it writes to CycloneDX's own schema, and ends with an error where that does not fit.
    subprocess.run([BIN / "cyclonedx-py", *words], check=True, capture_output=True)
    told = json.loads(written.read_text())
    assert (told["bomFormat"], told["metadata"]["component"]["name"]) == ("CycloneDX", "sternway")
    named = {canonicalize_name(each["name"]): each["version"] for each in told["components"]}
    installed = {canonicalize_name(each.name) for each in metadata.distributions()}
    wanted = {name: metadata.version(name) for name in needed() & installed}
    assert len(wanted) > 30
    assert {name: named.get(name) for name in wanted} == wanted
