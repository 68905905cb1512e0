"""Judges autoscalers. Source: "Horizontal Pod Autoscaling: Status Conditions" in the Kubernetes documentation."""

from __future__ import annotations

import json

from .verdict import Cause, Obj, Verdict, View, changed_at, condition, progressing, ready, text_of

_NOTE = "autoscaling.alpha.kubernetes.io/conditions"
"""Where autoscaling/v1 keeps conditions, as JSON: its status has none."""
_SPEC_IS_WRONG = ("InvalidSelector", "InvalidMetricSourceType")
_PERIOD = 20.0
"""Seconds in which the controller has looked again: it does every 15, and does not say which spec it has seen."""


def judge_autoscaler(obj: Obj, view: View) -> Verdict:
    """An autoscaler works when it can read its target; metrics may take minutes, and pods run without it."""
    obj = _with_conditions(obj)
    active = condition(obj, "ScalingActive")
    if active.get("status") == "False" and active.get("reason") in _SPEC_IS_WRONG:
        return view.after(changed_at(obj), _PERIOD, Cause(str(active["reason"]), text_of(active)))
    able = condition(obj, "AbleToScale")
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        return progressing("FailedGetScale", text_of(able), Cause("FailedGetScale", text_of(able)))
    return ready("it exists", "Exists")


def _with_conditions(obj: Obj) -> Obj:
    note = (obj["metadata"].get("annotations") or {}).get(_NOTE)
    if not note or (obj.get("status") or {}).get("conditions"):
        return obj
    try:
        found = json.loads(note)
    except ValueError:
        return obj  # anybody may write annotations
    found = [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
    return {**obj, "status": {**(obj.get("status") or {}), "conditions": found}}
