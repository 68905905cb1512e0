"""Why a request got no answer: refused, unresolved, not trusted, too late, or cut."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from .api_error import ApiError

if TYPE_CHECKING:
    import urllib3


def no_answer(
    method: str, path: str, host: str, proxy: urllib3.util.Url | None, error: Exception, connect: float
) -> ApiError:
    """Return the error for a request without an answer, by the innermost cause; `connect` is the limit in seconds."""
    import urllib3

    chain: list[BaseException] = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__ or getattr(chain[-1], "reason", None)) is not None:
        if not isinstance(below, BaseException) or below in chain:
            break
        chain.append(below)

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in chain)

    if proxy is not None and has(urllib3.exceptions.ProxyError):
        host = f"the proxy {proxy.scheme}://{proxy.netloc}"
        if not has(ConnectionRefusedError, socket.gaierror, urllib3.exceptions.NameResolutionError):
            return ApiError(method, path, 0, "Proxy", f"{host} does not let us through: {chain[-1]}")
    if has(ConnectionRefusedError):
        return ApiError(method, path, 0, "Refused", f"{host} refuses the connection")
    if has(socket.gaierror, urllib3.exceptions.NameResolutionError):
        return ApiError(method, path, 0, "Name", f"the name in {host} can't be resolved")
    if has(ssl.SSLCertVerificationError):
        return ApiError(method, path, 0, "Certificate", f"the certificate of {host} is not trusted")
    if has(urllib3.exceptions.ConnectTimeoutError):
        return ApiError(method, path, 0, "Refused", f"{host} did not take the connection in {connect:.0f} s")
    if has(urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return ApiError(method, path, 0, "Timeout", f"{host} did not answer in time")
    return ApiError(method, path, 0, "Cut", f"the connection to {host} broke: {chain[-1]}")
