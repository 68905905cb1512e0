"""What the build step writes into the journal, and how its undo reads it."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...spec import Recorded
from ...step import JournalView
from .reference import Reference
from .registry import Manifest


@dataclass(frozen=True)
class Push:
    """All attempts of one run combined: the tag, what it pointed to before, and how to recognise what this run pushed.

    An image is recognised by the digest that was pushed, or by its id: the digest of its config, which is known as soon
    as it is built, so that a push can be told from others' even when its evidence was lost. An id is better than a
    label with the run's name: with that, an unchanged image would be another one in every run, and roll every pod.

    `staged` are the tags that a builder may have pushed to, by builder; of those in `pushing` it is not known how the
    push ended. `moves` counts the requests that moved the tag, or may have; of `under_way` it is not known how they
    ended.
    """

    reference: Reference
    before: Manifest | None
    digests: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    staged: Mapping[str, str] = field(default_factory=dict)
    pushing: frozenset[str] = frozenset()
    moves: frozenset[str] = frozenset()
    under_way: frozenset[str] = frozenset()
    done: bool = False
    """It had the tag where it belongs, at least once."""
    looked: float = 0.0
    """When it last looked what the tag points to, in seconds since 1970; 0 when that is not known."""
    ended: float = 0.0
    """When it last had the tag where it belongs."""

    def pushed(self, digest: str, images: frozenset[str]) -> bool:
        """Return whether this run made what has this digest and stands for these images."""
        return digest in self.digests or (bool(images) and images <= self.ids)


@dataclass
class PushRecord:
    """Writes the record of one attempt's push; `staging` is the tag that the builder pushes to, "" for none."""

    journal: JournalView
    reference: Reference
    builder: str
    ids: Sequence[str]
    staging: str
    revision: str | None
    number: str = field(default_factory=lambda: secrets.token_hex(8))
    _last: dict[str, Any] = field(default_factory=dict, init=False)

    def intent(
        self, digest: str | None, before: Manifest | None, images: frozenset[str], *, moving: bool = False,
        pushing: bool = False,
    ) -> None:  # fmt: skip
        """Record what is about to be pushed, and the tag's manifest `before`, byte for byte, or None.

        Args:
            digest: of what was built, once it is known.
            before: what the tag points to now.
            images: their ids.
            moving: the next request moves the tag. False takes back what was recorded before: none was sent.
            pushing: the builder pushes to `staging` next. False: it has ended.

        """
        self._last = {
            "image": self.reference.text, "insecure": self.reference.plain, "ids": list(self.ids), "digest": digest,
            "before": None if before is None else {
                "digest": before.digest, "media_type": before.media_type,
                "content": base64.b64encode(before.content).decode(), "images": sorted(images),
            },
            "push": self.number, "moving": moving, "staging": self.staging, "pushing": pushing and bool(self.staging),
            "builder": self.builder, "at": time.time(),
        }  # fmt: skip
        self.journal.intent(self._last)

    def answered(self) -> None:
        """Record that the push of the last intent has ended, and moved nothing."""
        self.journal.intent({**self._last, "pushing": False})

    def evidence(self, digest: str) -> None:
        """Record what the tag points to now, with the commit that it was built from when that is known."""
        self.journal.evidence({
            "image": self.reference.text, "digest": digest, "builder": self.builder, "revision": self.revision,
            "push": self.number, "at": time.time(),
        })  # fmt: skip


def pushes(recorded: Recorded) -> Push | None:
    """Return all attempts of a run combined; None when nothing was about to be pushed.

    A retried attempt saw the first one's push as "before". So `before` is the latest that this run did not push.
    """
    intents = recorded.intents
    if not intents:
        return None
    digests = {e["digest"] for e in recorded.evidence} | {i["digest"] for i in intents if i["digest"]}
    done = {str(e.get("push", "")) for e in recorded.evidence}
    push = Push(Reference.parse(intents[-1]["image"], bool(intents[-1]["insecure"])), None, frozenset(digests))
    for entry in intents:
        number, moving = str(entry.get("push", "")), bool(entry.get("moving", True))  # older ones pushed to the tag
        seen, moves = entry["before"], push.moves - {number}
        looked = float(entry.get("at", 0.0))
        if not moves or seen is None or not push.pushed(seen["digest"], frozenset(seen["images"])):
            push = replace(push, before=_manifest(seen))
        staged = {entry["staging"]: entry["builder"]} if entry.get("staging") else {}
        pushing = frozenset(staged) if entry.get("pushing") else frozenset()
        push = replace(
            push, ids=push.ids | set(entry["ids"]), staged={**push.staged, **staged},
            pushing=(push.pushing - frozenset(staged)) | pushing,
            moves=moves | ({number} if moving else set()), looked=looked,
        )  # fmt: skip
    ended = max((float(e.get("at", 0.0)) for e in recorded.evidence), default=0.0)
    return replace(push, under_way=push.moves - done - {""}, done=bool(recorded.evidence), ended=ended)


def _manifest(data: Mapping[str, Any] | None) -> Manifest | None:
    return None if data is None else Manifest(data["media_type"], base64.b64decode(data["content"]))
