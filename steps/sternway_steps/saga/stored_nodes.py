"""The nodes in a Workflow's status, also where they are many: Argo stores them compressed then."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

_GZIP = 16 + zlib.MAX_WBITS
_MOST = 64 << 20
"""Bytes that are unpacked: Argo compresses what is more than 1 MiB, so that it is less."""


def stored_nodes(workflow: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the nodes of a Workflow; none where Argo stores them in a database of its own, or not as gzip.

    A Workflow over 1 MiB has `compressedNodes` in place of `nodes`: JSON, gzip, base64 (workflow/packer, 4.1.2).
    """
    status = workflow.get("status") or {}
    nodes = status.get("nodes") or _unpacked(str(status.get("compressedNodes") or ""))
    return [node for node in nodes.values() if isinstance(node, Mapping)]


def _unpacked(packed: str) -> Mapping[str, Any]:
    try:
        unpacking = zlib.decompressobj(_GZIP)
        found = json.loads(unpacking.decompress(base64.b64decode(packed), _MOST))
    except (ValueError, zlib.error, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
