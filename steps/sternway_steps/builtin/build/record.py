"""What the build step writes into the journal, and how its undo reads it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...spec import Recorded
from .reference import Reference
from .registry import Manifest


@dataclass(frozen=True)
class Push:
    """All attempts of one run combined: the tag, what it pointed to before, and how to recognise what this run pushed.

    An image is recognised by the digest that was pushed, or by its id: the digest of its config, which is known as soon
    as it is built, so that a push can be told from others' even when its evidence was lost. An id is better than a
    label with the run's name: with that, an unchanged image would be another one in every run, and roll every pod.
    """

    reference: Reference
    before: Manifest | None
    digests: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def pushed(self, digest: str, images: frozenset[str]) -> bool:
        """Return whether this run made what has this digest and stands for these images."""
        return digest in self.digests or (bool(images) and images <= self.ids)


def intent(
    reference: Reference, before: Manifest | None, images: frozenset[str], ids: Sequence[str], digest: str | None
) -> dict[str, Any]:
    """Return the record of what is about to be pushed, and of the tag's manifest `before`, byte for byte, or None."""
    return {
        "image": reference.text,
        "insecure": reference.plain,
        "ids": list(ids),
        "digest": digest,
        "before": None
        if before is None
        else {
            "digest": before.digest,
            "media_type": before.media_type,
            "content": base64.b64encode(before.content).decode(),
            "images": sorted(images),
        },
    }


def evidence(image: str, digest: str, builder: str, revision: str | None) -> dict[str, Any]:
    """Return the record of what was pushed, with the commit that it was built from when that is known."""
    return {"image": image, "digest": digest, "builder": builder, "revision": revision}


def pushes(recorded: Recorded) -> Push | None:
    """Return all attempts of a run combined; None when nothing was about to be pushed.

    A retried attempt saw the first one's push as "before". So `before` is the latest that this run did not push.
    """
    intents = recorded.intents
    if not intents:
        return None
    digests = {e["digest"] for e in recorded.evidence} | {i["digest"] for i in intents if i["digest"]}
    ids: set[str] = set()
    push = Push(Reference.parse(intents[-1]["image"], bool(intents[-1]["insecure"])), None, frozenset(digests))
    for number, entry in enumerate(intents):
        seen = entry["before"]
        if number == 0 or seen is None or not push.pushed(seen["digest"], frozenset(seen["images"])):
            push = replace(push, before=_manifest(seen))
        ids |= set(entry["ids"])
        push = replace(push, ids=frozenset(ids))
    return push


def _manifest(data: Mapping[str, Any] | None) -> Manifest | None:
    return None if data is None else Manifest(data["media_type"], base64.b64decode(data["content"]))
