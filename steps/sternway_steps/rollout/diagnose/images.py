"""What the message of a failed image pull means: it can't succeed, or it may succeed later.

The kubelet passes on the container runtime's text, and that the registry's. An answer about this very reference (it
does not exist, it may not be read) stays the same until somebody acts; a registry that does not answer may answer soon.
Sources: OCI distribution spec, "Error Codes"; the texts of containerd and CRI-O as seen in pod statuses.
"""

from __future__ import annotations

import re

# In lower case; each stands in the texts of at least one runtime.
_NEVER = (
    "manifest unknown",
    "manifest_unknown",
    "name unknown",
    "repository name not known",
    "not found",
    "does not exist",
    "no match for platform",
    "no matching manifest",
    "invalid reference format",
    "couldn't parse image",
    # Credentials don't turn up by themselves; whoever adds them runs the deployment again.
    "unauthorized",
    "authentication required",
    "authorization failed",
    "pull access denied",
    "access denied",
    "403 forbidden",
    "401 unauthorized",
    "insufficient_scope",
    "unsupported media type",
    "unsupported manifest",
)
_NOT_NOW = (
    "connection refused",
    "connection reset",
    "no such host",
    "i/o timeout",
    "timeout",
    "deadline exceeded",
    "temporary failure",
    "server misbehaving",
    "toomanyrequests",
    "too many requests",
    "429",
    "no route to host",
    "network is unreachable",
    "tls handshake",
    "eof",
    "500 internal",
    "502 bad gateway",
    "503 service",
    "504 gateway",
    "no space left",
)


# What runtimes wrap around the registry's answer, each wrapper once more naming the image.
_WRAPPERS = (
    r"Back-off pulling image \"[^\"]*\": ",
    r"ErrImagePull: ",
    r"rpc error: code = \w+ desc = ",
    r"Failed to pull image \"[^\"]*\": ",
    r"failed to pull and unpack image \"[^\"]*\": ",
    r"failed to resolve reference \"[^\"]*\": ",
    r"(initializing source \S+|reading manifest \S+ in \S+|copying system image from manifest list): ",
    r"failed to do request: ",
)


def short(text: str, image: str) -> str:
    """Return what the registry or the network said, without the wrapping of runtimes; the event has it all."""
    for pattern in _WRAPPERS:
        text = re.sub(pattern, "", text, flags=re.IGNORECASE)
    return text.removeprefix(f"{image}: ")


def is_final(text: str) -> bool:
    """Return whether a pull error says that trying again can't help; False for a text without a known phrase."""
    low = text.lower()
    # "not found" also stands in "host not found": the network's words count first.
    return not any(word in low for word in _NOT_NOW) and any(word in low for word in _NEVER)
