"""The Kubernetes Job whose pods make a run, one after the other, and the Event that tells on it how that ended."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.event import event_on
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client

_LONGEST = 1000
"""Bytes of what an Event says, a little less than the API's limit."""
_LONGEST_ID = 63


@dataclass(frozen=True)
class Job:
    """A Job: what is made anew under the same name has another UID."""

    namespace: str
    name: str
    uid: str

    @staticmethod
    def recorded(data: Mapping[str, Any]) -> Job | None:
        """Return the Job that a run's first record names, if it does."""
        return Job(**{key: str(data[key]) for key in ("namespace", "name", "uid")}) if data else None

    def as_record(self) -> dict[str, Any]:
        """Return what a run's first record keeps of it."""
        return {"job": asdict(self)}

    def id_of(self, run: str, number: int) -> str:
        """Return the id of the Job's run of that number, of which the first one is called `run`."""
        suffix = f"-{number}"
        if number == 1 or len(run + suffix) <= _LONGEST_ID:
            return run if number == 1 else run + suffix
        digest = hashlib.sha256(run.encode()).hexdigest()[:6]
        return f"{run[: _LONGEST_ID - len(suffix) - 7].rstrip('-.')}-{digest}{suffix}"


def put_job_event(client: Client, job: Job, reason: str, message: str, *, warning: bool, remedy: str = "") -> None:
    """Put what became of a run where `kubectl describe job` shows it; the same is put once.

    A message that is too long is cut, and never the remedy. Who may put no Event puts none, for the journal has it
    anyway.
    """
    room = _LONGEST - len(remedy.encode()) - 1
    said = message if len(message.encode()) <= room else f"{message.encode()[: room - 3].decode(errors='ignore')}…"
    text = "\n".join(part for part in (said, remedy) if part)
    digest = hashlib.sha256(f"{reason}\0{text}".encode()).hexdigest()[:10]
    ref, name = Ref("batch/v1", "Job", job.namespace, job.name), f"{job.name}.sternway.{digest}"
    event = event_on(ref, job.uid, name=name, reason=reason, message=text, warning=warning)
    try:
        client.create(event, manager="sternway", safe=True)
    except ApiError as error:
        if not error.conflict:  # it is there: the same was said before
            logging.getLogger("sternway").warning("no Event could be put on Job %s: %s", job.name, error)
