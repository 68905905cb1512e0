"""Imports stand at the top of a file, but for what a start would wait for."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT, WEB

HEAVY = {
    "cryptography",
    "docker",
    "hera",
    "jinja2",
    "kubernetes",
    "markupsafe",
    "psutil",
    "rich",
    "urllib3",
    "werkzeug",
    "yaml",
}
"""Of others: each takes longer than the shortest command."""
SELDOM = {
    "difflib",
    "fcntl",
    "http.client",
    "importlib",
    "importlib.machinery",
    "urllib.error",
    "urllib.request",
    "warnings",
    "zoneinfo",
}
"""Of Python itself: slow, or not on every system, and seldom needed."""
OURS = {
    "steps/sternway_steps/__init__.py": {"importlib"},
    "steps/sternway_steps/builtin/__init__.py": {f".{step}.step" for step in ("build", "command", "deploy", "validate", "verify")},
    **{f"steps/sternway_steps/builtin/{step}/__init__.py": {"."} for step in ("build", "command", "deploy", "validate", "verify")},
    "steps/sternway_steps/builtin/build/step.py": {"...config.build", ".checks", ".execute", ".rollback"},
    "steps/sternway_steps/builtin/command/job.py": {"...rollout.wait"},
    "steps/sternway_steps/builtin/deploy/hook_run.py": {"...rollout.wait"},
    "steps/sternway_steps/builtin/command/step.py": {".execute", ".fence", ".rollback"},
    "steps/sternway_steps/builtin/deploy/step.py": {".carrying", ".execute", ".hooks", ".late", ".prune", ".record", ".undo", ".unmoved"},
    "steps/sternway_steps/builtin/validate/step.py": {"...release.memory", "...release.precheck"},
    "steps/sternway_steps/builtin/verify/step.py": {"...rollout.wait"},
    "steps/sternway_steps/cli/__init__.py": {".app"},
    "steps/sternway_steps/cli/actions/look.py": {"..target_status"},
    "steps/sternway_steps/cli/commands/by_step.py": {"..actions.by_step", "..main"},
    "steps/sternway_steps/cli/commands/deploy.py": {"..actions.deploy", "..main"},
    "steps/sternway_steps/cli/commands/look.py": {"..actions.look", "..main"},
    "steps/sternway_steps/cli/commands/prepare.py": {"..doctor", "..explain", "..init", "..main", "..merged", "..schema", "..steps"},
    "steps/sternway_steps/cli/commands/undo.py": {"..actions.sweep", "..actions.undo", "..main"},
    "steps/sternway_steps/cli/command_group.py": {".json", ".main"},
    "steps/sternway_steps/cli/completion.py": {"..config.each_step", "..config.form", "..explained.catalogue", "..registry.load", "..session", "..yamltree.reader"},
    "steps/sternway_steps/cli/extension.py": {".main"},
    "steps/sternway_steps/cli/html.py": {".page.render"},
    "steps/sternway_steps/cli/main.py": {"..sandbox"},
    "steps/sternway_steps/cli/on_job.py": {"..kube.client"},
    "steps/sternway_steps/cli/on_workflow.py": {"..kube.client"},
    "steps/sternway_steps/cli/options.py": {"..yamltree.scalars"},
    "steps/sternway_steps/cli/output.py": {".github", ".html", ".json", ".markdown", ".text"},
    "steps/sternway_steps/cli/pod_start.py": {"..config.schema", "..rollout.diagnose"},
    "steps/sternway_steps/cli/report_file.py": {".page.render"},
    "steps/sternway_steps/cli/stdout.py": {"click"},
    "steps/sternway_steps/kube/exec_plugin.py": {"..process.run"},
    "steps/sternway_steps/rendering/sources.py": {".fetch", ".helm", ".kustomize"},
    "steps/sternway_steps/rollout/diagnose/rules.py": {".operator_rules"},
    "steps/sternway_steps/saga/step_run.py": {".undo"},
    "steps/sternway_steps/session/by_step.py": {"..saga.finalize"},
    "steps/sternway_steps/session/facade.py": {"..saga.sweep_at_once", ".by_step", ".plan", ".rollback", ".run", ".show", ".sweep", ".target", ".watch"},
    "steps/sternway_steps/session/plan.py": {"..saga.saved_plan", "..saga.unmoved_plan"},
    "steps/sternway_steps/session/run.py": {"..saga.job_retry", "..saga.saved_plan", "..saga.unmoved_plan"},
    "steps/sternway_steps/session/shared.py": {"..saga.rollback"},
    "steps/sternway_steps/session/show.py": {"..release.live", "..saga.recorded_changes"},
    "steps/sternway_steps/step.py": {".kube.fence"},
    "steps/sternway_steps/sandbox/__init__.py": {".server"},
    "steps/sternway_steps/sandbox/pytest_plugin.py": {"."},
}  # fmt: skip
"""Which file puts off which of our own modules: commands, renderers, the sandbox, what builds, what knows operators.

A pod runs one step, and every step's spec is read for the plan: what only the step at work needs is loaded by it.
"""


def put_off(file: Path) -> Iterator[str]:
    """Yield the modules that are imported inside functions."""
    for function in ast.walk(ast.parse(file.read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield "." * node.level + (node.module or "")


def test_only_what_spares_a_start_is_imported_inside_functions() -> None:
    """The commands of the templates put off all that they do, so that `sternway --help` can name them."""
    found = {}
    for file in (ROOT / "steps/sternway_steps").rglob("*.py"):
        name = str(file.relative_to(ROOT))
        own = OURS.get(name, set())
        wrong = {
            module for module in put_off(file) if module.partition(".")[0] not in HEAVY and module not in SELDOM | own
        }
        if wrong:
            found[name] = wrong
    assert found == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("config", "show", "-c", str(WEB)),
        ("run", "-c", str(WEB)),
        ("step", "deploy", "execute", "-c", str(WEB), "--run", "r1"),
        ("runs",),
        ("plan", "-c", str(WEB)),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_no_usual_command_loads_what_it_does_not_need(arguments: tuple[str, ...], sternway_sandbox: Sandbox) -> None:
    """By a kubeconfig as most are: the package that reads all others takes longer to load than a short step."""
    names = (
        "kubernetes",
        "rich",
        "jinja2",
        "pydantic",
        "requests",
        "docker",
        "werkzeug",
        "jsonpatch",
        "hera",
        "sternway_steps.sandbox",
        "sternway_steps.testing",
    )
    code = (
        "import atexit, json, sys\n"
        f"atexit.register(lambda: print(json.dumps([name for name in {names!r} if name in sys.modules]), file=sys.stderr))\n"
        "from sternway_steps.cli import main; main()"
    )
    environ = {**os.environ, "KUBECONFIG": sternway_sandbox.kubeconfig}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == []


@pytest.mark.parametrize("step", ["validate", "deploy"])
def test_a_step_loads_nothing_of_what_others_work_with(step: str, sternway_sandbox: Sandbox) -> None:
    """Every step's spec is read for the plan; what other steps, the undo, the report and a sweep work with is not."""
    others = (
        "sternway_steps.saga.one_process", "sternway_steps.saga.finalize", "sternway_steps.saga.sweep",
        "sternway_steps.saga.orchestrator", "sternway_steps.saga.target_status", "sternway_steps.builtin.command.runner",
        "sternway_steps.builtin.deploy.undo", "sternway_steps.process.run",
        {"validate": "sternway_steps.builtin.deploy.execute", "deploy": "sternway_steps.release.precheck"}[step],
    )  # fmt: skip
    code = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps([name for name in sys.modules if name.startswith('sternway_steps.rollout.') or "
        f"name in {others!r}]), file=sys.stderr))\n"
        "from sternway_steps.cli import main; main()"
    )
    environ = {**os.environ, "KUBECONFIG": sternway_sandbox.kubeconfig}
    arguments = ("step", step, "execute", "-c", str(WEB), "--run", "r1")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == []
