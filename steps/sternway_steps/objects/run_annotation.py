"""The annotation on an object that names the run which applied it last.

NAMESPACE/RUN, or for a journal of files `file:TOKEN/RUN`, with a token of the run's own: schedules in two namespaces
give one id to two runs, which may deploy one object. Older versions wrote RUN alone; a run's own record says which of
the two it writes (see `RunJournal.mark`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import content

RUN = "sternway.dev/run"
"""The annotation, on the object's own metadata and never on a pod template."""


def run_of(obj: Mapping[str, Any] | None) -> str | None:
    """Return the mark of the run that applied an object last, or None."""
    return ((obj or {}).get("metadata", {}).get("annotations") or {}).get(RUN)


def without_run(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's content without that annotation: what users mean by "changed"."""
    bare = content(obj)
    metadata = dict(bare["metadata"])
    notes = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != RUN}
    return {**bare, "metadata": {**metadata, "annotations": notes} if notes else metadata}
