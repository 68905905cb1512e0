"""The endpoints controller: an EndpointSlice with the ready pods of each Service."""

from __future__ import annotations

from .world import Obj, World, is_ready, owner_reference


def reconcile(world: World) -> None:
    """Reconcile every Service; its EndpointSlice has the name of the Service."""
    for service in world.all("v1", "Service"):
        selector = (service.get("spec") or {}).get("selector")
        if not selector or service["metadata"].get("deletionTimestamp"):
            continue
        meta = service["metadata"]
        ports = [
            {"name": p.get("name", ""), "port": p.get("port"), "protocol": p.get("protocol", "TCP")}
            for p in service["spec"].get("ports") or []
        ]
        found = [_endpoint(pod) for pod in pods_of(world, service)]
        slice_ = world.find("discovery.k8s.io/v1", "EndpointSlice", meta["namespace"], meta["name"])
        if slice_ is None:
            world.create({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {
                    "name": meta["name"], "namespace": meta["namespace"],
                    "labels": {"kubernetes.io/service-name": meta["name"]}, "ownerReferences": [owner_reference({**service, "apiVersion": "v1", "kind": "Service"})],
                },
                "endpoints": found, "ports": ports,
            })  # fmt: skip
        else:
            world.update(slice_, endpoints=found, ports=ports)


def pods_of(world: World, service: Obj) -> list[Obj]:
    """Return the pods that a Service selects and that receive traffic."""
    selector = service["spec"]["selector"]
    pods = world.all("v1", "Pod", service["metadata"]["namespace"])
    return [
        p
        for p in pods
        if is_ready(p) and all((p["metadata"].get("labels") or {}).get(k) == v for k, v in selector.items())
    ]


def _endpoint(pod: Obj) -> Obj:
    address = (pod.get("status") or {}).get("podIP", "")
    target = {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    return {"addresses": [address], "conditions": {"ready": True}, "targetRef": target}
