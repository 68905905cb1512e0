"""What the step asks of a registry: the OCI distribution API, as much of it as moving a tag takes.

oras (0.2.43) was looked at: it keeps one token whatever the scope, sets no timeouts, sleeps up to 83 s between tries
where nobody can stop it, and does not tell Basic from Bearer. So this is urllib3; credentials are Docker's package's.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from ...errors import Failed, Transient
from ...objects.image_name import normalised
from ...retry_after import seconds_to_wait
from .connection import ANSWERS, MOST, Connection, HttpAnswer, is_same_host, json_of, reason
from .credentials import Login
from .reference import Reference

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ACCEPT = ", ".join(
    (
        OCI_MANIFEST,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-zA-Z=_-]+")
_ATTESTATION = "vnd.docker.reference.type"
MOVES = 10.0
"""Seconds that it has to move a tag: the target's lease has to outlive that."""
NOBODY = f"sha256:{'0' * 64}"
"""The digest of nothing."""
_DEEP = 4
"""Indexes within indexes that are followed; more than two are never seen."""


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
        self.reference = reference
        self._scope = "pull,push" if pushes else "pull"
        self._check = check
        self._connection = Connection(reference.host, reference.url)
        self._login = Login(reference, self._connection.send, check)
        self._headers: dict[str, str] = {}

    def manifest(self, name: str | None = None) -> Manifest | None:
        """Read what a tag or a digest points to, by default the reference's tag; None when it is not there."""
        name = name or self.reference.tag
        response = self._ask("GET", f"manifests/{name}", headers={"Accept": _ACCEPT})
        if response.status == 404:
            return None
        self._expect(response, 200)
        if len(response.data) > MOST:
            raise Failed(f"{self.reference.text}: its manifest has over {MOST} bytes")
        found = Manifest(response.headers.get("Content-Type", OCI_MANIFEST), response.data)
        if not json_of(found.content):  # a portal's page, say
            raise Transient(f"the registry {self.reference.host} answers what is no manifest, for {name}")
        if name.startswith("sha256:") and found.digest != name:
            raise Failed(f"the registry {self.reference.host} answers {found.digest} for {name}")
        return found

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
            return False, reason(response)
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
        tags = json_of(response.data).get("tags")
        return response.status == 200 and isinstance(tags, list) and tag in tags

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
        return frozenset(self._images(manifest, _DEEP))

    def _images(self, manifest: Manifest, deep: int) -> Iterator[str]:
        found = json_of(manifest.content)
        if "manifests" not in found:
            if digest := _digest_in(found.get("config")):
                yield digest
            return
        for each in found["manifests"] if isinstance(found["manifests"], list) and deep else ():
            notes = each.get("annotations") if isinstance(each, dict) else None
            if (digest := _digest_in(each)) and not (isinstance(notes, dict) and _ATTESTATION in notes):
                below = self.manifest(digest)
                yield from self._images(below, deep - 1) if below is not None else ()

    def _session(self) -> str:
        response = self._ask("POST", "blobs/uploads/")
        self._expect(response, 202)
        try:
            return urljoin(response.url, response.headers["Location"])
        except (KeyError, ValueError):
            raise Transient(f"the registry {self.reference.host} does not say where to upload") from None

    def _ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None,
        seconds: float = ANSWERS,
    ) -> HttpAnswer:  # fmt: skip
        """Ask the registry, or whom it names; its own credentials are shown to it alone."""
        url = path if "://" in path else f"{self.reference.url}/{path}"
        own, end = is_same_host(url, self.reference.url), time.monotonic() + seconds
        self._check()
        for last in (False, True):
            sent = {**(self._headers if own else {}), **(headers or {})}
            left = max(0.1, end - time.monotonic())
            response = self._connection.send(method, url, body=body, headers=sent, seconds=left)
            if response.status != 401 or last or not is_same_host(response.url, self.reference.url):
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
            raise Transient(f"the registry {self.reference.host} is busy: {reason(response)}", retry_after=wait)
        return response

    def _expect(self, response: HttpAnswer, *wanted: int) -> None:
        if response.status in wanted:
            return
        host = self.reference.host
        if response.status in (401, 403):
            raise Failed(
                f"the registry {host} does not allow it: {reason(response)}",
                remedy=f"docker login {host}, with a user that may push to {self.reference.repository}",
            )
        raise Failed(f"the registry {host} answers {reason(response)}")


def digest_of(content: bytes) -> str:
    """Return the digest of bytes, as registries name them."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest_in(descriptor: Any) -> str:
    """Return the digest of a descriptor; "" where a registry answers something else."""
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""
