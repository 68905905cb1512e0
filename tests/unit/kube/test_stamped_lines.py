"""Each line once, whatever the pieces, and however often and wherever a reading begins again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.kube.stamped_lines import StampedLines


def stamp(second: int, nanos: int = 0) -> str:
    return f"2026-11-29T04:00:{second:02}.{nanos:09}Z"


def log(times: list[int]) -> list[bytes]:
    return [f"{stamp(at // 10, at)} line {n}".encode() for n, at in enumerate(sorted(times))]


@given(st.lists(st.integers(0, 90), max_size=40), st.randoms(use_true_random=False))
def test_nothing_twice_and_nothing_lost(times: list[int], chance: random.Random) -> None:
    """Cut at any byte, and asked for again since the second of the newest line, as the kubelet is."""
    whole, lines = log(times), StampedLines()
    said: list[bytes] = []
    for _ in range(5):
        since = lines.newest[: len("2026-11-29T04:00:00")]
        answer = b"".join(line + b"\n" for line in whole if line.decode() >= since)
        lines.begin()
        cut = chance.randint(0, len(answer))
        at = 0
        while at < cut:
            size = chance.randint(1, 30)
            said += [line for _, line in lines.feed(answer[at : min(cut, at + size)])]
            at += size
    lines.begin()
    since = lines.newest[: len("2026-11-29T04:00:00")]
    said += [line for _, line in lines.feed(b"".join(line + b"\n" for line in whole if line.decode() >= since))]
    assert said == [line.partition(b" ")[2] for line in whole]


def test_a_line_without_end_is_given_once_and_held_in_bounds() -> None:
    lines = StampedLines()
    given_lines = lines.feed(stamp(1).encode() + b" " + b"x" * 70_000)
    for _ in range(100):
        given_lines += lines.feed(b"x" * 65_536)
        assert len(lines._rest) == 0
    given_lines += lines.feed(b"xx\n" + stamp(2).encode() + b" next\n")
    assert [(time, line[:4]) for time, line in given_lines] == [(stamp(1), b"xxxx"), (stamp(2), b"next")]


def test_what_has_no_newline_is_given_at_the_end() -> None:
    lines = StampedLines()
    assert lines.feed(stamp(1).encode() + b" a") == []
    assert lines.end() == [(stamp(1), b"a")]
    assert lines.end() == []
