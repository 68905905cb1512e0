"""The configurations whose Roles are looked at, and the plays that need their rights."""

from __future__ import annotations

from collections.abc import Mapping

from sternway_steps.config import Config
from sternway_steps.yamltree.document import Node
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.rollback_role import rollback_role

from tests.rights.commanding import COMMAND, commanded, killed
from tests.rights.kinds import annotated, hooked, opened, wide
from tests.rights.on_argo import hanging, report, report_of_one_that_is_gone, terminated
from tests.rights.people import service, undo_all_since, undo_change, undo_creation, undo_made_anew, undo_workflow
from tests.rights.settings import change, create, many, read_by_others, reader, restart, settings
from tests.rights.stage import Case, Obj
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


def rollback_only(config: Config, _: Node) -> Mapping[str, Obj]:
    return rollback_role(config)


CASES = (
    Case(
        "rollback",
        service,
        (undo_creation, undo_change, undo_all_since, undo_made_anew),
        {"steps": ["deploy", "verify"]},
        roles=rollback_only,
    ),
    Case("rollback on Argo", service, (undo_workflow,), roles=rollback_only, real=False),
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
    Case("argo", settings, (report, report_of_one_that_is_gone, terminated, hanging), roles=pipeline, real=False),
    Case("command", settings, (commanded, killed), {"steps": ["deploy", COMMAND], "journal": {"namespace": "OTHER"}}),
)
__all__ = ["CASES"]
