"""The form of sternway.yaml: every key, and how its value is read."""

from __future__ import annotations

from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Group, Many, Raw, Section, Short, Table
from .argo import ARGO, PARAMETERS, SCHEDULE
from .build import BUILD
from .command import COMMAND, RESOURCES, command_step
from .declared import DECLARED
from .rules import RULES
from .schema import DeployConfig, Grace, HttpCheck, JournalConfig, StepConfig


def _extends(_node: Node) -> str:
    raise s.Bad("only a file can extend others", "this key in a configuration file")


def _http(**keys: Any) -> dict[str, Any]:
    return keys  # the service and the port of the simple form are filled in when the whole file is read


def _step(**keys: Any) -> StepConfig:
    if "with" in keys:
        keys["options"] = keys.pop("with")
    if any(key in keys for key in COMMAND):
        return command_step(keys)
    return StepConfig(**{"uses": keys["name"], **keys})


def _named(node: Node) -> StepConfig:
    if isinstance(node.value, list):
        raise s.Bad("a group holds steps, and no other groups", "a step", "write its steps into the group itself")
    return StepConfig(s.dns_label(node), node.value)


def _deploy(**keys: Any) -> DeployConfig:
    names = {"forceConflicts": "force_conflicts", "onConflict": "on_conflict", "restartStale": "restart_stale"}
    return DeployConfig(**{names.get(key, key): value for key, value in keys.items()})


def _probe(path: str | None = None, **keys: Any) -> dict[str, Any]:
    return {"path": path, **keys}


_SOURCE = Section({"secret": s.dns_name, "config": s.dns_name, "key": s.string, "field": s.string})
_PROBE = Short(
    s.url_path,
    Section(
        {
            "path": s.url_path,
            "port": s.port,
            "command": Many(s.string),
            "delay": s.duration,
            "period": s.duration,
            "timeout": s.duration,
            "failures": s.whole(1),
        },
        _probe,
    ),
)
_HTTP = Section(
    {
        "service": s.dns_label,
        "port": s.port_or_name,
        "path": s.url_path,
        "namespace": s.dns_label,
        "scheme": s.one_of("http", "https"),
        "status": s.whole(100, 599),
        "contains": s.string,
        "headers": Table(s.string, s.string),
        "retries": s.whole(0, 1000),
        "interval": s.duration,
        "timeout": s.duration,
    },
    _http,
)
_STEP = Short(
    _named,
    Section(
        {
            "name": s.dns_label,
            "uses": s.dns_label,
            "retries": s.whole(0, 100),
            "deadline": s.duration,
            "with": Table(s.string, Raw()),
            **COMMAND,
        },
        _step,
        required=("name",),
    ),
)

_GRACES = ("pull", "config", "create", "unschedulable", "mount", "condition")

SIMPLE: dict[str, Any] = {
    "image": s.image,
    "port": s.port,
    "replicas": s.whole(0, 100_000),
    "env": Table(s.env_name, Short(s.string, _SOURCE)),
    "command": Many(s.string),
    "args": Many(s.string),
    "resources": RESOURCES,
    "probes": Section({"readiness": _PROBE, "liveness": _PROBE, "startup": _PROBE}),
    "labels": Table(s.string, s.string),
    "annotations": Table(s.string, s.string),
    "service": Section({"port": s.port, "type": s.one_of("ClusterIP", "NodePort", "LoadBalancer")}),
    "serviceAccount": s.dns_name,
    "imagePullSecrets": Many(s.dns_name),
    "nodeSelector": Table(s.string, s.string),
}
"""The keys from which a Deployment and a Service are made."""

FORM = Section(
    {
        "name": s.dns_label,
        "namespace": s.dns_label,
        **SIMPLE,
        "extends": _extends,  # of a file it is taken out when the file is read
        "manifests": Many(s.path),
        "hooks": s.one_of("ignore", "run"),
        "steps": Many(Group(_STEP)),
        "declared": DECLARED,
        "build": BUILD,
        "deploy": Section(
            {
                "forceConflicts": s.boolean,
                "onConflict": s.one_of("stop", "merge", "force"),
                "restartStale": s.boolean,
                "recreate": s.boolean,
            },
            _deploy,
        ),
        "verify": Section(
            {
                "deadline": s.duration,
                "grace": Section(
                    {
                        **dict.fromkeys(_GRACES, s.duration),
                        "restarts": s.whole(1, 1000),
                    },
                    Grace,
                ),
                "http": Many(_HTTP),
                "rules": RULES,
            }
        ),
        "journal": Section(
            {"store": s.one_of("cluster", "file"), "namespace": s.dns_label, "path": s.string}, JournalConfig
        ),
        "deadline": s.duration,
        "history": s.whole(1, 1000),
        "argo": ARGO,
        "schedule": SCHEDULE,
        "parameters": PARAMETERS,
    },
    required=("name",),
)


def check_from(keys: dict[str, Any], name: str, port: int | None) -> HttpCheck | None:
    """Make an HTTP check; the simple form's Service stands in for what is left out. None: nothing stands in."""
    if "service" not in keys and port is None:
        return None
    return HttpCheck(**{"service": name, "port": str(port) if port is not None else "80", **keys})
