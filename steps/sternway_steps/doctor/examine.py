"""All checks, in the order in which one rests on the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..config import Config
from ..errors import ClusterError, SternwayError
from ..session import Session
from ..yamltree.errors import ConfigErrors
from .account import account
from .argo import argo
from .finding import Finding, Level, good, warning, wrong
from .images import images
from .journal import leftovers, place
from .run import journal_rights, needs_cluster, run
from .server import ServerAway, kubeconfig, server


@dataclass(frozen=True)
class Doctor:
    """Looks at a session's cluster, and at a configuration if `load` gives one; `clock` is this machine's."""

    session: Session
    load: Callable[[], Config | None]
    clock: Callable[[], float] = time.time

    def findings(self) -> Iterator[Finding]:
        """Yield what is found, as soon as it is; nothing is changed."""
        config, broken = None, False
        try:
            config = self.load()
        except ConfigErrors as bad:
            broken = True
            for error in bad.errors:
                yield wrong("configuration", str(error), "no run can begin", "mend the file")
        if config is not None:
            yield good("configuration", f"{config.name} can be read")
        if config is not None and not needs_cluster(self.session, config):
            yield good("kubeconfig", "none is needed: neither a step nor the journal uses a cluster")
            yield from self._guarded("run", lambda: run(self.session, config))
            yield from self._of_journal(config)
            return
        try:
            yield from kubeconfig(self.session.client)
            yield from server(self.session.client, self.clock)
        except ServerAway:
            why = "without the API server nothing else can be asked"
            yield warning("cluster", "rights, journal, images and Argo were not looked at", why, "run it again then")
            return
        client = self.session.client
        if config is not None:
            yield from self._guarded("run", lambda: run(self.session, config))
        elif not broken:
            yield from self._guarded("rights", lambda: journal_rights(self.session))
        yield from self._of_journal(config)
        if config is not None:
            yield from self._guarded("account", lambda: account(self.session, config))
            yield from self._guarded("images", lambda: images(client, config))
        yield from self._guarded("argo", lambda: argo(client, config))

    def _of_journal(self, config: Config | None) -> Iterator[Finding]:
        yield from self._guarded("journal", lambda: place(self.session, config))
        yield from self._guarded("leftovers", lambda: leftovers(self.session, config))

    def _guarded(self, check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        """Go on after a check that could not be made."""
        try:
            yield from look()
        except (SternwayError, ClusterError) as error:
            remedy = getattr(error, "remedy", None) or "see whether we may look there"
            yield warning(check, f"this could not be looked at: {error}", "what is wrong there is not known", remedy)


def works(findings: list[Finding]) -> bool:
    """Return whether nothing was found that will not work."""
    return not any(finding.level is Level.WRONG for finding in findings)
