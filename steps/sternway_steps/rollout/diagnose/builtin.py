"""Judges the kinds of Kubernetes itself that have no pods: definitions, Services, Ingresses, namespaces."""

from __future__ import annotations

from .verdict import Cause, Obj, Verdict, View, condition, failed, progressing, ready, spec_of, text_of


def judge_definition(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A definition serves its kind when Established; a name that is taken stays taken."""
    names = condition(obj, "NamesAccepted")
    if names.get("status") == "False":
        return failed(Cause("NamesNotAccepted", text_of(names)))
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


def judge_namespace(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A namespace is there when Active."""
    phase = (obj.get("status") or {}).get("phase", "Active")
    return ready("active", "Active") if phase == "Active" else progressing(phase, f"it is {phase}")
