"""The generated objects beside the examples keep yamllint's default configuration, warnings included."""

from __future__ import annotations

from pathlib import Path

import pytest
from yamllint import linter
from yamllint.config import YamlLintConfig

from tests.conftest import ROOT

EXAMPLES = ROOT / "templates/examples"
MADE = sorted([*EXAMPLES.glob("*/argo.yaml"), *EXAMPLES.glob("*/argo/*.yaml"), *EXAMPLES.glob("*/cronjob.yaml")])


def test_there_are_examples() -> None:
    assert len(MADE) >= 9


@pytest.mark.parametrize("path", MADE, ids=[str(path.relative_to(EXAMPLES)) for path in MADE])
def test_a_generated_file_keeps_yamllints_default(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert list(linter.run(text, YamlLintConfig("extends: default"), str(path))) == []
    for document in text.split("---\n"):  # the command of a step, or a file, may have longer lines than it takes
        assert "yamllint disable" not in document or "kind: ConfigMap\n" in document
