"""The variables that a command takes from Secrets and ConfigMaps, read from the cluster."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...kube.api_error import ApiError
from ...objects.ref import Ref
from ...release.targets import namespace_of
from ...step import Context

_KINDS = {"secret": "Secret", "config": "ConfigMap"}


@dataclass(frozen=True)
class Resolved:
    """Values by variable, which of them are secret, and what speaks against the command."""

    values: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


def resolve(
    context: Context, references: Mapping[str, Mapping[str, str]], *, here: bool, ahead: bool = False
) -> Resolved:
    """Read the values.

    Args:
        context: whose cluster and namespace are meant.
        references: what is read, by variable.
        here: they are needed on this machine; a pod gets them from the kubelet in any case.
        ahead: what the run itself deploys need not be there yet.

    Raises: ApiError, Refused when no cluster is configured.

    """
    if not references:
        return Resolved()
    client, namespace = context.client, namespace_of(context.config, context.client)
    coming = {(m.obj["kind"], m.obj["metadata"]["name"]) for m in context.config.manifests} if ahead else set()
    objects: dict[tuple[str, str], dict[str, Any] | None] = {}
    values: dict[str, str] = {}
    secrets, findings = [], []
    for variable, source in references.items():
        form = next(form for form in _KINDS if form in source)
        kind, name = _KINDS[form], source[form]
        if (kind, name) in coming:
            continue
        try:
            if (kind, name) not in objects:
                objects[kind, name] = client.get(Ref("v1", kind, namespace, name))
        except ApiError as error:
            if not error.forbidden:
                raise
            if here:
                findings.append(f"{variable}: {error}")
            continue
        value = _value(objects[kind, name], source["key"], kind)
        where = f"{kind} {name} in {namespace}"
        if objects[kind, name] is None:
            findings.append(f"{variable}: there is no {where}")
        elif value is None:
            findings.append(f"{variable}: {where} has no key {source['key']}")
        elif "\0" in value:
            findings.append(f"{variable}: key {source['key']} of {where} holds a NUL character: no variable can")
        else:
            values[variable] = value
            secrets += [value] if kind == "Secret" else []
    return Resolved(values, tuple(secrets), tuple(findings))


def env_of(texts: Iterable[tuple[str, str]], references: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the variables as a container's `env`; Kubernetes resolves what is in Secrets and ConfigMaps.

    It would expand `$(NAME)` in a value too; nobody else does, so a dollar is written as it wants one (`$$`).
    """
    fields = {"secret": "secretKeyRef", "config": "configMapKeyRef"}
    found: list[dict[str, Any]] = [{"name": name, "value": value.replace("$", "$$")} for name, value in texts]
    for name, source in references.items():
        form = next(form for form in fields if form in source)
        found.append({"name": name, "valueFrom": {fields[form]: {"name": source[form], "key": source["key"]}}})
    return found


def _value(obj: Mapping[str, Any] | None, key: str, kind: str) -> str | None:
    data: Mapping[str, str] = (obj or {}).get("data") or {}
    if key not in data:
        return None
    if kind != "Secret":
        return data[key]
    try:
        # What is no UTF-8 comes back as the same bytes when a process is given it.
        return base64.b64decode(data[key]).decode(errors="surrogateescape")
    except binascii.Error:
        return None
