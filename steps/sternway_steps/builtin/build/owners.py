"""Who has a tag now, as far as the journal tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .reference import Reference


@dataclass(frozen=True)
class Owners:
    """Later runs of the same journal that pushed to a tag. `later` yields run, target and evidence, newest first."""

    reference: Reference
    later: Callable[[], Iterable[tuple[str, str, Mapping[str, Any]]]]

    def who_has(self, digest: str) -> str:
        """Return the newest later run that stands and pushed the same to the tag; "" for none."""
        for run, target, data in self.later():
            image = data.get("image")
            if isinstance(image, str) and data.get("digest") == digest and self.reference.is_same(image):
                return f"run {run} of {target}"
        return ""

    def who_moved(self, digest: str) -> str:
        """Return who moved the tag to what it points to now, for a report."""
        run = self.who_has(digest)
        return f"{run} moved the tag since" if run else "somebody moved the tag since"
