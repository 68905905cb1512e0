"""How a registry learns who asks: Docker's own credentials, sent as Basic or exchanged for a token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ...errors import Failed
from .docker_login import credentials

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

Ask = Callable[..., "BaseHTTPResponse"]
"""Makes one request: method, URL, and what urllib3 takes."""


class Login:
    """Answers a registry's challenges. Credentials are those of `docker login` (DOCKER_CONFIG), helpers too.

    What a challenge asks is the distribution specification's "Token Authentication".
    """

    def __init__(self, host: str, ask: Ask, check: Callable[[], None]) -> None:
        self._host, self._ask, self._check = host, ask, check
        self._known: Mapping[str, Any] | None = None

    def answer(self, challenge: str, scope: str) -> str:
        """Return the Authorization header for a challenge (WWW-Authenticate); "" when there is nothing to answer with.

        Raises: Failed when there are none to be had, or the token's server does not take them.
        """
        from urllib.request import parse_http_list, parse_keqv_list  # brings http.client and ssl along

        scheme, _, rest = challenge.partition(" ")
        parameters: dict[str, str] = parse_keqv_list([item for item in parse_http_list(rest) if "=" in item])
        who = self._credentials()
        if scheme.lower() == "basic":
            return _basic(who) if who.get("username") else ""
        if scheme.lower() != "bearer" or "realm" not in parameters:
            return ""
        response = self._token(who, parameters, scope)
        if response.status != 200:
            raise Failed(
                f"the registry {self._host} gives no token: {_reason(response)}", remedy=f"docker login {self._host}"
            )
        body = json.loads(response.data)
        return f"Bearer {body.get('token') or body.get('access_token')}"

    def _token(self, who: Mapping[str, Any], parameters: Mapping[str, str], scope: str) -> BaseHTTPResponse:
        fields = {"service": parameters.get("service", ""), "scope": scope}
        if who.get("identitytoken"):
            form = {
                **fields, "grant_type": "refresh_token", "client_id": "sternway", "refresh_token": who["identitytoken"],
            }  # fmt: skip
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._ask("POST", parameters["realm"], body=urlencode(form), headers=headers)
        headers = {"Authorization": _basic(who)} if who.get("username") else {}
        return self._ask("GET", f"{parameters['realm']}?{urlencode(fields)}", headers=headers)

    def _credentials(self) -> Mapping[str, Any]:
        if self._known is None:
            self._known = credentials(self._host, self._check)
        return self._known


def _basic(who: Mapping[str, Any]) -> str:
    return "Basic " + base64.b64encode(f"{who['username']}:{who.get('password', '')}".encode()).decode()


def _reason(response: BaseHTTPResponse) -> str:
    return f"status {response.status}"
