"""Judges HorizontalPodAutoscalers. Source: "Horizontal Pod Autoscaling: Status Conditions", Kubernetes docs."""

from __future__ import annotations

import json

from .object_fields import Obj, changed_at, condition, text_of
from .verdict import Cause, Verdict, progressing, ready
from .view import View

_NOTE = "autoscaling.alpha.kubernetes.io/conditions"
"""The annotation in which autoscaling/v1 keeps conditions as JSON: its status has no field for them."""
_SPEC_IS_WRONG = ("InvalidSelector", "InvalidMetricSourceType")
_PERIOD = 20.0
"""Seconds after which the controller has looked again: it does so every 15, and does not say which spec it saw."""


def judge_autoscaler(obj: Obj, view: View) -> Verdict:
    """An autoscaler is ready when it can read its target; metrics may take minutes, and pods run without them."""
    obj = _with_conditions(obj)
    active = condition(obj, "ScalingActive")
    if active.get("status") == "False" and active.get("reason") in _SPEC_IS_WRONG:
        return view.fail_after(changed_at(obj), _PERIOD, Cause(str(active["reason"]), text_of(active)))
    able = condition(obj, "AbleToScale")
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        return progressing("FailedGetScale", text_of(able), Cause("FailedGetScale", text_of(able)))
    return ready("it exists", "Exists")


def _with_conditions(obj: Obj) -> Obj:
    text = (obj["metadata"].get("annotations") or {}).get(_NOTE)
    if not text or (obj.get("status") or {}).get("conditions"):
        return obj
    try:
        conditions = json.loads(text)
    except ValueError:
        return obj  # anybody may write annotations
    conditions = [c for c in conditions if isinstance(c, dict)] if isinstance(conditions, list) else []
    return {**obj, "status": {**(obj.get("status") or {}), "conditions": conditions}}
