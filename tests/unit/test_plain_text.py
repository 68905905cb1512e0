"""Foreign text is shown as text, and as nothing else."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.plain_text import escaped_in_json, plain

signs = st.text(st.sampled_from("\x1b[]P\\0;?1mHKJx\x07\x9b\x9d\x9c\x90\r\n\t\x00\x7f\x85 \u2028ä"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b[2J\x1b[Hb", "ab"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", "ab"),
        ("\x1b]52;c;aGk=\nnext", "\nnext"),
        ("\x9b31ma\x9d0;t\x9cb", "ab"),
        ("a\x08\x08b\rc\r\nd", "abc\nd"),
        ("\x1b(0a\x1b", "a"),
        ("ä\tb … c", "ä\tb … c"),
        ("kubectl\u202e\u200b\u2060\ufeff\u00ad", r"kubectl\u202e\u200b\u2060\ufeff\u00ad"),
        ("a\u200e\u061cb\u2028c\U000e0041", r"a\u200e\u061cb\u2028c\U000e0041"),
        ("می\u200cخوریم 👩\u200d💻", "می\u200cخوریم 👩\u200d💻"),
    ],
)  # fmt: skip
def test_what_is_shown_of_a_text(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(signs | st.text())
def test_nothing_of_it_drives_a_terminal(text: str) -> None:
    shown = plain(text)
    assert {sign for sign in shown if unicodedata.category(sign) == "Cc"} <= {"\t", "\n"}
    assert plain(shown) == shown
    written = escaped_in_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert not [sign for sign in written if unicodedata.category(sign) == "Cc"]


def test_what_is_not_seen_is_escaped_in_json_as_json_does() -> None:
    text = "a\u202e\u200b\U000e0041"
    written = escaped_in_json(json.dumps(text, ensure_ascii=False))
    assert written.isascii()
    assert json.loads(written) == text
