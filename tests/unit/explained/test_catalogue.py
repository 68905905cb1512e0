"""Each error finds the entry that tells most of it."""

from __future__ import annotations

import pytest
from sternway_steps.errors import Bug, Failed, Held, Refused
from sternway_steps.explained.catalogue import ENTRIES, entry_for, entry_of


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (Failed("x", details={"cause": {"reason": "ImagePullBackOff", "message": "x"}}), "ErrImagePull"),
        (Failed("x", details={"cause": {"reason": "AnOperatorsOwn", "message": "x"}}), "Failed"),
        (Failed("x", details={"cause": "compiler: error"}), "Failed"),
        (Held("x"), "Held"), (type("Theirs", (Refused,), {})("x"), "Refused"),
        (KeyError("x"), "Bug"), (Bug("x", "KeyError"), "Bug"),
    ],
)  # fmt: skip
def test_an_error_is_explained_by_its_reason_then_by_its_class(error: Exception, name: str) -> None:
    assert entry_for(error).name == name


def test_a_name_is_found_as_people_type_it_and_stands_in_one_entry_alone() -> None:
    names = [name for entry in ENTRIES for name in entry.names]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        found = entry_of(name.lower())
        assert found is not None
        assert name in found.names
    assert entry_of("") is None
