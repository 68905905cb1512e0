"""Secrets in a stream: hidden whole or in lines, however the stream is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.process.mask import LONGEST, Mask

KEY = "-----BEGIN KEY-----\nMIIE=\nvx7=\n-----END KEY-----"


def fed(secrets: list[str], *chunks: bytes) -> bytes:
    mask = Mask(secrets)
    return b"".join([*map(mask.feed, chunks), mask.close()])


CASES = {
    "one line": (["s3cr3t"], [b"a s3cr3t b"], b"a *** b"),
    "over a border": (["s3cr3t"], [b"a s3c", b"r3", b"t b"], b"a *** b"),
    "several lines": ([KEY], [b"it is\n" + KEY.encode() + b"\nthere"], b"it is\n***\nthere"),
    "several lines over borders": ([KEY], [KEY.encode()[:25], KEY.encode()[25:50], KEY.encode()[50:] + b"\n"], b"***\n"),
    "one that begins as another ends": (["abcdef", "abcdefgh"], [b"abcdef", b" abcdefg", b"h"], b"*** ***"),
    "no secret after all": (["s3cr3t"], [b"s3c", b"ond"], b"s3cond"),
    "a beginning at the end": (["s3cr3t"], [b"a s3cr3"], b"a ***"),
    "too short": (["abc"], [b"abc"], b"abc"),
    "no UTF-8": (["\udcff\udcfe1234"], [b"x\xff\xfe12", b"34y"], b"x***y"),
    "spaces around it": (["  s3cr3t\n"], [b"is s3cr3t."], b"is ***."),
}  # fmt: skip


@pytest.mark.parametrize(("secrets", "chunks", "shown"), CASES.values(), ids=CASES)
def test_what_a_stream_shows(secrets: list[str], chunks: list[bytes], shown: bytes) -> None:
    assert fed(secrets, *chunks) == shown


def test_each_line_of_a_secret_is_hidden_by_itself() -> None:
    mask = Mask([KEY, "x" * (LONGEST + 1)])
    assert [mask.line(line) for line in ("  MIIE=", "> -----END KEY-----", "vx7= and vx7", "x" * (LONGEST + 2))] == ["  ***", "> ***", "*** and vx7", "***x"]  # fmt: skip


def test_what_is_surely_no_secret_is_not_held_back() -> None:
    mask = Mask(["s3cr3t", KEY])
    assert mask.feed(b"100%\nsome s") == b"100%\nsome "
    assert mask.feed(b"aid\n") == b"said\n"


few = st.text("ab\n", min_size=4, max_size=9).filter(lambda text: len(text.strip()) >= 4)


@given(st.lists(few, min_size=1, max_size=3), st.text("ab\n", max_size=60), st.data())
def test_however_it_is_cut_it_shows_the_same_and_no_secret(secrets: list[str], text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    borders = [0, *cuts, len(text)]
    chunks = [text[a:b].encode() for a, b in pairwise(borders)]
    shown = fed(secrets, *chunks)
    assert shown == fed(secrets, text.encode())
    assert not [secret for secret in secrets if secret.strip().encode() in shown]
