"""Validate refuses a container that would be killed for its memory, before anything is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.release import memory
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.helpers import config_map, config_of


@pytest.mark.parametrize(("limit", "code"), [("29360128", Exit.REFUSED), ("134217728", Exit.DONE), ("max", Exit.DONE)])
def test_a_limit_below_what_was_measured_is_refused(
    sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, code: Exit
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    monkeypatch.setattr(memory, "_MOST", tmp_path / "memory.max")
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        done = session.step(config_of("default", config_map("m", a="1")), "validate", Action.EXECUTE, "r")
    assert done.exit_code == code
    if code is Exit.REFUSED:
        assert isinstance(done.error, Refused)
        assert "33Mi are needed for 1 objects, and the limit is 28Mi" in str(done.error)
        assert "argo.resources.limits.memory" in str(done.error.remedy)


def test_many_objects_need_more(tmp_path: Path) -> None:
    many = [config_map(f"m{number}", a="x" * 20_000) for number in range(60)]
    assert 40 * 2**20 < memory.memory_needed(config_of("default", *many)) < 48 * 2**20
