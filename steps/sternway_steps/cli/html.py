"""Output of `show --output html`: the run's story as a page; all else as in text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..journal.replay import Story
from ..saga.recorded_changes import RecordedChange
from .prints import our_stdout
from .text import TextOutput


class HtmlOutput(TextOutput):
    """Writes the page to standard output; errors and remarks, as text, to standard error."""

    def story(self, story: Story, changes: Callable[[], Sequence[RecordedChange]] = tuple) -> None:
        """Write the whole story of a run as one page."""
        from .page.render import render

        stream = our_stdout()
        stream.write(render(story, changes()))
        stream.flush()
