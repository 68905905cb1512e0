"""The undo of all objects goes on after one that fails, and says what may pass if it is tried again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sternway_steps.builtin.deploy.rollback import undo_all
from sternway_steps.errors import Refused, Transient
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.objects.merge import OnConflict
from sternway_steps.objects.ref import Ref
from sternway_steps.release.restore import Change
from sternway_steps.spec import Item


def change(name: str) -> Change:
    return Change(Ref("v1", "ConfigMap", "shop", name), None, {})


def undone(errors: dict[str, Exception]) -> tuple[list[Item], list[Item]]:
    """Undo a and b, of which some meet an error; gives what the undo says, and what was told while it worked."""
    told: list[Item] = []

    def undo(one: Change) -> Item:
        if one.ref.name in errors:
            raise errors[one.ref.name]
        return Item(str(one.ref), "deleted")

    restorer: Any = SimpleNamespace(policy=OnConflict.STOP, undo=undo)
    served = SimpleNamespace(resource=lambda *_: None)
    context: Any = SimpleNamespace(client=served, check=lambda: None, tell=told.extend)
    try:
        return undo_all(restorer, [change("a"), change("b")], context, lambda _: None), told
    except Transient as away:
        away.add_note(str(sorted(item.result for item in told)))
        raise


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ApiError("PATCH", "/a", 503, "ServiceUnavailable", "away", retry_after=7), 7),
        (Transient("the journal is away", retry_after=3), 3),
        (UnknownKind("no kind ConfigMap in v1"), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_may_pass_is_tried_again_when_the_server_says_after_all_others(error: Exception, seconds: float | None) -> None:  # fmt: skip
    with pytest.raises(Transient, match="the undo is not complete") as raised:
        undone({"a": error})
    assert raised.value.retry_after == seconds
    assert raised.value.__notes__ == ["['deleted', 'failed']"]


@pytest.mark.parametrize(
    "error", [ApiError("PATCH", "/a", 403, "Forbidden", "no"), Refused("no record")], ids=lambda e: type(e).__name__
)
def test_what_will_not_pass_is_an_item_that_failed_and_stops_no_other(error: Exception) -> None:
    items, told = undone({"a": error})
    assert sorted((item.what, item.result) for item in items) == [
        ("configmap/a in shop", "failed"), ("configmap/b in shop", "deleted"),
    ]  # fmt: skip
    assert len(told) == 2
    assert str(error) in next(item.why for item in items if item.result == "failed")
