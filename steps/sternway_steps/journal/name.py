"""How a run is called: NAMESPACE/RUN, with the namespace of its journal; in a journal of files, by its folder."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ..errors import Refused

_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LONGEST_LABEL, _LONGEST_NAME = 63, 253


def is_object_name(text: str) -> bool:
    """Return whether an object can have that name (an RFC 1123 subdomain, see Kubernetes' "Object Names and IDs")."""
    return len(text) <= _LONGEST_NAME and bool(_SUBDOMAIN.fullmatch(text))


def lease_name(target: str) -> str:
    """Name the Lease of a target, whose label value may be no name of an object. All versions name it so."""
    name = f"sternway-{target}".lower().replace("_", "-")
    return name if is_object_name(name) else f"sternway-{hashlib.sha256(target.encode()).hexdigest()[:16]}"


def require_new_id(run: str) -> None:
    """Refuse an id that a new run can't have: it is the value of labels and part of objects' names; raises Refused."""
    if len(run) > _LONGEST_LABEL or not is_object_name(run):
        raise Refused(
            f"--run {run!r} is no id for a run",
            remedy="give at most 63 lower-case letters and digits, with - or . between them",
        )


@dataclass(frozen=True)
class RunName:
    """The id of a run, and where its journal is: a namespace, or a folder; "" where that is not said.

    An id alone may name several runs: schedules in two namespaces make the same.
    """

    run: str
    place: str = ""

    @staticmethod
    def parse(text: str) -> RunName:
        """Read what str() wrote, or an id alone."""
        place, _, run = text.rpartition("/")
        return RunName(run, place)

    def __str__(self) -> str:
        return f"{self.place}/{self.run}" if self.place else self.run

    @property
    def in_files(self) -> bool:
        """Tell whether the place is a folder."""
        return self.place.startswith(("/", ".", "~"))
