"""Where the journal of a run is that is known by its id alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import Refused
from ..journal.backends.secrets import SecretStore
from ..journal.backends.store import Store
from ..journal.replay import Status, Story
from .location import file_journal, open_journal

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class Journals:
    """The journals to look into: a folder's, or those of a namespace; with neither, of all that we may read."""

    client: Client
    folder: str | None
    namespace: str | None

    def all(self) -> Store:
        """Give them as one, to read from. Who may not list Secrets everywhere is left with the context's namespace."""
        if self.folder:
            return file_journal(self.folder)
        if self.namespace is not None:
            return SecretStore(self.client, self.namespace)
        everywhere = self.client.can_i("list", self.client.resource("v1", "Secret"), None)
        return SecretStore(self.client, None if everywhere else self.client.namespace)

    def known(self, run: str) -> Store | None:
        """Give the journal that a run is in, to read and to write; None when it is in none of them."""
        found = self.all()
        if not isinstance(found, SecretStore):
            return found
        namespace = found.namespace_of(run)
        return SecretStore(self.client, namespace) if namespace is not None else None

    def of(self, run: str) -> Store:
        """Give the same; raises Refused when the run is in none of them."""
        store = self.known(run)
        if store is None:
            remedy = "`sternway runs` lists those that are; --namespace looks in another namespace"
            raise Refused(f"run {run} is not in the journal", remedy=remedy)
        return store

    def placed(self, story: Story) -> Story:
        """Tell an open run that is at work from one whose process is gone."""
        if story.status is not Status.OPEN or story.stepwise:
            return story
        holder = open_journal(Config.from_dict(story.config), self.client)[1].holder()
        alive = holder is not None and holder.run == story.run
        return replace(story, status=Status.RUNNING if alive else Status.INTERRUPTED)
