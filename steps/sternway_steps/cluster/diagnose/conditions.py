"""Judges what tells its state by conditions: custom resources, definitions, Services, Ingresses, autoscalers.

Source: "API Conventions: Typical status properties" of the Kubernetes project; kstatus for Reconciling and Stalled.
"""

from __future__ import annotations

from .verdict import Cause, Obj, Verdict, View, condition, failed, progressing, ready, spec_of

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
                return progressing("Degraded", _text(bad), Cause("Degraded", _text(bad)))
            return failed(Cause(str(bad.get("reason") or kind), _text(bad)))
    going = condition(obj, "Reconciling")
    if going.get("status") == "True":
        return progressing("Reconciling", _text(going))
    for kind in _WELL:
        well = condition(obj, kind)
        if not well:
            continue
        seen = well.get("observedGeneration")
        if isinstance(seen, int) and seen < obj["metadata"].get("generation", 0):
            return progressing("NotObserved", "its controller has not seen the change yet")
        if well.get("status") == "True":
            return ready(_text(well), kind)
        # Not ready yet, or never: conditions can't tell, so the deadline does.
        return progressing(str(well.get("reason") or f"Not{kind}"), _text(well), Cause(f"Not{kind}", _text(well)))
    return ready("no condition speaks against it", "Exists")


def judge_definition(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A definition serves its kind when Established; a name that is taken stays taken."""
    names = condition(obj, "NamesAccepted")
    if names.get("status") == "False":
        return failed(Cause("NamesNotAccepted", _text(names)))
    if condition(obj, "Established").get("status") == "True":
        return ready("established", "Established")
    return progressing("NotEstablished", "its kind is not served yet")


def judge_service(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A Service is there when it has its address; a load balancer's comes from outside.

    Endpoints are the pods' affair: a Service without any is as the user asked, and HTTP checks tell whether it serves.
    """
    if spec_of(obj).get("type") != "LoadBalancer":
        return ready("it has its address" if spec_of(obj).get("clusterIP") else "it exists", "Exists")
    if (obj.get("status") or {}).get("loadBalancer", {}).get("ingress") or spec_of(obj).get("externalIPs"):
        return ready("the load balancer has an address", "HasAddress")
    return progressing("NoAddress", "waits for the load balancer's address")


def judge_ingress(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """An Ingress is there when it exists: many controllers never write an address."""
    return ready("it exists", "Exists")


def judge_autoscaler(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """An autoscaler works when it can read its target; metrics may take minutes, and pods run without it."""
    able = condition(obj, "AbleToScale")
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        return progressing("FailedGetScale", _text(able), Cause("FailedGetScale", _text(able)))
    return ready("it exists", "Exists")


def judge_namespace(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A namespace is there when Active."""
    phase = (obj.get("status") or {}).get("phase", "Active")
    return ready("active", "Active") if phase == "Active" else progressing(phase, f"it is {phase}")


def _text(found: Obj) -> str:
    return str(found.get("message") or found.get("reason") or f"{found.get('type')} is {found.get('status')}")
