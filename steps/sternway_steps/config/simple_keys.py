"""The keys of the simple form, from which a Deployment and a Service are made (`short_form`)."""

from __future__ import annotations

from typing import Any

from ..yamltree import scalars as s
from ..yamltree.reader import Key, Many, Section, Short, Table
from .others_words import NO_SHELL


def _probe(path: str | None = None, **keys: Any) -> dict[str, Any]:
    return {"path": path, **keys}


SOURCE = Section(
    {
        "secret": Key(s.dns_name, "The Secret that holds the value, under `key`.", examples=("keys",)),
        "config": Key(s.dns_name, "The ConfigMap that holds the value, under `key`.", examples=("settings",)),
        "key": Key(s.string, "The key in the Secret or ConfigMap.", examples=("api",)),
        "field": Key(s.string, "A field of the pod.", examples=("metadata.name", "status.podIP")),
    }
)
"""Where the value of a variable comes from."""
_PROBE = Short(
    s.url_path,
    Section(
        {
            "path": Key(s.url_path, "The path that is asked by HTTP.", examples=("/ready",)),
            "port": Key(s.port, "The port that is asked; by default the container's."),
            "command": Key(
                Many(s.string, NO_SHELL), "A command in the container that ends with 0, instead of a request."
            ),
            "delay": Key(s.duration, "The wait before the first probe.", examples=("10s",)),
            "period": Key(s.duration, "The time between two probes.", 2.0),
            "timeout": Key(s.duration, "How long an answer may take.", 1.0),
            "failures": Key(s.whole(1), "How many probes fail before it counts.", 3),
        },
        _probe,
    ),
)
_QUANTITIES = Table(s.string, s.quantity)
RESOURCES = Section(
    {
        "requests": Key(_QUANTITIES, "What a container is sure to get.", examples=({"cpu": "50m", "memory": "32Mi"},)),
        "limits": Key(_QUANTITIES, "What a container may use at most.", examples=({"memory": "128Mi"},)),
    }
)

SIMPLE: dict[str, Any] = {
    "image": Key(
        s.image, "The image of the Deployment that is made of this file.", examples=("ghcr.io/example/web:1.4.2",)
    ),
    "port": Key(s.port, "The port that the container listens to. With it come a Service and a readiness probe."),
    "replicas": Key(s.whole(0, 100_000), "How many pods there are. Left out, an autoscaler may own it."),
    "env": Key(
        Table(s.env_name, Short(s.string, SOURCE)),
        "The container's variables: a text, or where the value comes from.",
        examples=({"LEVEL": "info", "KEY": {"secret": "keys", "key": "api"}},),
    ),
    "command": Key(Many(s.string, NO_SHELL), "The container's command, in place of the image's entrypoint."),
    "args": Key(Many(s.string, NO_SHELL), "The arguments of the container's command."),
    "resources": Key(RESOURCES, "What the container requests, and what it is limited to."),
    "probes": Key(
        Section(
            {
                "readiness": Key(
                    _PROBE, "Whether a pod may get requests; with `port` and without this the port is tried."
                ),
                "liveness": Key(_PROBE, "Whether the container is restarted."),
                "startup": Key(_PROBE, "Whether the container has started; the other two wait for it."),
            }
        ),
        "The container's probes: a path, or more than that.",
        examples=({"readiness": "/ready", "liveness": {"path": "/live", "period": "5s"}},),
    ),
    "labels": Key(Table(s.string, s.string), "Labels of the objects and the pods."),
    "annotations": Key(Table(s.string, s.string), "Annotations of the Deployment."),
    "service": Key(
        Section(
            {
                "port": Key(s.port, "The Service's port; by default `port`."),
                "type": Key(s.one_of("ClusterIP", "NodePort", "LoadBalancer"), "The Service's type.", "ClusterIP"),
            }
        ),
        "The Service that comes with `port`.",
    ),
    "serviceAccount": Key(s.dns_name, "The ServiceAccount of the pods."),
    "imagePullSecrets": Key(Many(s.dns_name), "Secrets with the credentials of the image's registry."),
    "nodeSelector": Key(Table(s.string, s.string), "Labels of the nodes that the pods may run on."),
}
"""The keys of the simple form."""
