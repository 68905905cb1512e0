"""The list of runs as a table; a wide one also tells who ran it, from where, which images, and the whole error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..journal.name import RunName
from ..journal.replay import Status, Story
from ..objects.image_digests import named_images

_NARROW = ("RUN", "TARGET", "STARTED", "STATUS", "NOTE")
_WIDE = ("RUN", "TARGET", "STARTED", "STATUS", "BY", "FROM", "IMAGES", "NOTE")
_CUT = 60


def lines(stories: Sequence[Story], *, wide: bool) -> Iterator[str]:
    """Yield the lines of the table, its head first."""
    rows: list[tuple[str, ...]] = [_WIDE if wide else _NARROW]
    for story in stories:
        first = (_called(story), story.target, story.started[:19], story.status.value)
        more = (who(story), origin(story), ", ".join(images(story)) or "-") if wide else ()
        rows.append((*first, *more, note(story, cut=None if wide else _CUT)))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row[:-1], widths, strict=True)]
        yield "  ".join([*cells, row[-1]]).rstrip()


def who(story: Story) -> str:
    """Return who started a run: USER@HOST; "-" where that is not recorded."""
    user, host = story.by.get("user"), story.by.get("host")
    return f"{user}@{host}" if user and host else "-"


def origin(story: Story) -> str:
    """Return from where a run was started: a Workflow, a Job, a command step by step, or one process."""
    if story.workflow:
        return f"Workflow {story.workflow}"
    if story.job:
        return f"Job {story.job.get('name')}"
    return "step by step" if story.stepwise else "one process"


def images(story: Story) -> tuple[str, ...]:
    """Return the images that a run deployed, as its configuration names them; one that it built with its digest."""
    built: Mapping[str, Any] = story.handed_on().get("images", {})
    manifests = story.config.get("manifests") or ()
    found = dict.fromkeys(image for manifest in manifests for image in named_images(manifest.get("obj") or {}) if image)
    return tuple(f"{image.partition('@')[0]}@{built[image]}" if image in built else image for image in found)


def note(story: Story, cut: int | None = None) -> str:
    """Return why a run ended as it did, in a line."""
    if story.back_to:
        went = "went" if story.status is Status.SUCCEEDED else "was to go"
        return f"{went} back to {story.back_to}"
    line = story.error.split("\n")[0]
    return line if cut is None or len(line) <= cut else f"{line[: cut - 1]}…"


def _called(story: Story) -> str:
    """Return what commands call a run; of a journal in files, the id will do beside --journal."""
    name = RunName.parse(story.name)
    return name.run if name.in_files else str(name)
