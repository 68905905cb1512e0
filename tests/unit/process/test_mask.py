"""Secrets in a stream: hidden whole or in lines, however the stream is cut."""

from __future__ import annotations

import base64
import json
import random
import urllib.parse
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.process.mask import Mask
from sternway_steps.process.spellings import LONGEST

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
    assert [mask.text(line) for line in ("  MIIE=", "> -----END KEY-----", "vx7= and vx7")] == [
        "  ***",
        "> ***",
        "*** and vx7",
    ]
    assert set(mask.text("x" * (LONGEST + 2))) == {"*", "x"}
    assert mask.text("x" * (LONGEST + 2)).count("x") < 4


def test_a_long_secret_of_one_line_is_hidden_however_it_comes() -> None:
    secret = random.Random(1).randbytes(300_000).hex()
    mask = Mask([secret])
    shown = (
        b"".join(mask.feed(secret.encode()[at : at + 65_536]) for at in range(0, len(secret), 65_536)) + mask.close()
    )
    assert set(shown) == {ord("*")}


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_the_lines_of_a_secret_are_hidden_in_the_stream_whatever_stands_before_them(end: str) -> None:
    lines = [f"{n:02}-{'ab' * 20}" for n in range(30)]
    told = b"".join(b"#8 0.2%02d %s\n" % (n, line.encode()) for n, line in enumerate(lines))
    assert b"ab" not in fed([end.join(lines)], told)


BINARY = b"\x00\x1b[31m\xff\xfe\x9d-7!\x07q"


@pytest.mark.parametrize(
    "written",
    [
        BINARY,
        base64.b64encode(BINARY),
        base64.b64encode(b"user:" + BINARY),
        base64.b64encode(b"a:" + BINARY + b" "),
        base64.urlsafe_b64encode(BINARY),
        urllib.parse.quote(BINARY, safe="").encode(),
        base64.encodebytes(KEY.encode() * 9),
        json.dumps(KEY).encode(),
    ],
)  # fmt: skip
def test_a_secret_is_hidden_in_the_encodings_that_programs_use(written: bytes) -> None:
    shown = fed([BINARY.decode(errors="surrogateescape"), KEY, KEY * 9], b"it is ", written[:5], written[5:], b".")
    assert shown.startswith(b"it is ")
    left = shown.removeprefix(b"it is ").replace(b"***", b"").replace(b"\n", b"")
    assert len(left) < 12, shown  # what stands around it, and what base64 mixes with that


def test_what_is_cut_off_in_the_midst_of_a_secret_is_hidden_too() -> None:
    assert fed([KEY], KEY[:-3].encode()) == b"***"
    assert fed(["abcdxabcd-efgh"], b"abcdxabcd-ef") == b"***"


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
