"""A Secret or ConfigMap that is not there yet, but may come: from an operator, another controller, a later step.

The kubelet's words, from pkg/kubelet/kubelet_pods.go, pkg/volume/secret and pkg/kubelet/kubelet_pods.go (pull secrets).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from .verdict import Cause, Obj, Verdict, View, progressing, spec_of

NOT_RETRIEVED = "FailedToRetrieveImagePullSecret"
"""The kubelet's event for an image pull secret that is not there."""
_ABSENT = re.compile(r'\b(secret|configmap) "([^"]+)" not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key \S+ in (secret|configmap) [^/\s]+/(\S+)", re.IGNORECASE)
_NO_FILE = re.compile(r'for volume "([^"]+)".*references non-existent (secret|config) key', re.IGNORECASE)
_PULL_SECRETS = re.compile(r"image pull secrets \(([^)]*)\)")


def settings_of(text: str, pod: Obj | None = None) -> str:
    """Read from the kubelet's words what is missing: `secret/NAME` or `configmap/NAME`; "" when it is something else.

    `pod`: whose volumes tell the name where the words only name the volume.
    """
    for pattern in (_ABSENT, _NO_KEY):
        if found := pattern.search(text):
            return f"{found[1].lower()}/{found[2]}"
    if pod is not None and (found := _NO_FILE.search(text)):
        volume: Obj = next((v for v in spec_of(pod).get("volumes") or [] if v["name"] == found[1]), {})
        if name := (volume.get("secret") or {}).get("secretName"):
            return f"secret/{name}"
        if name := (volume.get("configMap") or {}).get("name"):
            return f"configmap/{name}"
    return ""


def pull_secret_of(pod: Obj, view: View) -> str:
    """Give an image pull secret of a pod that is not there, by the kubelet's event; "" when all are."""
    for event in reversed(view.events_of(pod, NOT_RETRIEVED)):
        if found := _PULL_SECRETS.search(event.get("message", "")):
            return found[1].split(",")[0].strip()
    return ""


def wait_for(pod: Obj, wanted: str, cause: Cause, began: datetime | None, view: View) -> Verdict:
    """Judge a pod that waits for a Secret or ConfigMap: as long as somebody is to bring it, else for `grace.config`."""
    cause = replace(cause, wants=wanted)
    supplier = view.supplier_of(wanted, pod["metadata"].get("namespace"))
    if supplier is not None:
        text = f"{cause.message}; {supplier['kind']} {supplier['metadata']['name']} is to bring it"
        return progressing(cause.reason, text, replace(cause, message=text))
    hint = f"waited {view.grace.config:g} s for {wanted}; verify.grace.config waits longer"
    return view.after(
        began, view.grace.config, replace(cause, message=f"{cause.message} ({hint})"), waiting=cause.message
    )
