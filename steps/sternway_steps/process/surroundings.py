"""The environment that a program gets from us."""

from __future__ import annotations

import os

JOURNAL_KEY = "STERNWAY_JOURNAL_KEY"
"""The variable that holds the key to the journal: it is for us alone."""


def surroundings() -> dict[str, str]:
    """Return our own environment, without what no program is to have.

    The command line takes the key out of it at its start; a program that uses a session may not.
    """
    return {name: text for name, text in os.environ.items() if name != JOURNAL_KEY}
