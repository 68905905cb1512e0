"""Runs a command: what may be against it first, then the intent, the run and the evidence."""

from __future__ import annotations

from ...errors import Refused
from ...process.output import Output
from ...spec import Action, Outcome
from ...step import Context
from .environment import Resolved, resolve
from .exit_code import error_of
from .fence import end
from .invocation import UNDO, Invocation, invocation
from .record import Begun, Ended, Printed, ended, still_open
from .runner import Runner, runner_of


def check(context: Context) -> None:
    """Look for all that the command needs; raises Refused with all that is missing."""
    work = invocation(context, Action.EXECUTE, {})
    checked(context, work, runner_of(context, work), ahead=True)


def execute(context: Context) -> Outcome:
    """Run it; that it is about to start is in the journal before."""
    work = invocation(context, Action.EXECUTE, context.handed("images"))
    runner = runner_of(context, work)
    resolved = checked(context, work, runner)
    for left in still_open(context.journal.history().execute):
        end(context, left)  # an attempt that was given up, for its cluster was away: two at once is one too many
    runner.prepare(context, work)
    return done(context, Action.EXECUTE, work, runner, resolved)


def checked(context: Context, work: Invocation, runner: Runner, *, ahead: bool = False) -> Resolved:
    """Return the variables' values; raise Refused. `ahead`: the run has not begun, so what it deploys is not there."""
    findings = runner.findings(context, work)
    here = runner.name != "kubernetes"
    resolved = resolve(context, work.references, here=here, ahead=ahead) if not findings else Resolved()
    findings += [f"step {context.step}: {finding}" for finding in resolved.findings]
    if findings:
        raise Refused("\n".join(findings))
    return resolved


def done(context: Context, action: Action, work: Invocation, runner: Runner, resolved: Resolved) -> Outcome:
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


def _summary(how: Ended) -> str:
    last = next((line for line in reversed(how.log) if line.strip()), "")
    return f"done: {last}" if last else "done"
