"""What the attempts of a run amount to, read from its journal."""

from __future__ import annotations

from typing import Any

from sternway_steps.builtin.deploy.record import changes
from sternway_steps.objects.ref import Ref
from sternway_steps.step import History, Recorded

from tests.helpers import config_map

REF = Ref("v1", "ConfigMap", None, "m")


def seen(uid: str, run: str | None) -> dict[str, Any]:
    obj = config_map("m", k=uid)
    fields = {"f:data": {"f:k": {}}}
    manager = "sternway:t" if run else "editor"
    entry = {"manager": manager, "operation": "Apply", "apiVersion": "v1", "time": "t", "fieldsV1": fields}
    obj["metadata"] |= {"uid": uid, "resourceVersion": "7", "managedFields": [entry]}
    return obj if run is None else {**obj, "metadata": {**obj["metadata"], "annotations": {"sternway.dev/run": run}}}


def folded(*before: dict[str, Any] | None, uid: str, created: bool) -> Any:
    intents = [{"manager": "sternway:t", "create_only": True, "objects": [{"applied": config_map("m", k="new"), "before": b}]} for b in before]  # fmt: skip
    ref = [REF.api_version, REF.kind, REF.namespace, REF.name]
    evidence = {"objects": [{"ref": ref, "uid": uid, "created": created, "again": False, "after": seen(uid, "r")}]}
    [change] = changes("r", History(Recorded(tuple(intents), (evidence,))))
    return change


def test_an_object_that_others_made_anew_between_two_attempts_is_how_it_was_before() -> None:
    """The first attempt's apply was held to the UID that it saw, so the one of the second is somebody else's."""
    change = folded(seen("one", "earlier"), seen("two", None), uid="two", created=False)
    assert change.before["metadata"]["uid"] == "two"
    assert change.created is False


def test_an_object_that_was_deleted_between_two_attempts_was_not_there() -> None:
    assert folded(seen("one", "earlier"), None, uid="two", created=True).before is None
