"""Every dependency, and all that these need, is pinned for CI: nothing changes below us by itself."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PINNED = {
    canonicalize_name(name): version
    for name, _, version in (line.partition("==") for line in (ROOT / ".ci/constraints.txt").read_text().splitlines() if "==" in line)
}  # fmt: skip


def wanted() -> list[Requirement]:
    """Give what pyproject.toml asks for, of all extras and of the build."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [
        data["build-system"]["requires"],
        data["project"]["dependencies"],
        *data["project"]["optional-dependencies"].values(),
    ]
    return [one for texts in lists for one in map(Requirement, texts) if one.name != "sternway"]


def needed() -> set[str]:
    """Give the names of all that is asked for and is installed, and of what that needs in turn."""
    left, found = wanted(), set[str]()
    while left:
        one = left.pop()
        if (name := canonicalize_name(one.name)) in found:
            continue
        found.add(name)
        try:
            below = map(Requirement, metadata.requires(one.name) or [])
        except metadata.PackageNotFoundError:  # of an extra that is not installed here
            continue
        extras = one.extras or {""}
        left += [
            each
            for each in below
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return found


def test_all_is_pinned() -> None:
    assert len(needed()) > 30
    assert sorted(needed() - set(PINNED)) == []


@pytest.mark.parametrize("name", sorted(PINNED))
def test_a_pin_is_one_exact_version(name: str) -> None:
    assert re.fullmatch(r"[0-9][\w.!+]*", PINNED[name])
    asked = [one for one in wanted() if canonicalize_name(one.name) == name]
    assert all(PINNED[name] in one.specifier for one in asked), (
        "pyproject.toml does not take the version that is pinned"
    )
