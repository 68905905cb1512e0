"""How a registry learns who asks: Docker's own credentials, sent as Basic or exchanged for a token."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...errors import Failed, Transient
from .connection import HttpAnswer, is_clear, json_of
from .docker_login import credentials
from .reference import Reference

Ask = Callable[..., HttpAnswer]
"""Makes one request; see `Connection.send`."""
_TOKEN = re.compile(r"[!-~]+")


class Login:
    """Answers a registry's challenges. Credentials are those of `docker login` (DOCKER_CONFIG), helpers too.

    What a challenge asks is the distribution specification's "Token Authentication".
    """

    def __init__(self, registry: Reference, ask: Ask, check: Callable[[], None]) -> None:
        self._host, self._plain, self._ask, self._check = registry.host, registry.plain, ask, check
        self._known: Mapping[str, Any] | None = None

    def answer(self, challenge: str, scope: str) -> str:
        """Return the Authorization header for a challenge (WWW-Authenticate); "" when there is nothing to answer with.

        Raises: Failed when there are none to be had, or who gives tokens does not take them; Transient when it is busy.
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
        if response.status == 429 or response.status >= 500:
            raise Transient(f"the registry {self._host} gives no token now: status {response.status}")
        if response.status != 200:
            raise Failed(
                f"the registry {self._host} gives no token: status {response.status}",
                remedy=f"docker login {self._host}",
            )
        body = json_of(response.data)
        token = body.get("token") or body.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Failed(f"the registry {self._host} gives no token: its answer holds none")
        return f"Bearer {token}"

    def _token(self, who: Mapping[str, Any], parameters: Mapping[str, str], scope: str) -> HttpAnswer:
        realm = parameters["realm"]
        secret = who.get("username") or who.get("identitytoken")
        if secret and is_clear(realm) and not self._plain:
            raise Failed(f"the registry {self._host} wants its password sent in the clear, to {_shown(realm)}")
        fields = {"service": parameters.get("service", ""), "scope": scope}
        if who.get("identitytoken"):
            form = {
                **fields, "grant_type": "refresh_token", "client_id": "sternway", "refresh_token": who["identitytoken"],
            }  # fmt: skip
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._ask("POST", realm, body=urlencode(form), headers=headers)
        headers = {"Authorization": _basic(who)} if who.get("username") else {}
        return self._ask("GET", f"{realm}{'&' if '?' in realm else '?'}{urlencode(fields)}", headers=headers)

    def _credentials(self) -> Mapping[str, Any]:
        if self._known is None:
            self._known = credentials(self._host, self._check)
        return self._known


def _basic(who: Mapping[str, Any]) -> str:
    return "Basic " + base64.b64encode(f"{who['username']}:{who.get('password', '')}".encode()).decode()


def _shown(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "what is no URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"[:200]
