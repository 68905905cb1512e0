"""What the operations of a session are given: its connections, its steps, its journals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..config import Config
from ..config.program import require_names
from ..journal.backends.store import Store
from ..journal.checked import Note
from ..journal.encryption import JournalKeys
from ..journal.lookup import JournalLookup
from ..journal.replay import Story, replay
from ..kube.client import Client
from ..saga.assembly import Assembly
from ..saga.cancel import StopAll
from ..saga.interrupts import interruptible
from ..saga.liveness import with_liveness
from ..saga.location import Location, locate
from ..step import Step

if TYPE_CHECKING:
    from ..journal.entries import Record
    from ..saga.events import Listener
    from ..saga.policy import Policy
    from ..saga.rollback import Rollback
    from ..saga.trust import Approve

T = TypeVar("T")


@dataclass(frozen=True)
class Shared:
    """What a session's operations have in common, as it is when one begins."""

    client: Client
    book: Client
    """The journal's."""
    steps: Mapping[str, Step]
    journals: JournalLookup
    note: Note
    """Is told of what is in the journal and is no record."""
    keys: JournalKeys | None
    """What encrypts the journal in place of what a configuration names."""
    stop: StopAll
    handles_signals: bool
    """The caller has signal handlers that set `stop`."""

    @property
    def assembly(self) -> Assembly:
        """Return what puts a run together."""
        return Assembly(self.client, self.book, self.steps)

    def locate(self, config: Config) -> Location:
        """Resolve what a configuration's runs are recorded as, and where."""
        require_names(config)
        return locate(config, self.book, self.note, self.keys)

    def rollback(self, store: Store, tell: Listener, policy: Policy, approve: Approve | None = None) -> Rollback:
        """Return what undoes the runs of a journal."""
        from ..saga.rollback import Rollback

        return Rollback(self.assembly, store, self.stop, tell, policy, approve)

    def story(self, records: Sequence[Record]) -> Story:
        """Return what records say, and of an open run whether its process is alive."""
        return with_liveness(replay(records), self.journals)

    def alone(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Return what `work` returns; what interrupts the program sets `stop`, unless its own handlers do that."""
        return work() if self.handles_signals else interruptible(work, stop)
