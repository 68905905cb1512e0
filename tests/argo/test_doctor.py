"""What the doctor says of a real Argo, and of a pipeline that is applied there."""

from __future__ import annotations

import json

import pytest

from tests.argo.conftest import OnArgo
from tests.helpers import sternway
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(300)]


def argo_findings(runner: OnArgo) -> dict[str, str]:
    config = str(runner.folder / "sternway.yaml")
    done = sternway("doctor", config, "--output", "json", kubeconfig=runner.kubeconfig)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if line.get("level") == "wrong"] == [], done.stdout
    assert done.returncode == 0
    return {line["what"]: line["level"] for line in lines if line.get("check") == "argo"}


def test_the_version_is_told_and_whether_the_sweeper_is_there(runner: OnArgo) -> None:
    runner.apply(files(runner.namespace, 1, {}))
    sweeper = f"cronjob/sternway-sweep-web in namespace {runner.namespace}"
    found = argo_findings(runner)
    assert "good" in {level for what, level in found.items() if what.startswith("Argo Workflows 4.")}
    assert found[f"the sweeper is there: {sweeper}"] == "good"
    runner.kubectl("-n", runner.namespace, "delete", "cronjob", "sternway-sweep-web")
    assert argo_findings(runner)[f"there is no sweeper: {sweeper}"] == "warning"
