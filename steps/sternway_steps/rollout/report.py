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
from .watch_cache import WatchCache

if TYPE_CHECKING:
    from ..kube.client import Client

_MOST = 10
"""The number of failed objects whose logs and events are read; of further ones only the cause is reported."""
_ABSENT = frozenset({"Missing", "Deleted", "Gone"})


@dataclass(frozen=True)
class Failure:
    """An object that failed."""

    ref: Ref
    verdict: Verdict
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def cause(self) -> str:
        """The cause in one line."""
        return f"{self.verdict.reason}: {' '.join(self.verdict.message.split())}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data for a table: the cause and the evidence, without the objects themselves."""
        evidence = {key: value for key, value in asdict(self.evidence).items() if key != "objects"}
        pods = {"done": self.verdict.done, "wanted": self.verdict.wanted}
        return {"object": str(self.ref), "why": self.cause, **pods, **evidence}


@dataclass(frozen=True)
class Report:
    """How a rollout ended; the first failure is the one that is reported as the error."""

    ready: bool
    summary: str
    failures: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data for the journal and for programs: the first failure, and a list when there are several."""
        if not self.failures:
            return {}
        first = self.failures[0]
        cause = first.verdict.cause
        data = {"object": str(first.ref), "cause": asdict(cause) if cause else None, **asdict(first.evidence)}
        if len(self.failures) > 1:
            data["failures"] = [failure.to_dict() for failure in self.failures]
        return data


def succeeded(verdicts: Mapping[Ref, Verdict]) -> Report:
    """Return the report that all objects are ready; it names those that are paused or suspended on purpose."""
    held = [f"{ref} is {verdict.message}" for ref, verdict in verdicts.items() if verdict.reason in ON_HOLD]
    return Report(True, "; ".join([f"{are(len(verdicts), 'object')} ready", *held]))


def failed_now(client: Client, observed: WatchCache, verdicts: Mapping[Ref, Verdict]) -> Report:
    """Return the report of all objects that have failed by now; those that may become ready are not waited for."""
    return _report(client, observed, {ref: v for ref, v in verdicts.items() if v.state == "failed"})


def overdue(client: Client, observed: WatchCache, waiting: Mapping[Ref, Verdict]) -> Report:
    """Return the report of all objects that are not ready at the deadline, each with what holds it up."""
    return _report(client, observed, {ref: _late(verdict) for ref, verdict in waiting.items()}, by_cause=waiting)


def _report(
    client: Client, observed: WatchCache, failed: Mapping[Ref, Verdict], by_cause: Mapping[Ref, Verdict] | None = None
) -> Report:
    """Order the failures by what they tell: those with a cause of their own first, those merely absent last."""

    def order(ref: Ref) -> tuple[bool, bool]:
        verdict = (by_cause or failed)[ref]
        return verdict.reason in _ABSENT, verdict.cause is None

    refs = sorted(failed, key=order)
    failures = tuple(
        Failure(ref, failed[ref], gather(client, observed, ref, failed[ref]) if number < _MOST else Evidence())
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
