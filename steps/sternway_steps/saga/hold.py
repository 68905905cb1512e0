"""What was undone is not deployed again by a schedule: the content of a run, and which content a target holds. Pure.

A run that failed by what it deploys records the digest of that with its end (`holds`). What says nothing of the content
holds nothing: something that may pass, a stop, a deadline, a process that died.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import Held, Stopped, is_transient
from ..exits import DONE
from ..journal.replay import Status, Story
from .attempt import DEADLINE
from .attempt_errors import first_error
from .plan import Plan
from .result import Result

IMAGES = "images"
"""Under this name a step hands on the digests of the images that it built (see spec.Outcome)."""
_SECTIONS = ("name", "namespace", "build", "deploy", "verify")
_OF_A_STEP = ("name", "uses", "effects")


@dataclass(frozen=True)
class Hold:
    """One content that a target holds: `run` failed with it, and ended at `since` (RFC 3339) because of `why`."""

    run: str
    target: str
    content: str
    since: str
    why: str

    def error(self, *, built: bool = False) -> Held:
        """Say it to whoever would deploy the same again; `built`: only the digests of what was built told it."""
        when = f"{self.since[:19].replace('T', ' ')} UTC"
        return Held(
            f"held since {when}: run {self.run} deployed the same to {self.target} and was undone: {self.why}"
            + ("; only what was built now told so, and what that changed is undone" if built else ""),
            remedy=f"it is deployed again when its content changes, after: sternway unhold {self.target}, "
            "or with --force-held",
            details={"held_by": self.run, "held_since": self.since},
        )


def content_of(config: Mapping[str, Any], images: Mapping[str, Any]) -> str:
    """Return the digest of what a configuration, as its to_dict gives it, deploys: 32 hexadecimal digits.

    That is its objects with the images as they are deployed, and the steps with their options. How long it may take,
    where it is recorded, and in which folder it was read is no part of it.
    """
    content = {
        **{key: config.get(key) for key in _SECTIONS},
        "objects": [one["obj"] for key in ("manifests", "hooks") for one in config.get(key) or ()],
        "steps": [_step(item) for item in config.get("steps") or ()],
        IMAGES: images,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def content_of_story(story: Story) -> str:
    """Return the digest of what a recorded run deploys."""
    return content_of(story.config, story.handed_on().get(IMAGES, {}))


def known_from(plan: Plan) -> int:
    """Return the number of the first group (0 first) before which the content of a run is known.

    The digests of the images that a step builds are part of the content.
    """
    giving = (n + 1 for n, group in enumerate(plan.groups) if any(IMAGES in step.spec.hands_on for step in group))
    return max(giving, default=0)


def with_hold(plan: Plan, story: Story, result: Result) -> Result:
    """Return the end of a run that went back with the content that it holds, if it failed by that.

    A run that had succeeded and is undone by somebody's wish holds, too: the next night would bring it back.
    """
    if result.status not in (Status.UNDONE, Status.ROLLBACK_FAILED) or not _reached(plan, story):
        return result
    error = result.error or first_error(plan, story.attempts)
    lasts = [story.last(step.name) for step in plan.steps]
    done = all(last is not None and last.result == DONE for last in lasts)
    blamed = done if error is None else _speaks_of_content(error)
    return replace(result, holds=content_of_story(story)) if blamed else result


def _reached(plan: Plan, story: Story) -> bool:
    begun = story.begun()
    return any(step.name in begun for group in plan.groups[known_from(plan) :] for step in group)


def _speaks_of_content(error: Exception) -> bool:
    return not (is_transient(error) or isinstance(error, Stopped | Held) or DEADLINE in getattr(error, "details", {}))


def _step(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return [_step(step) for step in item]
    options = {key: value for key, value in (item.get("options") or {}).items() if key != "folder"}
    return {**{key: item.get(key) for key in _OF_A_STEP}, "options": options}
