"""How a rollout ended: every object that failed, with its cause and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..objects.ref import Ref
from ..plural import are
from .diagnose import Cause, Verdict
from .diagnose.verdict import ON_HOLD
from .evidence import Evidence, gather
from .observed import Observed

if TYPE_CHECKING:
    from ..kube.client import Client

_MOST = 10
"""Objects whose logs and events are read; the others have their cause alone."""
_ABSENT = frozenset({"Missing", "Deleted", "Gone"})


@dataclass(frozen=True)
class Failure:
    """An object that failed."""

    ref: Ref
    verdict: Verdict
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def cause(self) -> str:
        """Say why, in one line."""
        return f"{self.verdict.reason}: {' '.join(self.verdict.message.split())}"

    def to_dict(self) -> dict[str, Any]:
        """Give JSON data for a table, with the evidence but the objects themselves."""
        evidence = {key: value for key, value in asdict(self.evidence).items() if key != "objects"}
        pods = {"done": self.verdict.done, "wanted": self.verdict.wanted}
        return {"object": str(self.ref), "why": self.cause, **pods, **evidence}


@dataclass(frozen=True)
class Report:
    """How a rollout ended; the first of the failures is the first error."""

    ready: bool
    summary: str
    failures: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give JSON data for the journal and for programs: the first failure, and all when there are several."""
        if not self.failures:
            return {}
        first = self.failures[0]
        cause = first.verdict.cause
        data = {"object": str(first.ref), "cause": asdict(cause) if cause else None, **asdict(first.evidence)}
        if len(self.failures) > 1:
            data["failures"] = [failure.to_dict() for failure in self.failures]
        return data


def succeeded(verdicts: Mapping[Ref, Verdict]) -> Report:
    """Report that all are ready; names those that are held on purpose."""
    held = [f"{ref} is {verdict.message}" for ref, verdict in verdicts.items() if verdict.reason in ON_HOLD]
    return Report(True, "; ".join([f"{are(len(verdicts), 'object')} ready", *held]))


def failed_now(client: Client, observed: Observed, verdicts: Mapping[Ref, Verdict]) -> Report:
    """Report all that have failed by now; those that may still come up are not waited for."""
    return _report(client, observed, {ref: v for ref, v in verdicts.items() if v.state == "failed"})


def overdue(client: Client, observed: Observed, waiting: Mapping[Ref, Verdict]) -> Report:
    """Report all that are not ready in time, each with what held it up."""
    return _report(client, observed, {ref: _late(verdict) for ref, verdict in waiting.items()}, by_cause=waiting)


def _report(
    client: Client, observed: Observed, bad: Mapping[Ref, Verdict], by_cause: Mapping[Ref, Verdict] | None = None
) -> Report:
    """Begin with what tells most: an object with a cause of its own, before one that is merely not there."""

    def order(ref: Ref) -> tuple[bool, bool]:
        known = (by_cause or bad)[ref]
        return known.reason in _ABSENT, known.cause is None

    refs = sorted(bad, key=order)
    failures = tuple(
        Failure(ref, bad[ref], gather(client, observed, ref, bad[ref]) if number < _MOST else Evidence())
        for number, ref in enumerate(refs)
    )
    first, others = failures[0], [str(failure.ref) for failure in failures[1:]]
    also = f"; also failed: {', '.join(others[:_MOST])}" if others else ""
    more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
    return Report(False, f"{first.ref}: {first.cause}{also}{more}", failures)


def _late(verdict: Verdict) -> Verdict:
    cause = verdict.cause or Cause(verdict.reason, verdict.message)
    text = f"not ready in time: {cause.message}"
    return replace(verdict, state="failed", reason="DeadlineExceeded", message=text, cause=cause, decide_at=None)
