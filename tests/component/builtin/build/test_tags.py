"""What becomes of a tag: by each builder, on a stand-in registry and on a real one."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sternway_steps.builtin.build.registry import Registry
from sternway_steps.errors import Failed
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.saga.retry import retry_transient
from sternway_steps.step import Action

from tests.component.builtin.build.shop import Shop

pytestmark = pytest.mark.timeout(300)


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours is written after it."""


def test_a_new_tag_is_made_and_goes_again(shop: Shop) -> None:
    done = shop.execute()
    digest = shop.digest()
    assert digest is not None
    assert done.hands_on == {"images": {shop.image: digest}}
    assert [(item.what, item.result) for item in done.items] == [(shop.image, "created")]
    assert shop.rollback().items[0].result == "deleted"
    assert shop.digest() is None
    assert shop.registry().manifest(digest) is not None, "no image is deleted: others may use it by now"
    assert shop.rollback().items[0].result == "absent"


def test_an_old_tag_points_to_its_image_again(shop: Shop) -> None:
    shop.execute("r0")
    before = shop.there()
    shop.write("second")
    assert shop.execute().items[0].result == "changed"
    pushed = shop.digest()
    assert before is not None
    assert pushed != before.digest
    for result in ("restored", "unchanged"):
        assert shop.rollback().items[0].result == result
        assert shop.there() == before, "byte for byte"


def test_another_tag_of_the_same_image_stays(shop: Shop) -> None:
    shop.execute()
    manifest = shop.there()
    assert manifest is not None
    shop.registry("theirs").put(manifest)
    shop.rollback()
    assert (shop.digest("1"), shop.digest("theirs")) == (None, manifest.digest)


def test_what_is_built_already_is_unchanged_and_stays(shop: Shop) -> None:
    shop.execute("r0")
    before = shop.digest()
    assert shop.execute().items[0].result == "unchanged", "the same input gives the same digest, run after run"
    assert shop.digest() == before
    assert shop.rollback().items[0].result == "unchanged"
    assert shop.digest() == before


@pytest.mark.parametrize("first", [True, False], ids=["new", "old"])
def test_a_tag_that_somebody_moved_since_is_theirs(shop: Shop, first: bool) -> None:
    if not first:
        shop.execute("r0")
    shop.write("ours")
    shop.execute()
    shop.write("theirs")
    shop.execute("r2")
    theirs = shop.digest()
    item = shop.rollback().items[0]
    assert (item.result, "somebody moved the tag since" in item.why) == ("kept", True)
    assert shop.digest() == theirs


def test_a_tag_that_somebody_deleted_since_stays_deleted(shop: Shop) -> None:
    shop.execute("r0")
    shop.write("ours")
    shop.execute()
    shop.execute("r1b", image=f"{shop.host}/{shop.name}:2")  # so that the image is still there
    digest = shop.digest()
    assert digest is not None
    shop.registry().delete(digest)
    assert shop.digest() is None
    item = shop.rollback().items[0]
    assert (item.result, "somebody deleted the tag since" in item.why) == ("kept", True)


def test_nothing_ran_nothing_to_undo(shop: Shop) -> None:
    assert shop.rollback().summary == "nothing to undo"


@pytest.mark.parametrize("first", [True, False], ids=["new", "old"])
def test_two_undo_at_once(shop: Shop, first: bool) -> None:
    before = None
    if not first:
        shop.execute("r0")
        before = shop.digest()
    shop.write("ours")
    shop.execute()
    errors: list[BaseException] = []

    def undo() -> None:
        try:
            # As the runners do: a real registry on files answers 500 to who reads what another one writes.
            retry_transient(shop.rollback, threading.Event())
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=undo) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert shop.digest() == before


def killed_before_its_evidence(shop: Shop, monkeypatch: pytest.MonkeyPatch, **keys: Any) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(StepJournal, "evidence", killed)
        with pytest.raises(Killed):
            shop.execute(**keys)


@pytest.mark.parametrize("first", [True, False], ids=["new", "old"])
def test_killed_between_push_and_evidence(shop: Shop, first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = None
    if not first:
        shop.execute("r0")
        before = shop.digest()
    shop.write("ours")

    killed_before_its_evidence(shop, monkeypatch)
    assert shop.digest() not in (None, before), "it was pushed"
    assert shop.rollback().items[0].result == ("deleted" if first else "restored")
    assert shop.digest() == before


@pytest.mark.slow
@pytest.mark.parametrize("first", [True, False], ids=["new", "old"])
@pytest.mark.parametrize("action", list(Action))
def test_killed_at_any_request_the_next_undo_ends_it(shop: Shop, first: bool, action: Action, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    asked = Registry._ask
    left = 0

    def dying(self: Registry, *arguments: object, **keys: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return asked(self, *arguments, **keys)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "_ask", dying)
    before = None
    if not first:
        shop.execute("r0")
        before = shop.digest()
    died = 0
    for number in range(1, 40):
        shop.write("ours")
        run = f"r{number}"
        if action is Action.ROLLBACK:
            shop.execute(run)
        left = number
        try:
            shop.execute(run) if action is Action.EXECUTE else shop.rollback(run)
        except Killed:
            died += 1
        ended, left = left > 0, 0
        shop.rollback(run)
        assert shop.digest() == before, f"killed at request {number}"
        if ended:
            break
    assert died >= 2


def test_an_attempt_that_is_tried_again_goes_back_to_before_the_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shop.execute("r0")
    before = shop.digest()
    shop.write("ours")
    with monkeypatch.context() as patch:
        patch.setattr(StepJournal, "evidence", lambda *_: (_ for _ in ()).throw(Failed("the journal is away")))
        with pytest.raises(Failed):
            shop.execute()
    assert shop.digest() != before
    assert shop.execute().items[0].result == "unchanged"
    shop.rollback()
    assert shop.digest() == before


def test_what_somebody_pushed_between_two_attempts_is_what_comes_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shop.execute("r0")
    shop.write("ours")
    with monkeypatch.context() as patch:
        patch.setattr(StepJournal, "evidence", lambda *_: (_ for _ in ()).throw(Failed("the journal is away")))
        with pytest.raises(Failed):
            shop.execute()
    shop.write("theirs")
    shop.execute("r2")
    theirs = shop.digest()
    shop.write("ours")
    shop.execute()
    shop.rollback()
    assert shop.digest() == theirs


def test_several_platforms_are_one_tag(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    if shop.builder == "docker" or shop.notes is not None:
        return  # Docker's engine refuses it (see test_step); a stand-in could only agree with itself
    shop.execute("r0")
    before = shop.digest()
    shop.write("ours")

    killed_before_its_evidence(shop, monkeypatch, platforms=["linux/amd64", "linux/arm64"])
    index = shop.there()
    assert index is not None
    assert len(shop.registry().images(index)) == 2
    assert shop.rollback().items[0].result == "restored"
    assert shop.digest() == before


def test_a_build_that_fails_names_the_line_and_moves_no_tag(shop: Shop) -> None:
    shop.execute("r0")
    before = shop.digest()
    shop.dockerfile("# what is built\nFROM scratch\n\nCOPY not-here /\n")
    with pytest.raises(Failed, match=r"build: Dockerfile:4: COPY not-here /: .*not-here") as raised:
        shop.execute()
    assert raised.value.details["cause"].startswith("Dockerfile:4")
    assert raised.value.details["log"]
    assert shop.digest() == before
    assert shop.rollback().summary == "nothing to undo"
