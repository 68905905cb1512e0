"""What a step declares about itself and its work: pure data that imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

CONTRACT = 4
"""The version of this contract. It grows when a step may rely on something that was not there before."""


class Action(StrEnum):
    """The two things that a step can be asked."""

    EXECUTE = "execute"
    ROLLBACK = "rollback"


class Effects(StrEnum):
    """Whether a step changes the world, and whether that can be undone."""

    NONE = "none"
    REVERSIBLE = "reversible"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True)
class Rule:
    """Cluster rights that a step needs, in the form of an RBAC rule.

    `api_group` "" is the core group; "*" in `resources` stands for every kind that the config deploys.
    """

    api_group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    only_with: tuple[str, ...] = ()
    """Kinds for which alone the rule is needed; empty: always."""
    with_state: bool = False
    """Needed only for kinds whose objects come up, and can fail to: nobody waits for a ConfigMap."""
    with_http: bool = False
    """Needed only for the configuration's HTTP checks (`verify.http`), in the namespaces that they ask."""
    in_target: bool = False
    """For what the step makes itself: needed in the config's own namespace alone, and when it runs in a pod. Elsewhere
    it may run otherwise, so there the step itself asks for what it needs."""


@dataclass(frozen=True)
class StepSpec:
    """What a step is, as data: it imports no client, reads no environment, opens no file."""

    name: str
    effects: Effects = Effects.NONE
    needs_cluster: bool = True
    execute_rules: tuple[Rule, ...] = ()
    rollback_rules: tuple[Rule, ...] = ()
    programs: tuple[str, ...] = ()
    """Programs that must be on PATH."""
    options: tuple[str, ...] = ()
    """The keys that `with:` may hold for it in the config."""
    hands_on: tuple[str, ...] = ()
    """The names under which its outcome hands values on to later steps."""
    contract: int = 1
    """The CONTRACT that it was written for; an older Sternway says so instead of running it."""


@dataclass(frozen=True)
class Item:
    """What became of one thing (an object, an image tag): one line of the report.

    `result` is one word: created, changed, unchanged, restored, deleted, kept, absent, conflict, failed.
    """

    what: str
    result: str
    why: str = ""
    fields: tuple[str, ...] = ()
    needs: str = ""
    """What it takes to put it back: an option of `sternway rollback`, or "by hand" where nothing of ours can."""


@dataclass(frozen=True)
class Outcome:
    """What a step did, when it did not fail."""

    summary: str
    items: tuple[Item, ...] = ()
    hands_on: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What later steps of the run need, as JSON data by a name that they ask for; it reaches them by the journal.

    `images` holds digests by image reference, such as registry.example/web:1: deploy puts them into its objects.
    """


@dataclass(frozen=True)
class RunEnd:
    """How a run has ended, for the steps that run then (`on:` in the configuration)."""

    status: str
    """succeeded, refused, undone or rollback-failed."""
    exit_code: int
    cause: str = ""
    """The first failure, for which it was undone; "" for none."""
    name: str = ""
    """What commands call the run, NAMESPACE/RUN."""
    remedy: str = ""
    """The command that puts back what an undo left; "" when nothing is left."""


@dataclass(frozen=True)
class Recorded:
    """What all attempts of one action of a step recorded in a run, oldest first."""

    intents: tuple[Mapping[str, Any], ...] = ()
    """What each was about to change."""
    evidence: tuple[Mapping[str, Any], ...] = ()
    """What each had changed."""


@dataclass(frozen=True)
class History:
    """What one step recorded in a run so far: on the way forward, and on the way back."""

    execute: Recorded = Recorded()
    rollback: Recorded = Recorded()


@dataclass(frozen=True)
class OtherRun:
    """What a step of another run of the same journal recorded, for one that may share something with it."""

    name: str
    """What commands call the run, NAMESPACE/RUN."""
    target: str
    recorded: Recorded
    """Of its execution."""
    later: bool
    """It began after the run that asks."""
    stands: bool
    """Nobody has begun to undo it."""
    undone: tuple[Mapping[str, Any], ...] = ()
    """What became of each thing by its undo, when that has ended: the fields of Item."""
    undone_at: float = 0.0
    """When that was, in seconds since 1970."""
    put_back: tuple[Mapping[str, Any], ...] = ()
    """What its undo recorded as done."""


@dataclass(frozen=True)
class Part:
    """One of the things that a step waits for: `done` of its `wanted` pods, or of 1 when it has none."""

    what: str
    done: int
    wanted: int
    message: str = ""


@dataclass(frozen=True)
class Progress:
    """One message on the way: `done` of `wanted`, when the step can count."""

    message: str
    done: int | None = None
    wanted: int | None = None
    item: Item | None = None
    passing: bool = False
    """It says what the step does right now, not what a log has to keep: one that lasts is written, others are not."""
    parts: tuple[Part, ...] = ()
    """What is still waited for, when that is known: the first ten."""
    left: float | None = None
    """Seconds after which the step gives up waiting, from now."""
