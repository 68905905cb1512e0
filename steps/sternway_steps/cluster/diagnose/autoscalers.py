"""Judges autoscalers. Source: "Horizontal Pod Autoscaling: Status Conditions" in the Kubernetes documentation."""

from __future__ import annotations

from .verdict import Cause, Obj, Verdict, View, condition, progressing, ready, text_of


def judge_autoscaler(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """An autoscaler works when it can read its target; metrics may take minutes, and pods run without it."""
    able = condition(obj, "AbleToScale")
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        return progressing("FailedGetScale", text_of(able), Cause("FailedGetScale", text_of(able)))
    return ready("it exists", "Exists")
