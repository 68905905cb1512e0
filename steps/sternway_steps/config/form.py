"""The form of sternway.yaml: every key, and how its value is read. Steps contribute readers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Group, Many, Raw, Section, Short, Table
from .argo import ARGO, PARAMETERS, SCHEDULE
from .declared import DECLARED
from .option_reader import OptionReader, With
from .schema import ON, ON_INTERRUPT, JournalConfig, StepConfig
from .step_pod import STEP_POD

_A_FILE = {"type": "string", "minLength": 1, "not": {"pattern": "://"}}


@s.reads("a path, or a list of paths", {"anyOf": [_A_FILE, {"type": "array", "items": _A_FILE, "minItems": 1}]})
def _extends(_node: Node) -> str:
    raise s.InvalidValue("only a file can extend others", "this key in a configuration file")


@s.reads("the name of a step", s.dns_label.schema)
def _named(node: Node) -> StepConfig:
    if isinstance(node.value, list):
        raise s.InvalidValue(
            "a group holds steps, and no other groups", "a step", "write its steps into the group itself"
        )
    return StepConfig(s.dns_label(node), node.value)


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
_QUANTITIES = Table(s.string, s.quantity)
RESOURCES = Section({"requests": _QUANTITIES, "limits": _QUANTITIES})

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
"""The keys of the simple form, from which a Deployment and a Service are made."""

_KEYS: dict[str, Any] = {
    "name": s.dns_label,
    "namespace": s.dns_label,
    **SIMPLE,
    "extends": _extends,  # of a file it is taken out when the file is read
    "manifests": Many(s.path),
    "hooks": s.one_of("ignore", "run"),
    "declared": DECLARED,
    "journal": Section({"store": s.one_of("cluster", "file"), "namespace": s.dns_label, "path": s.path}, JournalConfig),
    "deadline": s.duration,
    "rollbackDeadline": s.duration,
    "history": s.whole(1, 1000),
    "waitLock": s.duration,
    "onInterrupt": s.one_of(*ON_INTERRUPT),
    "argo": ARGO,
    "schedule": SCHEDULE,
    "parameters": PARAMETERS,
}


def form_of(readers: Sequence[OptionReader]) -> Section:
    """Return the form of a whole file, with the sections and keys of the steps."""
    sections = {reader.step: reader.section for reader in readers if reader.section is not None}
    return Section({**_KEYS, "steps": Many(Group(_step_of(readers))), **sections}, required=("name",))


def _step_of(readers: Sequence[OptionReader]) -> Short:
    own = {key: kind for reader in readers for key, kind in reader.own.items()}
    keys = {
        "name": s.dns_label,
        "uses": s.dns_label,
        "retries": s.whole(0, 100),
        "deadline": s.duration,
        "rollbackDeadline": s.duration,
        "on": s.one_of(*ON),
        "pod": STEP_POD,
        "with": With(s.string, Raw(), {reader.step: reader.options for reader in readers if reader.options}),
        **own,
    }

    def made(**found: Any) -> StepConfig:
        if "with" in found:
            found["options"] = found.pop("with")
        if "rollbackDeadline" in found:
            found["rollback_deadline"] = found.pop("rollbackDeadline")
        maker = next((reader.make for reader in readers if reader.make and reader.own.keys() & found.keys()), None)
        return maker(found) if maker else StepConfig(**{"uses": found["name"], **found})

    return Short(_named, Section(keys, made, required=("name",)))
