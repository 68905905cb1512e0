"""Steps that break the contract, each in one way; `test_kit` holds the suite to finding it.

All of them write a word into a file of the world; the good one is the first.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

from sternway_steps.step import (
    Context,
    Effects,
    Outcome,
    Ref,
    Refused,
    RollbackFailed,
    Rule,
    StepSpec,
    Stopped,
    Transient,
)

PASSWORD = "correct horse"


class Good:
    """Writes a word, and puts the old one back."""

    spec = StepSpec("good", Effects.REVERSIBLE, needs_cluster=False, options=("file",))

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": read(context)})
        context.check()
        write(context, "new")
        context.journal.evidence({"wrote": "new"})
        return Outcome("written")

    def rollback(self, context: Context) -> Outcome:
        intents = context.journal.history().execute.intents
        if intents:
            write(context, intents[0]["before"])
        return Outcome("put back")


def read(context: Context) -> str:
    return Path(context.options["file"]).read_text()


def write(context: Context, text: str) -> None:
    file = Path(context.options["file"])
    aside = Path(f"{file}.{os.getpid()}-{context.attempt}-{id(context)}")
    aside.write_text(text)
    aside.replace(file)


class Nameless(Good):
    spec: Any = StepSpec("good", "reversible", needs_cluster=False, options=["file"])  # type: ignore[arg-type]


class Idle(Good):
    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": read(context)})
        context.check()
        return Outcome("did nothing")


class Mute(Good):
    def execute(self, context: Context) -> Any:
        super().execute(context)


class Generous(Good):
    def execute(self, context: Context) -> Outcome:
        super().execute(context)
        return Outcome("written", hands_on={"images": {"a:1": "sha256:1"}})


class IntentLast(Good):
    def execute(self, context: Context) -> Outcome:
        before = read(context)
        write(context, "new")
        context.journal.intent({"before": before})
        context.check()
        return Outcome("written")


class NeedsEvidence(Good):
    def rollback(self, context: Context) -> Outcome:
        if context.journal.history().execute.intents and not context.journal.history().execute.evidence:
            raise RollbackFailed("there is no evidence")
        return super().rollback(context)


class LatestIntent(Good):
    def rollback(self, context: Context) -> Outcome:
        intents = context.journal.history().execute.intents
        if intents:
            write(context, intents[-1]["before"])
        return Outcome("put back")


class Deaf(Good):
    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": read(context)})
        write(context, "new")
        return Outcome("written")


class Late(Good):
    """Looks whether somebody asked it to stop, and not at its deadline."""

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": read(context)})
        if context.stop.is_set():
            raise Stopped("asked to stop")
        write(context, "new")
        return Outcome("written")


class Chatty(Good):
    def rollback(self, context: Context) -> Outcome:
        print("putting it back")
        return super().rollback(context)


class NoisyChild(Good):
    def execute(self, context: Context) -> Outcome:
        done = super().execute(context)
        subprocess.run(["echo", "hello"], check=True)
        return done


class Leaky(Good):
    """Says what it was given for itself alone."""

    def execute(self, context: Context) -> Outcome:
        context.say(f"logging in with {b64encode(PASSWORD.encode()).decode()}")
        return super().execute(context)


class LeakyWhenItFails(Good):
    def rollback(self, context: Context) -> Outcome:
        try:
            context.journal.intent({"about": "to put it back"})
        except Exception as error:
            raise Transient(f"POST with {PASSWORD}") from error
        return super().rollback(context)


class Slow(Good):
    """Waits once it has changed something, and looks at nothing meanwhile."""

    def execute(self, context: Context) -> Outcome:
        done = super().execute(context)
        time.sleep(600)
        return done


class SlowBack(Good):
    """Each of its rollbacks takes a while."""

    def rollback(self, context: Context) -> Outcome:
        time.sleep(2)
        return super().rollback(context)


class Wordy(Good):
    def execute(self, context: Context) -> Outcome:
        try:
            return super().execute(context)
        except Exception as error:
            if "stop" in str(error):
                raise
            raise ValueError("something went wrong") from error


class RefusesLate(Good):
    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": read(context)})
        context.check()
        write(context, "new")
        try:
            context.journal.evidence({"wrote": "new"})
        except Exception as error:
            raise Refused("no evidence could be written") from error
        return Outcome("written")


class Greedy(Good):
    def rollback(self, context: Context) -> Outcome:
        write(context, context.journal.history().execute.intents[0]["before"])
        return Outcome("put back")


class Once(Good):
    def rollback(self, context: Context) -> Outcome:
        intents = context.journal.history().execute.intents
        if intents and read(context) == intents[0]["before"] and context.attempt > 1:
            raise RollbackFailed("it was rolled back already")
        return super().rollback(context)


class Lonely(Good):
    """Two of its rollbacks take each other's file away."""

    def rollback(self, context: Context) -> Outcome:
        for intent in context.journal.history().execute.intents[:1]:
            aside = Path(f"{context.options['file']}.aside")
            aside.write_text(intent["before"])
            aside.replace(context.options["file"])
        return Outcome("put back")


class Forgetful(Good):
    """Its rollback believes that an earlier one came to its end."""

    def rollback(self, context: Context) -> Outcome:
        intents = context.journal.history().execute.intents
        if not intents or context.journal.history().rollback.intents:
            return Outcome("nothing to undo")
        context.journal.intent({"about": "to put it back"})
        write(context, intents[0]["before"])
        return Outcome("put back")


class WordyBack(Good):
    def rollback(self, context: Context) -> Outcome:
        context.journal.intent({"about": "to put it back"}) if self._safe(context) else None
        return super().rollback(context)

    def _safe(self, context: Context) -> bool:
        try:
            context.journal.intent({"about": "to ask"})
        except Exception as error:
            raise KeyError("the journal") from error
        return True


class Remembers(Good):
    """Keeps in memory what belongs into the journal."""

    before: str | None = None

    def execute(self, context: Context) -> Outcome:
        if Remembers.before is None:
            Remembers.before = read(context)
        return super().execute(context)

    def rollback(self, context: Context) -> Outcome:
        if context.journal.history().execute.intents:
            if Remembers.before is None:
                raise RollbackFailed("nobody knows what was before")
            write(context, Remembers.before)
        return Outcome("put back")


class OnItsDisk(Good):
    """Keeps on its machine's disk what belongs into the journal."""

    def execute(self, context: Context) -> Outcome:
        note = Path(tempfile.gettempdir()) / f"before-{context.run}"
        if not note.exists():
            note.write_text(read(context))
        return super().execute(context)

    def rollback(self, context: Context) -> Outcome:
        note = Path(tempfile.gettempdir()) / f"before-{context.run}"
        if note.exists():
            write(context, note.read_text())
        return Outcome("put back")


class Liar(Good):
    """Says that it has no effects, and writes an intent."""

    spec = StepSpec("good", Effects.NONE, needs_cluster=False, options=("file",))

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({"before": read(context)})
        return Outcome("looked")


class Vandal(Liar):
    def execute(self, context: Context) -> Outcome:
        write(context, "new")
        return Outcome("looked")


class Hasty(Good):
    def check(self, context: Context) -> None:
        context.journal.intent({"asked": True})


class Secretly(Good):
    """Says that it needs no cluster, and asks for one."""

    def execute(self, context: Context) -> Outcome:
        context.client.get(Ref("v1", "ConfigMap", "default", "m"))
        return super().execute(context)


class Labels:
    """Labels a ConfigMap; `rules` are what it says that it needs."""

    spec = StepSpec(
        "labels", Effects.REVERSIBLE, execute_rules=(Rule("", ("configmaps",), ("get", "patch")),),
        rollback_rules=(Rule("", ("configmaps",), ("get", "patch")),),
    )  # fmt: skip

    def execute(self, context: Context) -> Outcome:
        live = context.client.get(ref_of(context))
        assert live is not None
        context.journal.intent({"before": (live["metadata"].get("labels") or {}).get("a")})
        context.check()
        label(context, "new")
        return Outcome("labelled")

    def rollback(self, context: Context) -> Outcome:
        for intent in context.journal.history().execute.intents[:1]:
            label(context, intent["before"])
        return Outcome("put back")


class Unlabelled(Labels):
    """Changes first, and its intent comes after."""

    def execute(self, context: Context) -> Outcome:
        label(context, "new")
        context.journal.intent({"before": None})
        context.check()
        return Outcome("labelled")


class Tells(Labels):
    """Logs a Secret that it read."""

    def rollback(self, context: Context) -> Outcome:
        secret = context.client.get(Ref("v1", "Secret", context.config.namespace, "db"))
        context.log.debug("found %s", secret and secret["data"])
        return super().rollback(context)


class TooFewRights(Labels):
    spec = StepSpec("labels", Effects.REVERSIBLE, execute_rules=(Rule("", ("configmaps",), ("get",)),))


def ref_of(context: Context) -> Ref:
    return Ref("v1", "ConfigMap", context.config.namespace, "m")


def label(context: Context, value: str | None) -> None:
    context.client.patch(ref_of(context), {"metadata": {"labels": {"a": value}}}, manager="labels")
