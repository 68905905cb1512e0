"""What a pod of a Job does about the runs that earlier pods of the same Job left.

| the last run of the Job | what the pod does |
| --- | --- |
| none, or it met something that may pass before any change | begins one |
| open: its pod was killed | ends it, as its onInterrupt says; then as below |
| undone because it was stopped or its pod was killed, for the first time | begins another one |
| the same for the second time | leaves it at that |
| it ended otherwise | ends as that did |
"""

from __future__ import annotations

from ..errors import Refused, Stopped, Transient, is_transient
from ..journal.backends.store import Store
from ..journal.replay import Status, Story, replay
from .attempt_errors import first_error
from .events import Listener, Note
from .job import Job
from .plan import Plan
from .result import Result
from .rollback import Rollback
from .verdict import as_recorded, decide

_TRIES = 2
"""So often the way forward is begun that a stop or a kill cuts off: what kills a pod may be what is deployed."""
_MOST = 1000


def take_up(rollback: Rollback, plan: Plan, job: Job, run: str, cron: str, tell: Listener) -> str | Result:
    """Return the id of the run that this pod is to begin, or the end of one that an earlier pod has left.

    Args:
        rollback: ends what was left open, in the journal of the run's target.
        plan: the steps.
        job: the Job.
        run: what its first run is called.
        cron: what its CronJob is called.
        tell: is told what is taken up.

    Raises: Refused when the name is another run's, or what is open is left to a person; Transient when something is at
        work on the target.

    """
    stories = _of_job(rollback.store, job, run, cron)
    if not stories:
        return run
    last = stories[-1]
    if last.status is Status.OPEN:
        tell(Note(f"run {last.run}: an earlier pod of Job {job.name} was killed before its end; it is ended now"))
        last = _ended(rollback, last)
    result = _end_of(plan, last)
    cut_short = [one for one in (*stories[:-1], last) if not is_transient(_end_of(plan, one).error)]
    if _passes(result) and (is_transient(result.error) or len(cut_short) < _TRIES):
        again = job.id_of(run, len(stories) + 1)
        tell(
            Note(f"run {last.run} of Job {job.name}: {result.status.value}: {result.error}; it is run again as {again}")
        )
        return again
    tell(Note(f"run {last.run} of Job {job.name} has ended; this pod only tells how"))
    return result


def _of_job(store: Store, job: Job, run: str, cron: str) -> list[Story]:
    """Read the Job's runs, oldest first; raise Refused when the first one's name is that of another run."""
    stories = list[Story]()
    for number in range(1, _MOST):
        name = job.id_of(run, number)
        if store.target_of(name) is None:
            break
        stories.append(replay(store.records(name)))
        if (stories[-1].job or {}).get("uid") != job.uid:
            began = stories[-1].started[:19].replace("T", " ")
            raise Refused(
                f"run {name} is in the journal already, of another Job of that name ({began} UTC)",
                remedy=f"give the Job another name: kubectl -n {job.namespace} create job NAME --from=cronjob/{cron}",
            )
    return stories


def _ended(rollback: Rollback, story: Story) -> Story:
    result = rollback.finish(story.run, by_policy=True)
    now = replay(rollback.store.records(story.run))
    if now.status is Status.OPEN:
        why = result and (result.unrecorded or result.error)
        raise why or Transient(
            f"run {story.run} could not be ended now", remedy="the next pod, or the sweeper, does it"
        )
    return now


def _end_of(plan: Plan, story: Story) -> Result:
    """Return how a run ended: one that was undone after a kill by what its steps tell, for its end tells no error."""
    if story.status is not Status.UNDONE:
        return as_recorded(plan, story)
    error = first_error(plan, story.attempts) or Stopped(story.error or "its pod was killed")
    return decide(story.run, plan, story.attempts, error, ())


def _passes(result: Result) -> bool:
    """Tell whether nothing but what may pass, or a stop, ended it."""
    undone = result.status in (Status.UNDONE, Status.REFUSED)
    return undone and (isinstance(result.error, Stopped) or is_transient(result.error))
