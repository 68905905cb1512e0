"""How an API server is reached and who we are, as the transport needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import urllib3


@dataclass(frozen=True)
class Access:
    """One way to one API server.

    `namespace` is that of the kubeconfig's context, or of the pod. `authorization` gives the header's value anew for
    each request ("" for none), since tokens expire. `pool` makes the connections: at most `maxsize` at once.
    `identity` says whose credentials these are; `impersonation` are the headers by which we act as somebody else.
    """

    host: str
    namespace: str
    authorization: Callable[[], str]
    pool: Callable[[int], urllib3.PoolManager]
    identity: str = "the configured user"
    impersonation: tuple[tuple[str, str], ...] = ()
