"""Old names of modules work for a release, say so where they are used, and are the very same modules."""

from __future__ import annotations

import subprocess
import sys
import warnings
from importlib import import_module

import pytest
from sternway_steps.moved import MOVED, new_name

from tests.conftest import ROOT


@pytest.mark.parametrize(("old", "new"), [pair for pair in MOVED.items() if pair[1]])
def test_an_old_name_is_the_new_module(old: str, new: str) -> None:
    name = f"sternway_steps.{old}"
    sys.modules.pop(name, None)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        module = import_module(name)
    assert module is import_module(f"sternway_steps.{new}")
    assert module.__name__ == module.__spec__.name == f"sternway_steps.{new}"  # type: ignore[union-attr]
    told = [str(each.message) for each in said if each.category is DeprecationWarning]
    assert told[-1] == f"{name} is sternway_steps.{new} now; the old name goes with the next release"


def test_the_warning_stands_where_the_old_name_is_imported() -> None:
    code = "import sternway_steps.saga.events as new\nfrom sternway_steps.events import StepEnded\nassert StepEnded is new.StepEnded"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.startswith(
        "<string>:2: DeprecationWarning: sternway_steps.events is sternway_steps.saga.events now"
    )


def test_what_is_below_an_old_name_is_not_loaded_twice() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for old, new in (
            ("build.reference", "builtin.build.reference"),
            ("cluster.diagnose.judge", "rollout.diagnose.judge"),
        ):
            assert import_module(f"sternway_steps.{old}") is import_module(f"sternway_steps.{new}")


@pytest.mark.parametrize(
    "name", ["sternway_steps.nothing", "sternway_steps.cluster.nothing", "sternway_steps.saga.nothing"]
)
def test_other_names_are_as_unknown_as_ever(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'"):
        import_module(name)


def test_no_name_of_today_is_an_old_one() -> None:
    for root in (ROOT / "steps").rglob("*.py"):
        name = ".".join(root.relative_to(ROOT / "steps").with_suffix("").parts).removesuffix(".__init__")
        assert not new_name(name), name


def test_what_the_documentation_named_warns_of_nothing() -> None:
    code = (
        "from sternway_steps import Session, load\nfrom sternway_steps.step import Step\nfrom sternway_steps.builtin import builtin_steps\n"
        "from sternway_steps.sandbox.faults import fail\nfrom sternway_steps.testing import StepContract\nbuiltin_steps()"
    )
    subprocess.run([sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", code], check=True)


def test_the_changelog_has_the_same_table() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    for old, new in MOVED.items():
        if new:
            assert f"| `{old}` | `{new}` |" in text, old
