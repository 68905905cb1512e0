"""The section `deploy`: how objects are applied, and what the undo may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...config.option_reader import OptionReader
from ...config.prune import kind
from ...config.schema import ON_CONFLICT, DeployConfig, StepConfig
from ...config.selection import DEPLOY, PRUNE, RECREATE
from ...yamltree import scalars as s
from ...yamltree.document import Node
from ...yamltree.reader import Key, Many, Reader, Section, Short


def _make_section(**keys: Any) -> DeployConfig:
    names = {"forceConflicts": "force_conflicts", "onConflict": "on_conflict", "restartStale": "restart_stale"}
    prune = keys.pop("prune", False)
    made = DeployConfig(**{names.get(key, key): value for key, value in keys.items()})
    return replace(made, prune=prune) if isinstance(prune, bool) else replace(made, prune=True, prune_kinds=prune)


_PRUNE = Section(
    {
        "kinds": Key(
            Many(kind),
            "Kinds that are removed only where it is asked for: custom resources, Jobs, pods. The generated Role gets "
            "the right for them.",
            examples=(["Job", "Certificate.cert-manager.io"],),
        )
    },
    lambda kinds=(): tuple(kinds),
)
_SECTION = Section(
    {
        "forceConflicts": Key(
            s.boolean,
            "Take over fields that others set. Fields that kubectl or Helm applied, and the manifest lacks, are "
            "removed.",
            DeployConfig.force_conflicts,
        ),
        "onConflict": Key(
            s.one_of(*ON_CONFLICT),
            "What the undo does with a field that somebody else changed since: leaves the whole object, leaves that "
            "field, or puts back what was before.",
            DeployConfig.on_conflict,
        ),
        "restartStale": Key(
            s.boolean,
            "The undo restarts containers that still run with the failed version's settings. Without this key, it "
            "names them.",
            DeployConfig.restart_stale,
        ),
        "recreate": Key(
            s.boolean,
            "The undo creates immutable objects again even if others depend on them, or if they are Jobs that then "
            "run.",
            DeployConfig.recreate,
        ),
        "prune": Key(
            Short(s.boolean, _PRUNE),
            "At the end, remove objects that the target deployed before and no longer names; the undo puts them back. "
            "With kinds: also objects that would stay otherwise.",
            DeployConfig.prune,
            examples=({"kinds": ["Job", "Certificate.cert-manager.io"]},),
        ),
    },
    _make_section,
)
OPTIONS = Section(
    {
        "selector": Key(
            s.string, "A label selector: the step deploys only the objects that have it.", examples=("app=web",)
        ),
        "hooks": Key(
            s.one_of("before", "after"), "The step runs Helm's hooks before or after the deploy, and deploys nothing."
        ),
        "recreate": Key(
            s.boolean,
            "The step deletes and creates again what can't be changed, such as a Job; the undo puts the old one back.",
        ),
        "prune": Key(
            s.boolean,
            "The step removes objects that the target deployed before and no longer names. It deploys nothing.",
        ),
    }
)
"""A step's `with`; what it says is read by the step itself."""
_ABOUT = "How objects are applied, and what the undo does with fields that others changed since."


def _check(step: StepConfig, where: Node, field: str, reader: Reader) -> None:
    """Report a `recreate` that is neither true nor false, or of a step whose objects are made anew anyway."""
    if step.uses != DEPLOY or "with" not in where.value:
        return
    if PRUNE in step.options:
        _check_prune(step, where, field, reader)
    if RECREATE not in step.options:
        return
    entry = where.value["with"].node.value[RECREATE]
    if not isinstance(step.options[RECREATE], bool):
        reader.report(entry.location, f"{field}.with.{RECREATE}", "this is neither true nor false", "true or false")
    elif "hooks" in step.options:
        what = "hooks run anew by their own delete policies"
        reader.report(entry.location, f"{field}.with.{RECREATE}", what, hint="remove the key")


def _check_prune(step: StepConfig, where: Node, field: str, reader: Reader) -> None:
    """Report a `prune` that is not true, or beside options of a step that deploys."""
    entry = where.value["with"].node.value[PRUNE]
    if step.options[PRUNE] is not True:
        reader.report(entry.location, f"{field}.with.{PRUNE}", "this is not true", "true, or no such step")
    elif len(step.options) > 1:
        others = ", ".join(sorted(key for key in step.options if key != PRUNE))
        reader.report(entry.location, f"{field}.with.{PRUNE}", "such a step deploys nothing", hint=f"remove {others}")


READER = OptionReader("deploy", section=_SECTION, about=_ABOUT, options=OPTIONS, check=_check)
