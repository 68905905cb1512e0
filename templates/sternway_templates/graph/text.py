"""Text in boxes, broken into lines, with widths that suffice whatever fonts the reader has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Pixels a letter: fixed-width fonts agree on 0.6 em, at 14 and 11 pixels.
NAME, NOTE = 8.5, 6.7
# Pixels a line.
LINE, SMALL = 18, 15
PAD = 12


@dataclass(frozen=True)
class Label:
    """Lines of a name, with small print below."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def text_height(self) -> float:
        """The height of its lines."""
        return LINE * len(self.names) + SMALL * len(self.notes)

    @property
    def height(self) -> float:
        """The height of a box around it."""
        return 2 * PAD + self.text_height


def label(width: float, name: str, notes: Iterable[str] = ()) -> Label:
    """Return a label that fits a name and notes into a box of some width."""
    return Label(wrapped(name, int((width - 2 * PAD) / NAME)), small(width, *notes).notes)


def small(width: float, *notes: str) -> Label:
    """Return a label of small print alone for a box of some width."""
    return Label((), tuple(line for note in notes for line in wrapped(note, int((width - 2 * PAD) / NOTE))))


def wrapped(text: str, most: int) -> tuple[str, ...]:
    """Return a text in lines of at most `most` letters, broken after a blank or a hyphen where one is near enough."""
    lines = []
    while len(text) > most:
        cut = max(text.rfind(" ", 0, most + 1), text.rfind("-", 0, most) + 1)
        cut = cut if cut > most // 3 else most
        lines.append(text[:cut].rstrip(" "))
        text = text[cut:].lstrip(" ")
    return (*lines, text)
