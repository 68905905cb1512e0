"""The list of runs: narrow for a terminal; wide with who, from where, which images and the whole error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sternway_steps.cli.runs_table import images, lines, origin, who
from sternway_steps.journal.replay import Attempt, Status, Story
from sternway_steps.spec import Action

POD = {"containers": [{"name": "web", "image": "web:2"}], "initContainers": [{"name": "i", "image": "busybox:1"}]}
CONFIG = {
    "manifests": [{"obj": {"kind": "Deployment", "spec": {"template": {"spec": POD}}}}, {"obj": {"kind": "Service"}}]
}
STORY = Story(
    "r1", "shop.web", "2026-11-28T10:00:00.5Z", "2026-11-28T10:00:09Z", Status.UNDONE, CONFIG,
    f"deployment.apps/web: {'long ' * 20}\nmore", False, (), by={"user": "ann", "host": "laptop", "version": "0.1.0"},
    place="shop",
)  # fmt: skip


def test_a_narrow_table_cuts_the_error_and_a_wide_one_tells_all() -> None:
    head, row = lines([STORY], wide=False)
    assert head.split() == ["RUN", "TARGET", "STARTED", "STATUS", "NOTE"]
    assert row.startswith("shop/r1  shop.web  2026-11-28T10:00:00  undone  deployment.apps/web: long")
    assert len(row.partition("undone  ")[2]) <= 60
    head, row = lines([STORY], wide=True)
    assert head.split() == ["RUN", "TARGET", "STARTED", "STATUS", "BY", "FROM", "IMAGES", "NOTE"]
    assert "  ann@laptop  one process  web:2, busybox:1  deployment.apps/web: " in row
    assert row.endswith("long long")


def test_from_where_a_run_came_and_by_whom() -> None:
    job: Any = {"namespace": "shop", "name": "web-123", "uid": "u"}
    assert origin(replace(STORY, workflow="web-abc", stepwise=True)) == "Workflow web-abc"
    assert origin(replace(STORY, job=job)) == "Job web-123"
    assert origin(replace(STORY, stepwise=True)) == "step by step"
    assert who(replace(STORY, by={})) == "-"


def test_an_image_that_the_run_built_is_told_with_its_digest() -> None:
    built = Attempt("build", Action.EXECUTE, 1, "", "", "done", {"hands_on": {"images": {"web:2": "sha256:abc"}}})
    assert images(replace(STORY, attempts=(built,))) == ("web:2@sha256:abc", "busybox:1")
    assert images(replace(STORY, config={})) == ()


def test_a_way_back_names_the_run() -> None:
    assert list(lines([replace(STORY, back_to="r0")], wide=False))[1].endswith("was to go back to r0")
