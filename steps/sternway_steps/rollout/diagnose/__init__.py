"""Pure functions from objects to a verdict: ready, progressing, or failed for good.

| module | what it holds |
| --- | --- |
| `judge` | which judge is for which kind; `diagnose` is the entry |
| `verdict`, `view` | the verdict, and what a judge may look at |
| `workloads`, `jobs`, `storage`, `autoscalers`, `core_kinds` | judges of Kubernetes' own kinds |
| `pods`, `containers`, `images`, `scheduling`, `missing_settings`, `rejected_pods` | why pods do not become ready |
| `conditions`, `condition_words`, `condition_groups`, `freshness`, `held_faults` | the judge of any custom resource |
| `rules`, `operator_rules`, `path_values` | judging by expressions, the user's and ours |
"""

from __future__ import annotations

from .judge import diagnose
from .verdict import Cause, Verdict
from .view import Related

__all__ = ["Cause", "Related", "Verdict", "diagnose"]
