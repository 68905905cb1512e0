"""Command: intent, run, evidence; the undo runs the command that the user gives for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import Failed, Refused, RollbackFailed
from ...process.output import Output
from ...spec import Action, Effects, Outcome, Recorded, StepSpec
from ...step import Context
from .believed import require_own, required, runner_back
from .environment import Resolved, resolve
from .exit_code import error_of
from .invocation import UNDO, Invocation, invocation
from .job import JOB_RULES, Jobs
from .keys import COMMAND
from .record import Begun, Ended, Printed, begun, done_before, ended, never_started, printed, still_open
from .runner import Runner, runner_named, runner_of

if TYPE_CHECKING:
    from ...config import Config

SPEC = StepSpec(
    name="command",
    effects=Effects.REVERSIBLE,  # the config says which it is: plan puts that in its place
    options=tuple(key for key in COMMAND if key != "effects"),
    execute_rules=JOB_RULES,
    rollback_rules=JOB_RULES,
)


class Command:
    """Runs a command of the user's own, and another one to undo it: here, in a container, or as a Job."""

    @property
    def spec(self) -> StepSpec:
        """What a command is and needs."""
        return SPEC

    def runs(self, config: Config, options: Mapping[str, Any], action: Action) -> Mapping[str, Any] | None:  # noqa: ARG002  its options say it all
        """Return the command of an action, with all that decides what it does."""
        return required(options, action)

    def check(self, context: Context) -> None:
        """Look for the program, the engine, the rights, the Secrets; raises Refused with all that is missing."""
        work = invocation(context, Action.EXECUTE, {})
        _checked(context, work, runner_of(context, work), ahead=True)

    def execute(self, context: Context) -> Outcome:
        """Run it; that it is about to start is in the journal before."""
        work = invocation(context, Action.EXECUTE, context.handed("images"))
        runner = runner_of(context, work)
        resolved = _checked(context, work, runner)
        for left in still_open(context.journal.history().execute):
            _end(context, left)  # an attempt that was given up, for its cluster was away: two at once is one too many
        runner.prepare(context, work)
        return _done(context, Action.EXECUTE, work, runner, resolved)

    def late(self, context: Context) -> list[str]:
        """Name the Jobs that are there though they had ended when it was undone: the network kept a request."""
        return [f"job/{each.name} in {each.where}" for each in _late(context, context.journal.history().execute)]

    def rollback(self, context: Context) -> Outcome:
        """End what may still run of it, then run the command that undoes it: once, unless it came late after that."""
        history = context.journal.history()
        late = _late(context, history.execute)
        if done_before(history.rollback) and not late:
            return Outcome("undone before in this run")
        if not begun(history.execute):
            return Outcome("it never started: nothing to undo")
        _fence(context, [*still_open(history.execute), *still_open(history.rollback), *late])
        if never_started(context.journal.history()):
            return Outcome("its program never started: nothing to undo")
        try:
            work = invocation(context, Action.ROLLBACK, context.handed("images"), printed(history.execute))
            if not work.argv:
                return Outcome("there is no command that undoes it")
            runner = runner_back(work, begun(history.execute)[-1])
            resolved = _checked(context, work, runner)
            runner.prepare(context, work)
        except Refused as bad:
            raise RollbackFailed(f"{context.step}: {bad.message}", remedy=bad.remedy) from bad
        return _done(context, Action.ROLLBACK, work, runner, resolved)


def _checked(context: Context, work: Invocation, runner: Runner, *, ahead: bool = False) -> Resolved:
    """Return the variables' values; raise Refused. `ahead`: the run has not begun, so what it deploys is not there."""
    findings = runner.findings(context, work)
    here = runner.name != "kubernetes"
    resolved = resolve(context, work.references, here=here, ahead=ahead) if not findings else Resolved()
    findings += [f"step {context.step}: {finding}" for finding in resolved.findings]
    if findings:
        raise Refused("\n".join(findings))
    return resolved


def _done(context: Context, action: Action, work: Invocation, runner: Runner, resolved: Resolved) -> Outcome:
    """Run it: that it is about to start is in the journal before, and how it ended after."""
    context.check()
    context.journal.intent(Begun(runner.name, work.name, runner.where(context), work.told).to_dict())
    context.say(f"{runner.name}: {work.shown}" + (f" in {work.image}" if work.image else ""))
    for_undo = Printed(work.name, context.journal.evidence)
    noted = f"{UNDO}=" if action is Action.EXECUTE else ""
    output = Output(lambda line: context.say(f"| {line}"), resolved.secrets, noted=noted, note=for_undo.add)
    how = runner.run(context, work, resolved, output)
    context.journal.evidence(ended(work.name, how, for_undo.close()))
    error = error_of(work, action, how, context.step)
    if error is not None:
        raise error
    return Outcome(_summary(how))


def _late(context: Context, execute: Recorded) -> list[Begun]:
    """Return the commands that are known to have ended, and whose Jobs are there."""
    known = [each for each in begun(execute) if each.runner == Jobs.name and each not in still_open(execute)]
    return [each for each in known if Jobs().is_there(context, each)]


def _fence(context: Context, left: Sequence[Begun]) -> None:
    for each in left:
        try:
            _end(context, each)
        except (Failed, Refused) as bad:
            if context.config.deploy.on_conflict != "force":
                raise RollbackFailed(f"{context.step}: {bad.message}", remedy=bad.remedy) from bad
            context.say(f"{bad.message}: taken for ended, by --on-conflict force")


def _end(context: Context, left: Begun) -> None:
    require_own(context, left)
    context.say(f"ending what may still run of {left.name}")
    if (began := runner_named(left.runner).end(context, left)) is not None:
        context.journal.evidence(ended(left.name, Ended(None, started=began)))


def _summary(how: Ended) -> str:
    last = next((line for line in reversed(how.log) if line.strip()), "")
    return f"done: {last}" if last else "done"
