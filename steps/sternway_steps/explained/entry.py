"""What is known of one error."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE = "docs/reference"
"""Where the reference is that errors and findings name a page of: a folder of the repository, for want of a site."""


@dataclass(frozen=True)
class Entry:
    """What one error means, and what helps.

    Args:
        names: its identifier, and others that mean the same: the class of an error as `--output json` names it in
            `kind`, or the reason why an object does not become ready.
        means: what is the case when it is said, in plain sentences.
        causes: each usual cause, and what to do about it. Commands stand between backticks; words in capitals such as
            RUN stand for names.
        codes: how a command ends that meets it; of an object that fails, the undo decides between the two.

    """

    names: tuple[str, ...]
    means: str
    causes: tuple[tuple[str, str], ...]
    codes: tuple[int, ...] = (4, 5)

    @property
    def name(self) -> str:
        """Its identifier, which is the title of its page too."""
        return self.names[0]

    @property
    def page(self) -> str:
        """Its page of the documentation."""
        return f"{REFERENCE}/errors/{self.name}.md"
