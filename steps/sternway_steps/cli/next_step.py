"""What to do when a run has ended: in a sentence, with the command where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..exits import Exit
from ..explained.catalogue import entry_for
from ..journal.replay import Status
from ..release.remedy import finish
from ..saga.events import RunEnded
from .failure import readable

_IMAGE = "push that image, or name one that is there"
_REMEDIES = {
    "ErrImagePull": _IMAGE,
    "ImagePullBackOff": _IMAGE,
    "ErrImageNeverPull": "load that image into the nodes, or set imagePullPolicy to IfNotPresent",
    "InvalidImageName": "correct the image's name",
    "FailedToRetrieveImagePullSecret": "create that secret, or correct imagePullSecrets",
    "RegistryUnavailable": "look whether the nodes reach the registry",
    "CrashLoopBackOff": "mend what the log says",
    "OOMKilled": "raise the container's memory limit",
    "CreateContainerConfigError": "create what the container's configuration names, or correct the name",
    "Unhealthy": "correct the readiness probe's port and path, or mend what the log says",
    "BackoffLimitExceeded": "mend what the log says",
    "PodFailed": "mend what the log says",
    "RunContainerError": "correct the container's command",
    "StartError": "correct the container's command",
    "Unschedulable": "make room on the nodes, or ask for less",
    "FailedCreate": "make room in the quota, or mend what admission says",
    "FailedMount": "create what the volume names, or correct the name",
    "FailedBinding": "correct the claim's storage class, or provide a volume",
    "ProvisioningFailed": "correct the claim's storage class, or provide a volume",
}
"""By the reason of a rollout's failure, as Kubernetes words it."""

_UNAUTHORIZED = re.compile(r"(?i)\b(401|403|unauthorized|denied|authorization|authentication required)\b|no basic auth")
"""How registries, and the runtimes that ask them, say that they want a login."""
_LOGIN = "let imagePullSecrets name the registry's login (kubectl create secret docker-registry), or correct the name"


def next_step(event: RunEnded) -> str:
    """Return what to do after a run; "" when it went well, or when its error says it."""
    name, status = event.name or event.run, Status(event.status)
    if status in (Status.ROLLBACK_FAILED, Status.INTERRUPTED):
        return str(finish(name, event.rollback_errors))
    if event.exit_code == Exit.TRANSIENT:
        return "run again when that answers, or is free"
    if status is Status.REFUSED:
        if "not allowed: " in str(event.error):
            return "have that right granted, and run again; sternway doctor tells all that a run and its undo need"
        return "correct that, and run again; sternway plan tells beforehand what would be refused"
    if status is not Status.UNDONE or event.error is None:
        return ""
    cause: Mapping[str, Any] = readable(getattr(event.error, "details", None))["cause"]
    mend = _REMEDIES.get(str(cause.get("reason", "")))
    if mend == _IMAGE and _UNAUTHORIZED.search(str(cause.get("message", ""))):
        mend = _LOGIN
    all_of_it = f"sternway show {name} tells all of it"
    if mend:
        return f"{mend}, and run again; {all_of_it}"
    return f"{all_of_it}; usual causes: sternway explain {entry_for(event.error).name}"
