"""Each kind has a watch of its own, and one may lag behind another."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sternway_steps.config.schema import Grace
from sternway_steps.objects.ref import Ref
from sternway_steps.rollout import wait as rollout

from tests.conftest import Cluster
from tests.scenarios.test_hooks import job


def test_a_job_that_failed_is_told_with_its_pods_log_though_their_watch_lags(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = rollout._kinds
    monkeypatch.setattr(rollout, "_kinds", lambda refs: [kind for kind in kinds(refs) if kind[1] != "Pod"])
    body: dict[str, Any] = job("check", "sh", "-c", "echo no database; exit 3")
    body["metadata"]["namespace"] = cluster.namespace
    ref = Ref.of(cluster.client.create(body, manager="test"))
    report = rollout.watch_rollout(
        cluster.client, [ref], stop=threading.Event(), deadline=time.monotonic() + 30, grace=Grace(), on_progress=lambda _: None,
    )  # fmt: skip
    assert not report.ready
    assert "code 3" in report.summary, report.summary
    assert "no database" in str(report.to_dict())
