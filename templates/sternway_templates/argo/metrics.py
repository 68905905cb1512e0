"""What Argo's controller counts of the runs, for Prometheus: how they ended, and how long they took."""

from __future__ import annotations

from hera.workflows import models as m
from sternway_steps.config import Config

from .models import new

OUTCOME = "outcome"
"""The Workflow's output that says how its run ended, as the report tells it."""
UNKNOWN = "unknown"
"""What it says before, and of a Workflow whose report never came: it was terminated, or its handler did not start."""
# A success starts no report. Argo fills this in when the Workflow has ended: before that it has no status.
_ENDED = (
    f"{{{{=workflow.status == 'Succeeded' ? 'succeeded' : (workflow.outputs?.parameters?.{OUTCOME} ?? '{UNKNOWN}')}}}}"
)
_BUCKETS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600)
# The controller knows one text for a metric: another one, of another version's template, would be an error.
_RUNS = "Runs of Sternway that have ended, by outcome."
_SECONDS = "Seconds that runs of Sternway took from start to end, their undo included, by outcome."


def metrics(config: Config) -> m.Metrics:
    """Return the Workflow's metrics: a counter and a histogram, with the labels namespace, target and outcome."""
    labels = [
        new(m.MetricLabel, key="namespace", value="{{workflow.namespace}}"),
        new(m.MetricLabel, key="target", value=config.name),
        new(m.MetricLabel, key="outcome", value=_ENDED),
    ]
    count = new(m.Prometheus, name="sternway_runs_total", help=_RUNS, labels=labels, counter=new(m.Counter, value="1"))
    seconds = new(
        m.Prometheus,
        name="sternway_run_duration_seconds",
        help=_SECONDS,
        labels=labels,
        histogram=new(m.Histogram, value="{{workflow.duration}}", buckets=list(_BUCKETS)),
    )
    return new(m.Metrics, prometheus=[count, seconds])
