"""What a program's errors must not tell is found in what it read, however broken that is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.process.mask import Mask
from sternway_steps.rendering.secret_values import in_kustomization, in_values

SECRET = "hunter2x"
PATCH = "kind: Secret\nmetadata: {name: other}\nstringData: {password: hunter2x, a: hunter2x}\n"
INLINE = "patches:\n- patch: |-\n" + "".join(f"    {line}\n" for line in PATCH.splitlines())
KUSTOMIZATIONS = {
    "a literal": {"kustomization.yaml": "secretGenerator: [{name: db, literals: [password=hunter2x]}]\n"},
    "a literal without a key": {"kustomization.yaml": "secretGenerator: [{name: db, literals: [hunter2x]}]\n"},
    "variables": {"kustomization.yaml": "secretGenerator: [{name: db, envs: [db.env]}]\n", "db.env": "A=hunter2x\n"},
    "data of a Secret": {"kustomization.yaml": "", "s.yaml": "kind: Secret\ndata: {a: hunter2x}\n"},
    "a patch": {"kustomization.yaml": "", "p.yaml": PATCH},
    "a patch in line": {"kustomization.yaml": INLINE},
    "a broken patch in line": {"kustomization.yaml": INLINE.replace("kind", "- op: x\n    kind")},
    "a broken file": {"kustomization.yaml": "", "s.yaml": "kind: Secret\nstringData: {a: hunter2x\n"},
    "a base elsewhere": {"kustomization.yaml": "resources: [../base]\n", "../base/s.yaml": PATCH},
}


@pytest.mark.parametrize("files", KUSTOMIZATIONS.values(), ids=KUSTOMIZATIONS)
def test_what_is_secret_in_a_kustomization_is_found(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = tmp_path / "prod" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "prod/name.yaml").write_text("kind: ConfigMap\nmetadata: {name: settings}\n")
    mask = Mask(in_kustomization(tmp_path / "prod"))
    assert SECRET not in mask.text(f'error in `a: {SECRET}`, patch "x\\n{SECRET}" of settings')
    assert mask.text("resources.yaml of settings") == "resources.yaml of settings"


@pytest.mark.parametrize(
    "text",
    ["password: hunter2x\n", "db: {auth: [hunter2x]}\n", "a: {b: hunter2x\n", "- hunter2x\n a: b: c\n", "a: |\n  b: hunter2x\n  c\n"],
)  # fmt: skip
def test_what_may_be_secret_in_values_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "values.yaml").write_text(text)
    assert SECRET not in Mask(in_values([tmp_path / "values.yaml"], {})).text(f"at '/a': '{SECRET}' is wrong: {SECRET}")


def test_a_short_value_is_hidden_where_it_is_quoted_alone(tmp_path: Path) -> None:
    mask = Mask(in_values([], {"level": "error", "pin": 1234, "token": "abcd"}))
    assert mask.text("error at: 'error' 1234 '1234' abcd") == "error at: *** 1234 *** ***"
