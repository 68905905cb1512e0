"""What the step asks of a registry: the OCI distribution API, as much of it as moving a tag takes.

oras (0.2.43) was looked at: it keeps one token whatever the scope, sets no timeouts, sleeps up to 83 s between tries
where nobody can stop it, and does not tell Basic from Bearer. So this is urllib3; credentials are Docker's package's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ...errors import Failed, Transient
from ...objects.image_name import normalised
from ...retry_after import seconds_to_wait
from .credentials import Login
from .reference import Reference

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ACCEPT = ", ".join(
    (
        OCI_MANIFEST,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_ATTESTATION = "vnd.docker.reference.type"
_MOST = 4 << 20
"""Bytes that a registry takes for a manifest at least (OCI distribution 1.1); larger ones are not read."""
_ANSWERS = 30.0
"""Seconds that the registry has for an answer."""
MOVES = 10.0
"""Seconds that it has to move a tag: the target's lease has to outlive that."""
NOBODY = f"sha256:{'0' * 64}"
"""The digest of nothing."""


@dataclass(frozen=True)
class Manifest:
    """What a tag points to: an image's manifest, or an index of several. `content` is byte for byte the registry's."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """Its name in the registry."""
        return digest_of(self.content)


def manifest_of(image: str) -> Manifest | None:
    """Read the manifest of an image that is only pulled, by its digest if it names one; None when it is not there.

    Raises: as the methods of Registry do; ImportError where the packages that ask a registry are not installed.
    """
    reference = Reference.parse(normalised(image))
    tag, _, digest = reference.tag.partition("@")
    return Registry(reference, pushes=False).manifest(digest or tag)


class Registry:
    """One repository of a registry.

    All methods raise Transient when it does not answer or is busy, Failed when it does not let us.
    """

    def __init__(self, reference: Reference, check: Callable[[], None] = lambda: None, *, pushes: bool = True) -> None:
        import urllib3

        self.reference = reference
        self._scope = "pull,push" if pushes else "pull"
        self._check = check
        retries = urllib3.Retry(2, backoff_factor=0.2, status=0, raise_on_status=False, allowed_methods={"GET", "HEAD"})
        self._pool = _pool(reference.url, retries=retries, timeout=_ANSWERS)
        self._login = Login(reference.host, self._send, check)
        self._headers: dict[str, str] = {}

    def manifest(self, name: str | None = None) -> Manifest | None:
        """Read what a tag or a digest points to, by default the reference's tag; None when it is not there."""
        response = self._ask("GET", f"manifests/{name or self.reference.tag}", headers={"Accept": _ACCEPT})
        if response.status == 404:
            return None
        self._expect(response, 200)
        if len(response.data) > _MOST:
            raise Failed(f"{self.reference.text}: its manifest has over {_MOST} bytes")
        return Manifest(response.headers.get("Content-Type", OCI_MANIFEST), response.data)

    def put(self, manifest: Manifest) -> None:
        """Point the reference's tag to a manifest."""
        response = self._ask(
            "PUT", f"manifests/{self.reference.tag}", body=manifest.content,
            headers={"Content-Type": manifest.media_type}, seconds=MOVES,
        )  # fmt: skip
        self._expect(response, 201, 202, 200)

    def delete(self, name: str) -> tuple[bool, str]:
        """Delete a tag, or the manifest of a digest; returns whether the registry does such a thing, and its answer."""
        response = self._ask("DELETE", f"manifests/{name}")
        if response.status in (200, 202, 204, 404):
            return True, ""
        if response.status in (400, 405, 501) or "UNSUPPORTED" in response.data.decode(errors="replace"):
            return False, _reason(response)
        self._expect(response, 202)
        return False, ""

    def deletes(self) -> bool:
        """Return whether the registry deletes what one pushes; asked of what it can't have."""
        try:
            return self.delete(NOBODY)[0]
        except Failed:  # we may not
            return False

    def is_listed(self) -> bool:
        """Return whether the list of tags has the reference's; False where the registry lists none."""
        tag = self.reference.tag
        response = self._ask("GET", f"tags/list?n=1000&last={tag[:-1]}")
        return response.status == 200 and tag in (_json(response.data).get("tags") or ())

    def upload(self, content: bytes) -> str:
        """Store a small blob; returns its digest."""
        digest = digest_of(content)
        if self._ask("HEAD", f"blobs/{digest}").status == 200:
            return digest
        url = self._session()
        joint = "&" if urlsplit(url).query else "?"
        headers = {"Content-Type": "application/octet-stream"}
        self._expect(self._ask("PUT", f"{url}{joint}digest={digest}", body=content, headers=headers), 201)
        return digest

    def may_push(self) -> None:
        """Begin an upload and cancel it: nothing is changed, and the credentials are proven."""
        self._ask("DELETE", self._session())

    def images(self, manifest: Manifest) -> frozenset[str]:
        """Return the ids (config digests) of the images that a manifest stands for; of an index, those of all in it."""
        found = _json(manifest.content)
        if "manifests" not in found:
            config = (found.get("config") or {}).get("digest")
            return frozenset([config] if config else [])
        below = [
            self.manifest(each["digest"])
            for each in found["manifests"]
            if _ATTESTATION not in (each.get("annotations") or {})
        ]
        return frozenset(image for each in below if each is not None for image in self.images(each))

    def _session(self) -> str:
        response = self._ask("POST", "blobs/uploads/")
        self._expect(response, 202)
        return urljoin(self.reference.url + "/", str(response.headers["Location"]))

    def _ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None,
        seconds: float = _ANSWERS,
    ) -> Any:  # fmt: skip
        url = path if "://" in path else f"{self.reference.url}/{path}"
        self._check()
        for last in (False, True):
            response = self._send(method, url, body=body, timeout=seconds, headers={**self._headers, **(headers or {})})
            if response.status != 401 or last:
                break
            scope = f"repository:{self.reference.repository}:{self._scope}"
            if method == "DELETE":
                scope += ",delete"
            answer = self._login.answer(response.headers.get("WWW-Authenticate", ""), scope)
            if not answer:
                break
            self._headers = {"Authorization": answer}
        if response.status == 429 or response.status >= 500:
            wait = seconds_to_wait(response.headers.get("Retry-After"))
            raise Transient(f"the registry {self.reference.host} is busy: {_reason(response)}", retry_after=wait)
        return response

    def _send(self, method: str, url: str, **keys: Any) -> BaseHTTPResponse:
        from urllib3.exceptions import HTTPError

        try:
            response: BaseHTTPResponse = self._pool.request(
                method, url, **{**keys, "timeout": _limit(keys.get("timeout", _ANSWERS))}
            )
        except HTTPError as error:
            # urllib3 wraps what the system said into what it tried how often.
            why = getattr(error, "reason", None) or error
            raise Transient(f"the registry {self.reference.host} does not answer: {why}") from error
        return response

    def _expect(self, response: BaseHTTPResponse, *wanted: int) -> None:
        if response.status in wanted:
            return
        host = self.reference.host
        if response.status in (401, 403):
            raise Failed(
                f"the registry {host} does not allow it: {_reason(response)}",
                remedy=f"docker login {host}, with a user that may push to {self.reference.repository}",
            )
        raise Failed(f"the registry {host} answers {_reason(response)}")


def _limit(seconds: float) -> Any:
    import urllib3

    return urllib3.Timeout(connect=min(5.0, seconds), read=seconds)


def digest_of(content: bytes) -> str:
    """Return the digest of bytes, as registries name them."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _pool(url: str, **keys: Any) -> Any:
    """Return what makes requests, by the proxy that the environment names (HTTPS_PROXY, NO_PROXY)."""
    from urllib.request import getproxies, proxy_bypass

    import urllib3

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy, **keys)
    return urllib3.PoolManager(**keys)


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(response: BaseHTTPResponse) -> str:
    errors = _json(response.data).get("errors") or []
    words = [f"{e.get('code', '')} {e.get('message', '')}".strip() for e in errors if isinstance(e, dict)]
    return f"{response.status} ({'; '.join(words)})" if words else f"status {response.status}"
