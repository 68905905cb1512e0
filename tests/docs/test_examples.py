"""What pages show in Python or of other programs, and that no other test runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import ROOT
from tests.helpers import sternway

from .blocks import blocks
from .stage import plain


def test_the_test_of_a_step_in_steps_readme_runs(tmp_path: Path) -> None:
    """The page is steps/README.md; what a request is answered with stands in the place of its dots."""
    text = list(blocks(ROOT / "steps/README.md", "python"))[-1].text
    asks = (
        "import pytest\n    from sternway_steps.objects.ref import Ref\n    from sternway_steps.session import Session\n"
        "    with Session(kubeconfig=sternway_sandbox.kubeconfig) as s, pytest.raises(Exception, match='503'):\n"
        "        s.client.patch(Ref('v1', 'Namespace', None, 'default'), {'metadata': {}}, manager='test')"
    )
    assert "    ...  #" in text
    (tmp_path / "test_my_step.py").write_text(text.replace("...  #", f"{asks}  #"))
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "test_my_step.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_an_undo_that_failed_looks_as_its_page_shows_it(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """The page is docs/how-to/undo-failed.md; somebody else changes what the run has deployed."""
    shown = next(blocks(ROOT / "docs/how-to/undo-failed.md", "console")).text
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: LEVEL}\n"
    (tmp_path / "sternway.yaml").write_text("name: web\nnamespace: shop\nmanifests: [settings.yaml]\n")
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        session.client.create(namespace, manager="test")
        for level in ("info", "debug"):
            (tmp_path / "settings.yaml").write_text(settings.replace("LEVEL", level))
            assert sternway("run", kubeconfig=sternway_sandbox.kubeconfig, cwd=tmp_path).returncode == 0
        theirs = {"data": {"level": "theirs"}}
        session.client.patch(Ref("v1", "ConfigMap", "shop", "settings"), theirs, manager="kubectl-edit")
    done = sternway("rollback", kubeconfig=sternway_sandbox.kubeconfig, cwd=tmp_path)
    assert done.returncode == 5
    assert plain(shown) == plain(done.stdout)[-len(shown.splitlines()) :]
