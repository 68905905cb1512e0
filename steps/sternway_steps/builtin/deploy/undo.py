"""The undo of a deploy: every object is restored, and the workloads are healthy again."""

from __future__ import annotations

from ...errors import RollbackFailed
from ...objects.merge import OnConflict
from ...release.removal import Remover
from ...release.restore import Restorer
from ...spec import Outcome
from ...step import Context
from .events import of_undone, put
from .health import await_health, is_judged_here, removed_before
from .hooks import tell_stays
from .late import record_left
from .made_anew import MadeAnew
from .reborn import reborn
from .record import about_to_recreate, changes
from .rollback import concluded, undo_all
from .stale_settings import StaleReaders


def undo(context: Context) -> Outcome:
    """Restore every object, and continue after one that fails; then wait until workloads are healthy."""
    journal = context.journal
    history = journal.history()
    found = changes(context.mark, history)
    made = MadeAnew(context, lambda ref, obj: journal.intent(about_to_recreate(ref, obj)))
    restorer = Restorer(
        context.client,
        context.mark,
        OnConflict(context.config.deploy.on_conflict),
        made.about_to,
        Remover(context.client).remove,
        reborn(context),
        context.config.deploy.recreate,
    )
    if "hooks" in context.options:
        tell_stays(context, found)
    stale = StaleReaders(context, found, history)
    items = undo_all(restorer, found, context, stale.look)
    made.record(found)
    unhealthy: RollbackFailed | None = None
    healthy = ""
    try:
        also = removed_before(context) if is_judged_here(context) else []
        healthy = await_health(context, found, items, also)
    except RollbackFailed as error:
        unhealthy = error
    items += stale.settle()
    put(context, lambda: of_undone(context, found, items))
    record_left(context, items)
    return concluded(items, healthy, unhealthy)
