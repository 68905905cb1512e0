"""The credentials of `docker login`: from its file, or from the helper that the file names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import Failed
from ...extras import missing
from ...process.run import Answer, answer

HELPER_ANSWERS = 30.0
"""Seconds that a credential helper has: it may ask another service, and nobody is there to type a password."""


def credentials(host: str, check: Callable[[], None]) -> Mapping[str, Any]:
    """Return username and password, or an identitytoken, for a registry; empty when there are none.

    Docker's own package knows the file: other names of the Hub, which helper is whose, older forms. The helper is
    called here (github.com/docker/docker-credential-helpers): the package waits for ever and tells none of its words.

    Args:
        host: the registry.
        check: raises when the run was stopped; then the helper is ended.

    Raises: Failed when file or helper give none; what `check` raises.

    """
    try:
        from docker import auth
        from docker.errors import DockerException
        from docker.utils.config import find_config_file
    except ImportError as error:
        raise Failed(missing(f"reading the credentials for {host}", error).message) from error
    path = find_config_file()
    try:
        config = auth.load_config(config_dict=_read(path)) if path else auth.AuthConfig({})
    except (DockerException, OSError, ValueError, AttributeError, TypeError) as error:
        at = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        remedy = f"mend or remove {path}, then docker login {host}"
        raise Failed(f"the credentials for {host} can't be read: {path}: {at}{error}", remedy=remedy) from error
    name = config.get_credential_store(host) if config.creds_store or config.cred_helpers else None
    found = _from_helper(name, host, check) if name else None
    if found is None:
        found = auth.AuthConfig({"auths": config.auths}).resolve_authconfig(host) or {}
    # The file's come with small letters, a helper's with capitals.
    return {str(key).lower(): value for key, value in found.items()}


def _read(path: str) -> dict[str, Any]:
    text = Path(path).read_text(encoding="utf-8")
    found = json.loads(text) if text.strip() else {}
    if not isinstance(found, dict):
        raise TypeError("it is no JSON object")
    return found or {"auths": {}}


def _from_helper(name: str, host: str, check: Callable[[], None]) -> dict[str, Any] | None:
    from docker.auth import INDEX_NAME, INDEX_URL, TOKEN_USERNAME

    program, server = f"docker-credential-{name}", INDEX_URL if host == INDEX_NAME else host
    begin, remedy = f"the credentials for {host} can't be read: {program}", f"echo {server} | {program} get"
    try:
        done = answer([program, "get"], HELPER_ANSWERS, given=server.encode(), check=check)
    except FileNotFoundError as error:
        remedy = "install it, or remove it from credHelpers or credsStore in Docker's config.json"
        raise Failed(f"{begin} is not installed", remedy=remedy) from error
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise Failed(f"{begin} did not answer within {HELPER_ANSWERS:.0f} s", remedy=remedy) from error
        raise Failed(f"{begin} can't be started: {error.strerror}") from error
    if done.code:
        if "credentials not found" in done.out + done.err:
            return None
        raise Failed(f"{begin} ended with {done.code}: {_words(done)}", remedy=remedy)
    try:
        data = json.loads(done.out)
        user, secret = str(data["Username"]), str(data["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(f"{begin} answered no credentials (JSON with Username and Secret)", remedy=remedy) from error
    if not user and not secret:
        return None
    return {"identitytoken": secret} if user == TOKEN_USERNAME else {"username": user, "password": secret}


def _words(done: Answer) -> str:
    """Return what it says: by the protocol on standard output, by habit on standard error."""
    lines = [line.strip() for text in (done.err, done.out) for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-3:])[:500] or "it wrote nothing"
