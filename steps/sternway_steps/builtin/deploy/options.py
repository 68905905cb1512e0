"""The section `deploy`: how objects are applied, and what the undo may do."""

from __future__ import annotations

from typing import Any

from ...config.option_reader import OptionReader
from ...config.schema import ON_CONFLICT, DeployConfig
from ...yamltree import scalars as s
from ...yamltree.reader import Section


def _make_section(**keys: Any) -> DeployConfig:
    names = {"forceConflicts": "force_conflicts", "onConflict": "on_conflict", "restartStale": "restart_stale"}
    return DeployConfig(**{names.get(key, key): value for key, value in keys.items()})


_SECTION = Section(
    {
        "forceConflicts": s.boolean,
        "onConflict": s.one_of(*ON_CONFLICT),
        "restartStale": s.boolean,
        "recreate": s.boolean,
    },
    _make_section,
)
READER = OptionReader("deploy", section=_SECTION)
