"""The output of a program: told in lines, cut, without secrets, its end kept."""

from __future__ import annotations

from sternway_steps.process.output import LINES, WIDE, Output


def test_output_is_told_in_lines_cut_and_without_what_drives_terminals() -> None:
    said: list[str] = []
    output = Output(said.append)
    for chunk in (b"on", b"e\ntw", b"o\r\n10%\r50%\r100%\n", b"\x1b[31mred\x1b[0m\x07\n", b"x" * 70_000, b"y" * 70_000 + b"\nno newline", b"\xff"):  # fmt: skip
        output.feed(chunk)
    output.close()
    assert said == ["one", "two", "100%", "red", "x" * (WIDE - 1) + "…", "no newline\ufffd"]
    assert list(output.lines) == said


def test_secrets_are_hidden_however_they_are_cut() -> None:
    said: list[str] = []
    output = Output(said.append, ["abcdef", "abcdefgh", "first line\nsecond line", "x"])
    for byte in b"is abcdefgh, abcdef\nsecond line first line x\n":
        output.feed(bytes([byte]))
    output.feed(b"first line\nsecond line\nand s\x1b[1mecond line\x1b[0m\n")
    assert said == ["is ***, ***", "*** *** x", "***", "and ***"]


def test_a_flood_is_counted_and_its_end_is_kept() -> None:
    said: list[str] = []
    now = [0.0]
    output = Output(said.append, clock=lambda: now[0])
    output.feed(b"".join(b"%d\n" % n for n in range(1000)))
    assert (said[0], said[-1], len(said)) == ("0", "199", 200)
    assert list(output.lines) == [str(n) for n in range(1000 - LINES, 1000)]
    now[0] = 1.0
    output.feed(b"more\n")
    assert said[200:] == ["… 800 lines more, not shown", "more"]


def test_a_bar_of_progress_is_told_by_its_last_state_however_long_it_went_on() -> None:
    said: list[str] = []
    output = Output(said.append)
    for number in range(50_000):
        output.feed(b"%d of 50000\r" % number)
    output.feed(b"done\r")
    output.feed(b"\n")
    assert said == ["done"]


def test_lines_without_text_are_told_and_not_kept() -> None:
    said: list[str] = []
    output = Output(said.append, kept=2)
    output.feed(b"a\n\nb\n \n\n\n\n")
    assert said == ["a", "", "b", " ", "", "", ""]
    assert output.lines == ("a", "b")


def test_a_secret_that_is_no_text_is_hidden_before_anything_is_decoded_or_taken_out() -> None:
    said: list[str] = []
    secret = b"\x00\x1b[31mp\xfflain\x07\r-secret-\x9d\xfe"
    output = Output(said.append, [secret.decode(errors="surrogateescape")])
    output.feed(b"cat: " + secret + b"\nby line: -secret-\x9d\xfe\n" + b"coloured: -sec\x1b[0mret-\x9d\xfe\n")
    output.close()
    assert said == ["cat: ***", "by line: ***", "coloured: ***"]
    assert list(output.lines) == said


def test_what_stands_in_a_line_drives_no_terminal() -> None:
    said: list[str] = []
    output = Output(said.append)
    output.feed(b"a\x1b]0;title\x07b \x1bP1$q\x1b\\c \xc2\x9b31md \x1b(0e \xc2\x85f\x7f\n")
    assert said == ["ab c d e f"]
