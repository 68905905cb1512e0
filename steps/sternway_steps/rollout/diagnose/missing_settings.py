"""A Secret or ConfigMap that does not exist yet, but may be created by an operator, a controller, or a later step.

The messages are the kubelet's, from pkg/kubelet/kubelet_pods.go (pull secrets too) and pkg/volume/secret.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from .object_fields import Obj, spec_of
from .verdict import Cause, Verdict, progressing
from .view import View

NOT_RETRIEVED = "FailedToRetrieveImagePullSecret"
"""The kubelet's event for an image pull secret that does not exist."""
_ABSENT = re.compile(r'\b(secret|configmap) "([^"]+)" not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key \S+ in (secret|configmap) [^/\s]+/(\S+)", re.IGNORECASE)
_NO_FILE = re.compile(r'for volume "([^"]+)".*references non-existent (secret|config) key', re.IGNORECASE)
_PULL_SECRETS = re.compile(r"image pull secrets \(([^)]*)\)")


def missing_setting(text: str, pod: Obj | None = None) -> str:
    """Return what is missing by the kubelet's message: `secret/NAME` or `configmap/NAME`; "" for something else.

    `pod`: whose volumes tell the name where the message only names the volume.
    """
    for pattern in (_ABSENT, _NO_KEY):
        if match := pattern.search(text):
            return f"{match[1].lower()}/{match[2]}"
    if pod is not None and (match := _NO_FILE.search(text)):
        volume: Obj = next((v for v in spec_of(pod).get("volumes") or [] if v["name"] == match[1]), {})
        if name := (volume.get("secret") or {}).get("secretName"):
            return f"secret/{name}"
        if name := (volume.get("configMap") or {}).get("name"):
            return f"configmap/{name}"
    return ""


def missing_pull_secret(pod: Obj, view: View) -> str:
    """Return the name of an image pull secret that does not exist, by the kubelet's event; "" when all exist."""
    for event in reversed(view.events_of(pod, NOT_RETRIEVED)):
        if match := _PULL_SECRETS.search(event.get("message", "")):
            return match[1].split(",")[0].strip()
    return ""


def wait_for_setting(pod: Obj, wanted: str, cause: Cause, began: datetime | None, view: View) -> Verdict:
    """Judge a pod that waits for a Secret or ConfigMap.

    It is waited for as long as some object is to create it, else for `grace.config`.
    """
    cause = replace(cause, wants=wanted)
    supplier = view.supplier_of(wanted, pod["metadata"].get("namespace"))
    if supplier is not None:
        text = f"{cause.message}; {supplier['kind']} {supplier['metadata']['name']} is to bring it"
        return progressing(cause.reason, text, replace(cause, message=text))
    hint = f"waited {view.grace.config:g} s for {wanted}; verify.grace.config waits longer"
    return view.fail_after(
        began, view.grace.config, replace(cause, message=f"{cause.message} ({hint})"), waiting=cause.message
    )
