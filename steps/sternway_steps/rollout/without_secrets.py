"""A report without the values of Secrets: a program may print them before it ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..process.mask import Mask
from .diagnose import Verdict
from .evidence import Evidence
from .report import Report


def without_secrets(report: Report, secrets: Collection[bytes]) -> Report:
    """Return the report with `***` for each of the values, wherever one of them stands in it."""
    if not secrets or not report.failures:
        return report
    mask = Mask(secrets)
    failures = tuple(
        replace(failure, verdict=_verdict(failure.verdict, mask), evidence=_evidence(failure.evidence, mask))
        for failure in report.failures
    )
    return replace(report, summary=mask.text(report.summary), failures=failures)


def _verdict(verdict: Verdict, mask: Mask) -> Verdict:
    cause = verdict.cause and replace(verdict.cause, message=mask.text(verdict.cause.message))
    return replace(verdict, message=mask.text(verdict.message), cause=cause)


def _evidence(evidence: Evidence, mask: Mask) -> Evidence:
    # As one text: a secret may have several lines.
    log = mask.text("\n".join(evidence.log)).split("\n") if evidence.log else ()
    events = tuple(map(mask.text, evidence.events))
    return replace(evidence, log=tuple(log), events=events, objects=tuple(_all(obj, mask) for obj in evidence.objects))


def _all(value: Any, mask: Mask) -> Any:
    if isinstance(value, Mapping):
        return {key: _all(each, mask) for key, each in value.items()}
    if isinstance(value, list):
        return [_all(each, mask) for each in value]
    return mask.text(value) if isinstance(value, str) else value
