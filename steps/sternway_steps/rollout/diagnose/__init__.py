"""From objects to a verdict: is it ready, on its way, or can it not succeed? Pure functions.

`verdict` says what a verdict is, `pods` judges pods, `images` reads what a pull error means, `workloads`, `jobs`,
`storage`, `autoscalers` and `builtin` judge Kubernetes' own kinds, `conditions` all others; `judge` finds who judges
what.
"""

from __future__ import annotations

from .judge import diagnose
from .verdict import Cause, Related, Verdict

__all__ = ["Cause", "Related", "Verdict", "diagnose"]
