"""Where an extra is not installed, what needs it says so in one line, and all else works."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
from sternway_steps.exits import Exit
from sternway_steps.extras import missing
from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT

EXAMPLE = ROOT / "templates/examples/web/sternway.yaml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = {"build": ["docker"], "sandbox": ["werkzeug", "jsonpatch"], "templates": ["hera", "croniter", "tzdata"]}
"""What is imported of each extra."""


def without(extras: list[str], *arguments: str, kubeconfig: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line where the packages of these extras can't be found."""
    names = [name for extra in extras for name in PACKAGES[extra]]
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name.partition('.')[0] in {names!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from sternway_steps.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "KUBECONFIG": kubeconfig},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "arguments", "package"),
    [
        ("templates", ("template", "-c", str(EXAMPLE), "-o", "-"), "hera"),
        ("templates", ("template", "--for", "cronjob", "-c", str(EXAMPLE), "-o", "-"), "croniter"),
        ("templates", ("submit", "-c", str(EXAMPLE)), "hera"),
        ("sandbox", ("run", "--sandbox", "-c", str(EXAMPLE)), "werkzeug"),
        ("sandbox", ("plan", "--sandbox", "-c", str(EXAMPLE)), "werkzeug"),
    ],
)
def test_one_line_names_the_package_and_the_command(extra: str, arguments: tuple[str, ...], package: str) -> None:
    done = without([extra], *arguments)
    assert (done.returncode, done.stdout) == (Exit.REFUSED, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert line.endswith(f" needs {package}, which is not installed: pip install 'sternway[{extra}]'")


def test_without_any_extra_a_run_and_what_looks_at_files_work(sternway_sandbox: Sandbox) -> None:
    argo = ROOT / "templates/examples/web/argo.yaml"
    for arguments in (
        ("run", "-c", str(EXAMPLE), "--set", "journal.store=cluster"),
        ("runs",),
        ("lint", str(argo)),
        ("graph", "-c", str(EXAMPLE)),
        ("template", "--for", "github", "-c", str(EXAMPLE), "-o", "-"),
        ("template", "--for", "gitlab", "-c", str(EXAMPLE), "-o", "-"),
        ("config", "show", "-c", str(EXAMPLE)),
        ("steps",),
        ("--help",),
    ):
        done = without([*PACKAGES], *arguments, kubeconfig=sternway_sandbox.kubeconfig)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (arguments, done.stderr)


def test_the_pytest_fixture_costs_no_start_and_says_what_it_lacks() -> None:
    code = (
        "import sys; sys.modules['werkzeug'] = None\n"
        "import sternway_steps.sandbox.pytest_plugin\n"
        "assert 'sternway_steps.sandbox.server' not in sys.modules\n"
        "from sternway_steps.sandbox import Sandbox"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: sternway_steps.sandbox needs werkzeug, which is not installed: pip install 'sternway[sandbox]'"
    )


def test_every_extra_that_is_named_exists_and_holds_the_package() -> None:
    extras = PROJECT["optional-dependencies"]
    assert extras["all"] == ["sternway[build,encryption,sandbox,templates]"]
    for extra, packages in PACKAGES.items():
        for package in packages:
            assert any(line.startswith(package) for line in extras[extra]), (extra, package)
        error = ModuleNotFoundError("no", name=f"{packages[0]}.sub")
        assert f"sternway[{extra}]" in str(missing("it", error))


def test_the_readme_installs_what_its_commands_run() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    demo = next(line for line in lines if "--sandbox --config templates/examples" in line)
    assert "pip install -q '.[sandbox]'" in demo
    assert "sternway[all]" in PROJECT["optional-dependencies"]["test"]
