"""A small Kubernetes API over real HTTP: the demo's cluster, the tests' cluster, and a pytest fixture for users.

It serves what deployment steps rely on: CRUD with conflicts, server-side apply with managed fields, the patch types,
selectors, watches with expiry, dry runs, access reviews, custom resources, owners and finalizers; and it brings
workloads to life, good or bad by image name (see `behaviour`). It is no security boundary, has one node, no
admission plug-ins, and keeps time in milliseconds. It reads JSON and YAML, no protobuf, and serves no OpenAPI
document: `kubectl get`, `logs`, `wait` and `delete` work on it, `kubectl apply` with --validate=false. What it answers is held to a real API server by contract tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..extras import missing

if TYPE_CHECKING:
    from .server import Sandbox

__all__ = ["Sandbox"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the server when it is first asked for: pytest loads this package at every start, for its fixture."""
        if name != "Sandbox":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            from .server import Sandbox
        except ModuleNotFoundError as error:
            raise ImportError(str(missing(__name__, error)), name=error.name) from error
        return Sandbox
