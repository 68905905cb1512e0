"""A file that calls itself a plan is one, or is refused: its digest proves nothing against who writes it anew."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import Refused
from sternway_steps.saga.saved_plan import FORMAT, SavedField, SavedObject, SavedPlan, _whole, read_plan

FIELD = SavedField("data.a", "1", "2")
OBJECT = SavedObject("m", "change", {"kind": "ConfigMap"}, "d", "u", "1", (FIELD,), (("kubectl", ("data.a",)),))
PLAN = SavedPlan("shop.web", "2026", "00ff", {"deploy": "d"}, (OBJECT,), {"x:1": "sha256:0"})
JUNK = (None, 5, True, 1e308, 10**30, "zz", "", [], {}, [[]], {"a": 5})
OPAQUE = ("manifest",)
"""What is told nobody, and compared with nothing."""


def places(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, below in steps:
        yield (*at, step)
        yield from places(below, (*at, step))


def read(file: Path, data: dict[str, Any]) -> SavedPlan:
    file.write_text(json.dumps({**data, "digest": _whole(data)}))
    return read_plan(str(file))


def test_each_of_its_parts_is_what_it_must_be_or_it_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    PLAN.write(str(file))
    assert read_plan(str(file)) == PLAN
    good = json.loads(file.read_text())
    del good["digest"]
    assert good["format"] == FORMAT
    for at in [at for at in places(good) if at[0] not in ("kind", "format") and not set(OPAQUE) & set(at)]:
        for junk in JUNK:
            bad = copy.deepcopy(good)
            below = bad
            for step in at[:-1]:
                below = below[step]
            if type(junk) is type(below[at[-1]]) and at != ("salt",):
                continue
            below[at[-1]] = junk
            with pytest.raises(Refused, match=f"no whole plan: {at[0]}"):
                read(file, bad)
