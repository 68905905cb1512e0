"""Who deploys next may have fewer rights than who deployed before, and was undone."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from tests.conftest import Cluster
from tests.helpers import config_map
from tests.rights.stage import Case, Stage, stage

WIDER = 3


def objects(_: Stage, version: int) -> list[dict[str, Any]]:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}}
    return [config_map("web", version=str(version)), *([account] if version == WIDER else [])]


def test_a_kind_of_a_run_that_was_undone_need_not_be_readable(cluster: Cluster) -> None:
    """It is read to see whether that run has written anything since, which is no reason to fail."""
    with stage(cluster.kubeconfig, Case("fewer", objects, ())) as staged:
        undone = staged.admin.rollback(staged.prepare(WIDER))
        assert undone is not None
        assert undone.status.value == "undone"
        staged.grant()
        staged.run(1)
        found = staged.get("v1", "ConfigMap", "web")
        assert found is not None
        assert found["data"] == {"version": "1"}
