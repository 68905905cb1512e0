"""Says what of a case that was played ended wrong, by what it saw alone."""

from __future__ import annotations

import signal

from .play import Played

_ENDS = (0, 3, 4, 75, 143, -signal.SIGKILL)


def faults(seen: Played) -> list[str]:
    """List what is wrong; nothing when all is right."""
    return [*_runs(seen), *_tags(seen), *_traces(seen)]


def _runs(seen: Played) -> list[str]:
    found = []
    for run in seen.case.runs:
        code, undo = seen.codes[run.number], seen.undone.get(run.number)
        if code not in _ENDS:
            found.append(f"run {run.number} ended {code}")
        if code == 0 and _owner(seen, seen.digests.get(run.number, "")) != run.number:
            found.append(f"run {run.number} ended 0 with the image of {_owner(seen, seen.digests.get(run.number, ''))}")
        if undo not in (None, 0):
            found.append(f"the undo of run {run.number} ended {undo}")
    return found


def _tags(seen: Played) -> list[str]:
    """Hold each tag to its old image or that of one who succeeded.

    It may also be of one whose undo left it to who had moved it meanwhile, for that one's undo brought it back.
    """
    found = []
    for tag in range(seen.case.tags):
        runs = [run.number for run in seen.case.runs if run.tag == tag]
        left = {number for number in runs if "moved the tag since" in seen.output[number]}
        good = {number for number in runs if seen.codes[number] == 0}
        now, old = seen.after.get(tag), seen.before.get(tag)
        owner = _owner(seen, now) if now is not None else -1
        if owner in left or (owner in good if good else now == old):
            continue
        found.append(
            f"tag {tag} is {_said(seen, now)}, was {_said(seen, old)}, and those that succeeded are {sorted(good)}"
        )
    return found


def _traces(seen: Played) -> list[str]:
    found = [f"the registry has {name} too" for name in seen.others]
    if seen.engine[0] != seen.engine[1]:
        found.append(f"the engine has {seen.engine[1]}, and had {seen.engine[0]}")
    return found + [f"container {name} was left" for name in seen.containers]


def _owner(seen: Played, digest: str) -> int:
    """Give the run whose source an image holds; -1 for none."""
    text = seen.content.get(digest, "").split()
    return int(text[1]) if len(text) == 2 and text[0] == seen.repository else -1


def _said(seen: Played, digest: str | None) -> str:
    return "nothing" if digest is None else f"of run {_owner(seen, digest)} ({digest[:19]})"
