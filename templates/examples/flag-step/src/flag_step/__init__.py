"""A feature flag as a step: one key of a ConfigMap that the application reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sternway_steps.step import (
    ApiError,
    Context,
    Effects,
    Item,
    Outcome,
    Ref,
    Refused,
    RollbackFailed,
    Rule,
    StepSpec,
    Transient,
)

__all__ = ["Flag"]

_MANAGER = "flag-step"


class Flag:
    """Sets one key of a ConfigMap, such as a feature flag, and puts it back."""

    spec = StepSpec(
        name="flag",
        effects=Effects.REVERSIBLE,
        execute_rules=(Rule("", ("configmaps",), ("get", "patch")),),
        rollback_rules=(Rule("", ("configmaps",), ("get", "patch")),),
        options=("configMap", "key", "value"),
        contract=2,
    )

    def check(self, context: Context) -> None:
        """Refuse a flag that is not named, or has nowhere to be."""
        self._read(context, _ref(context))

    def execute(self, context: Context) -> Outcome:
        """Set the key; what it was is in the journal before."""
        ref, key, value = _ref(context), context.options["key"], context.options["value"]
        live = self._read(context, ref)
        # The namespace too: a rollback elsewhere may have another default.
        context.journal.intent(
            {"namespace": ref.namespace, "name": ref.name, "key": key, "before": _data(live).get(key)}
        )
        context.check()
        if _data(live).get(key) == value:
            return Outcome(f"{key} is {value!r} already", (Item(f"{ref} {key}", "unchanged"),))
        self._write(context, ref, live, key, value)
        return Outcome(f"{key} is {value!r} now", (Item(f"{ref} {key}", "changed"),))

    def rollback(self, context: Context) -> Outcome:
        """Put back what the key was before the first attempt, unless somebody set it meanwhile."""
        intents = context.journal.history().execute.intents
        if not intents:
            return Outcome("nothing to undo")
        first = intents[0]  # a second attempt saw the first one's work
        ref = Ref("v1", "ConfigMap", first["namespace"], first["name"])
        key, before, ours = first["key"], first["before"], context.options["value"]
        live = context.client.get(ref)
        if live is None:
            return Outcome(f"{ref} is gone", (Item(f"{ref} {key}", "absent"),))
        now = _data(live).get(key)
        if now == before:
            return Outcome(f"{key} is as before", (Item(f"{ref} {key}", "unchanged"),))
        if now != ours:
            raise RollbackFailed(
                f"{ref}: somebody set {key} to {now!r} since, and it was {before!r} before this run",
                remedy="set it by hand, then roll back again",
            )
        self._write(context, ref, live, key, before)
        return Outcome(f"{key} is {before!r} again", (Item(f"{ref} {key}", "restored"),))

    def _read(self, context: Context, ref: Ref) -> Mapping[str, Any]:
        live = context.client.get(ref)
        if live is None:
            raise Refused(f"{ref} does not exist", remedy="create it, or name another one: with: {configMap: NAME}")
        return live

    def _write(self, context: Context, ref: Ref, live: Mapping[str, Any], key: str, value: str | None) -> None:
        """Write on condition that nobody wrote since it was read: else the server answers 409."""
        change = {"metadata": {"resourceVersion": live["metadata"]["resourceVersion"]}, "data": {key: value}}
        try:
            context.client.patch(ref, change, manager=_MANAGER)
        except ApiError as error:
            if error.conflict:
                raise Transient(f"{ref} was changed by somebody else meanwhile") from error
            raise


def _ref(context: Context) -> Ref:
    missing = [name for name in Flag.spec.options if not isinstance(context.options.get(name), str)]
    if missing:
        remedy = 'with: {configMap: features, key: checkout, value: "on"}'
        raise Refused(f"step {context.step} needs a text for {', '.join(missing)}", remedy=remedy)
    namespace = context.config.namespace or context.client.namespace
    return Ref("v1", "ConfigMap", namespace, context.options["configMap"])


def _data(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return obj.get("data") or {}
