"""The end of a run whose steps were called one by one: what became of it, sealed and told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ..errors import Refused, Stopped, Transient
from ..exits import Exit
from ..journal.locks.lock import held
from ..journal.name import require_new_id
from ..journal.replay import Status, Story, has_head, replay
from .assembly import AssembledRun
from .events import Listener, unfailing
from .failed_nodes import Known, failed_nodes, killed_rollbacks, meaning
from .held import HoldCheck, HoldPolicy, held_back
from .hold import with_hold
from .on_end import run_on_end
from .result import Result
from .seal import seal
from .sealed import refuse_other_target
from .told_end import tell_end
from .unrecorded import did_nothing, never_rolled_back
from .verdict import FAILED_PHASES, by_journal, may_be_undone_yet
from .workflow import told_to_stop
from .workflow_nodes import unstarted_nodes
from .workflow_pods import seen_of_pod, was_killed

if TYPE_CHECKING:
    from ..kube.client import Client


def end_run(
    run: AssembledRun,
    phase: str,
    workflow: str,
    tell: Listener,
    events: Client,
    stop: threading.Event,
    policy: HoldPolicy = HoldPolicy(),
    failures: str = "",
    *,
    another_round: bool = False,
) -> Result:
    """Seal a run by what its journal says, and put an Event beside its Workflow.

    Args:
        run: the run.
        phase: how its caller saw the way forward end, as Argo's workflow.status.
        workflow: the Workflow's name, or "".
        tell: is told the end.
        events: the client that puts the Event, and looks at pods, in the namespace of its own context.
        stop: is set when the target's lock is lost meanwhile; it ends a step early that runs at the end.
        policy: who started the run. One that was refused by a hold leaves no record.
        failures: what Argo tells of the nodes that failed (workflow.failures).
        another_round: its caller makes another round of rollbacks unless the undo has ended; till then it stays open.

    A Workflow's run that was refused before it could record anything ends so without a record.

    Raises: Refused, Transient: the journal can't be read, or not be written now, or something works on the target.

    """
    known = partial(_known, run, failures, events, workflow)
    try:
        with held(run.lock, run.id, stop, None, unfailing(tell)):
            killed = killed_rollbacks(failures, [step.name for step in run.plan.steps])
            check = HoldCheck(run, policy, tell)
            result = _sealed(run, phase, check, known, killed, workflow, another_round=another_round)
            if result.status is Status.OPEN:
                return result
            result = run_on_end(run, result, tell=unfailing(tell), stop=stop)
    except Refused as error:  # such as a right that every step lacks, too: not one of them could begin
        if not workflow or phase not in FAILED_PHASES or not did_nothing(run, workflow):
            raise
        why = known(None)
        first = why if isinstance(why, Refused) else error
        result = Result(run.id, Status.REFUSED, Exit.REFUSED, first, name=run.journal.name)
    unfailing(tell)(result.as_event())
    if workflow:
        tell_end(events, workflow, result)
    return result


def _sealed(
    run: AssembledRun,
    phase: str,
    check: HoldCheck,
    known: Callable[[Story | None], Exception | None],
    killed: Mapping[str, Exception],
    workflow: str,
    *,
    another_round: bool,
) -> Result:
    records = run.journal.records()
    begun = replay(records).begun() if has_head(records) else frozenset()
    if not begun and (held_by := check.refusal()) is not None:
        run.store.remove(run.id)  # what its undo recorded; nights that are held push no run out of the history
        return held_back(run, held_by)
    if not has_head(records):  # lost, or no step's process ever began: an image that can't be pulled, a deadline
        require_new_id(run.id)
        run.journal.start({"config": run.config.to_dict(), "stepwise": True})
        records = run.journal.records()
    story = replay(records)
    refuse_other_target(story, run.target)
    if another_round and (left := may_be_undone_yet(run.plan, story.attempts)):
        error = Transient(f"not undone yet: {', '.join(left)}", remedy="the handler goes back once more")
        return Result(run.id, Status.OPEN, Exit.TRANSIENT, error)
    lost = never_rolled_back(run, story, workflow) if workflow and phase in FAILED_PHASES else []
    result = with_hold(run.plan, story, by_journal(run.plan, story, phase, known(story), killed, lost))
    return seal(run.journal, result, run.config.history, again=True)


def _known(run: AssembledRun, failures: str, client: Client, workflow: str, story: Story | None) -> Exception | None:
    """Return what Argo and the pods tell of the first step that failed, where they tell more than a stop.

    `story`: what the journal tells of the run, None while that has nothing.
    """
    unstarted = unstarted_nodes(client, workflow, run.id) if workflow else ()
    nodes = failed_nodes(failures, [step.name for step in run.plan.steps], unstarted)
    for node in nodes:
        seen = seen_of_pod(client, node.pod) if node.pod and node.says_nothing else ""
        own = bool(node.step) and run.plan.step(node.step).deadline is not None and "workflow deadline" not in failures
        began = story is not None and (story.last(node.step) is not None if node.step else bool(story.attempts))
        error = meaning(node, Known(seen, began, own))
        if error is not None:
            return error
    deleted = (node.who for node in nodes if node.pod and was_killed(client, node.pod))
    if workflow and not told_to_stop(client, workflow) and (who := next(deleted, "")):
        return Stopped(f"{who}: its pod was deleted")
    return None
