"""Judges kinds of Kubernetes that have no pods: CustomResourceDefinition, Service, Ingress, Namespace."""

from __future__ import annotations

from .object_fields import Obj, condition, spec_of, text_of
from .verdict import Cause, Verdict, failed, progressing, ready
from .view import View


def judge_definition(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A CustomResourceDefinition is ready when Established; names that are taken stay taken, which is a failure."""
    names = condition(obj, "NamesAccepted")
    if names.get("status") == "False":
        return failed(Cause("NamesNotAccepted", text_of(names)))
    if condition(obj, "Established").get("status") == "True":
        return ready("established", "Established")
    return progressing("NotEstablished", "its kind is not served yet")


def judge_service(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A Service is ready when it has its address; that of a load balancer is assigned from outside.

    Endpoints don't count: a Service without any is what the user asked for, and HTTP checks tell whether it serves.
    """
    if spec_of(obj).get("type") != "LoadBalancer":
        return ready("it has its address" if spec_of(obj).get("clusterIP") else "it exists", "Exists")
    if (obj.get("status") or {}).get("loadBalancer", {}).get("ingress") or spec_of(obj).get("externalIPs"):
        return ready("the load balancer has an address", "HasAddress")
    return progressing("NoAddress", "waits for the load balancer's address")


def judge_ingress(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """An Ingress is ready when it exists: many controllers never write an address."""
    return ready("it exists", "Exists")


def judge_namespace(obj: Obj, view: View) -> Verdict:  # noqa: ARG001
    """A Namespace is ready when Active."""
    phase = (obj.get("status") or {}).get("phase", "Active")
    return ready("active", "Active") if phase == "Active" else progressing(phase, f"it is {phase}")
