"""What the transport needs to reach an API server: address, connections, credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..plain_text import without_password

if TYPE_CHECKING:
    import urllib3


@dataclass(frozen=True)
class Access:
    """The way to one API server, with the credentials of one user.

    `namespace` is that of the kubeconfig's context, or of the pod. `authorization` returns the header's value for each
    request ("" for none), since tokens expire. `pool` makes the connection pool: at most `maxsize` connections.
    `identity` names the owner of the credentials; `impersonation` holds the headers by which we act as somebody else.
    """

    host: str
    namespace: str
    authorization: Callable[[], str]
    pool: Callable[[int], urllib3.PoolManager]
    identity: str = "the configured user"
    impersonation: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> str:
        """The address as it is told: without what a URL may hold that is secret."""
        return without_password(self.host.partition("?")[0].partition("#")[0])
