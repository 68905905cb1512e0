"""Judges custom resources by their conditions.

Source: "API Conventions: Typical status properties" of the Kubernetes project; kstatus for Reconciling and Stalled.
"""

from __future__ import annotations

from .verdict import Cause, Obj, Verdict, View, condition, failed, progressing, ready, text_of

# Condition types by which operators say that all is well. Any of them decides when it is there.
_WELL = ("Ready", "Available", "Healthy", "Succeeded", "Complete", "Established", "Accepted", "Programmed")


def judge_by_conditions(obj: Obj, view: View) -> Verdict:  # noqa: ARG001  every judge takes both
    """Judge any resource: by Stalled, Failed, Reconciling, by the condition that says that all is well."""
    status = obj.get("status")
    if not isinstance(status, dict):
        return ready("it has no status", "Exists")
    observed = status.get("observedGeneration")
    if isinstance(observed, int) and observed < obj["metadata"].get("generation", 0):
        return progressing("NotObserved", "its controller has not seen the change yet")
    for kind in ("Stalled", "Failed", "Degraded"):
        bad = condition(obj, kind)
        if bad.get("status") == "True":
            if kind == "Degraded":  # it may still recover, and serves meanwhile
                return progressing("Degraded", text_of(bad), Cause("Degraded", text_of(bad)))
            return failed(Cause(str(bad.get("reason") or kind), text_of(bad)))
    going = condition(obj, "Reconciling")
    if going.get("status") == "True":
        return progressing("Reconciling", text_of(going))
    for kind in _WELL:
        well = condition(obj, kind)
        if not well:
            continue
        seen = well.get("observedGeneration")
        if isinstance(seen, int) and seen < obj["metadata"].get("generation", 0):
            return progressing("NotObserved", "its controller has not seen the change yet")
        if well.get("status") == "True":
            return ready(text_of(well), kind)
        # Not ready yet, or never: conditions can't tell, so the deadline does.
        return progressing(str(well.get("reason") or f"Not{kind}"), text_of(well), Cause(f"Not{kind}", text_of(well)))
    return ready("no condition speaks against it", "Exists")
