"""The configuration knows no step: a section and keys of a step are those that its reader brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config, ConfigErrors, StepConfig
from sternway_steps.config.load import load
from sternway_steps.config.option_reader import FileKeys, OptionReader, PathOr
from sternway_steps.yamltree import scalars as s
from sternway_steps.yamltree.reader import Section

FILE = """
name: web
extends: base/base.yaml
manifests: [m.yaml]
"""
BASE = """
flag: {colour: green}
steps: [{name: up, mast: high}, {name: half, uses: flag, with: {cloth: a.png}}, {name: other, uses: flag, with: {cloth: 'http://x/a.png'}}]
"""


def _made(keys: dict[str, Any]) -> StepConfig:
    return StepConfig(keys["name"], "flag", {"mast": keys["mast"]})


def _finish(file: FileKeys) -> None:
    if file.keys["flag"]["colour"] == "green":
        file.reader.report(file.root.value["flag"].location, "flag.colour", "nobody sees it")


FLAG = OptionReader(
    "flag", section=Section({"colour": s.string}), own={"mast": s.string}, make=_made, finish=_finish,
    options=Section({"cloth": PathOr(s.string.read, "", {}, lambda text: "://" in text)}),
)  # fmt: skip


def loaded(folder: Path, *readers: OptionReader, **environ: str) -> Config:
    (folder / "base").mkdir(exist_ok=True)
    (folder / "sternway.yaml").write_text(FILE)
    (folder / "base/base.yaml").write_text(BASE)
    (folder / "m.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}")
    return load(folder / "sternway.yaml", readers, environ=environ)


def test_without_its_reader_a_section_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as wrong:
        loaded(tmp_path)
    assert [(error.field, error.message) for error in wrong.value.errors] == [
        ("flag", "this key is not known"), ("steps[0].mast", "this key is not known"),
    ]  # fmt: skip


def test_a_reader_brings_its_section_its_keys_and_its_paths(tmp_path: Path) -> None:
    config = loaded(tmp_path, FLAG, STERNWAY_FLAG__COLOUR="red")
    steps = [step for step in config.steps if isinstance(step, StepConfig)]
    assert [(step.uses, dict(step.options)) for step in steps] == [
        ("flag", {"mast": "high"}), ("flag", {"cloth": "base/a.png"}), ("flag", {"cloth": "http://x/a.png"}),
    ]  # fmt: skip


def test_a_reader_sees_the_whole_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"base.yaml:2:\d+: flag.colour: nobody sees it"):
        loaded(tmp_path, FLAG)
