"""The configurations whose Roles are looked at, and the plays that need their rights."""

from __future__ import annotations

from sternway_templates.argo.pipeline import pipeline

from tests.rights.commanding import COMMAND, commanded, killed
from tests.rights.kinds import annotated, hooked, opened, wide
from tests.rights.on_argo import report, report_of_one_that_is_gone, terminated
from tests.rights.settings import change, create, many, read_by_others, reader, restart, settings
from tests.rights.stage import Case
from tests.rights.workloads import (
    HTTP,
    bad_image,
    claiming,
    crash,
    elsewhere,
    good,
    keep_claims,
    slow,
    stateful,
    stuck,
    web,
)

CASES = (
    Case("settings", settings, (create, change, read_by_others)),
    Case("many", many, (create, change)),
    Case(
        "web", web, (good, bad_image, crash, create, slow), {"steps": ["deploy", "verify"], "verify": {"http": [HTTP]}}
    ),
    Case("stateful", stateful, (create, stuck, crash), {"steps": ["deploy", "verify"]}),
    Case("claims", claiming, (create, keep_claims)),
    Case("stale", reader, (restart,), {"deploy": {"restartStale": True}}),
    Case(
        "elsewhere",
        elsewhere,
        (create,),
        {"steps": ["deploy", "verify"], "verify": {"http": [{**HTTP, "namespace": "OTHER"}]}},
    ),
    Case(
        "wide",
        wide,
        (create, change, opened),
        {"verify": {"rules": [{"kind": "Goose.*", "ready": ["status.phase=Open"]}]}},
    ),
    Case("jobs", annotated, (create, change)),
    Case("hooks", hooked, (create, change), {"hooks": "run", "steps": ["deploy"]}),
    Case("argo", settings, (report, report_of_one_that_is_gone, terminated), roles=pipeline, real=False),
    Case("command", settings, (commanded, killed), {"steps": ["deploy", COMMAND], "journal": {"namespace": "OTHER"}}),
)
__all__ = ["CASES"]
