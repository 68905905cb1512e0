"""The name of an object: version, kind, namespace and name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ref:
    """Enough to find an object, whichever version of it exists. `namespace` is None for cluster-wide kinds."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    @staticmethod
    def of(obj: Mapping[str, Any]) -> Ref:
        """Return the name of an object; raise KeyError when it has none."""
        metadata = obj["metadata"]
        return Ref(obj["apiVersion"], obj["kind"], metadata.get("namespace"), metadata["name"])

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        return f"{self.kind.lower()}{group}/{self.name}" + (f" in {self.namespace}" if self.namespace else "")
