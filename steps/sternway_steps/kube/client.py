"""The Kubernetes API with objects as plain dicts: they hold what the server sent, unknown fields too."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..objects.ref import Ref
from ..objects.shape import Schema
from .api_error import ApiError
from .discovery import Discovery, Resource, UnknownKind
from .fence import Fence, LockLost
from .schemas import Schemas
from .transport import READ, RequestLog, Transport

_PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True)
class Listing:
    """The objects of a list, and the resourceVersion from which a watch continues."""

    items: list[dict[str, Any]]
    resource_version: str


@dataclass(frozen=True)
class Applied:
    """The result of a server-side apply; `created` says that the object did not exist before."""

    obj: dict[str, Any]
    created: bool


class Client:
    """A client of one API server. Thread-safe. Every method raises ApiError, and UnknownKind for a kind not served."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._discovery = Discovery(lambda path: self.raw("GET", path))
        self._schemas = Schemas(lambda path: self.raw("GET", path))
        self._fence: Fence | None = None

    @staticmethod
    def connect(
        kubeconfig: str | None = None,
        context: str | None = None,
        on_request: Callable[[RequestLog], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
        on_retry: Callable[[str], None] | None = None,
    ) -> Client:
        """Return a client for a kubeconfig, by default KUBECONFIG, ~/.kube/config or the pod's; sends nothing yet."""
        return Client(Transport(kubeconfig, context, on_request, on_warning=on_warning, on_retry=on_retry))

    def fenced(self, fence: Fence) -> Client:
        """Return the same client, on the same connections, that changes something only while a fence admits it.

        Its methods raise LockLost too. Dry runs and reviews of our own rights change nothing.
        """
        other = copy.copy(self)
        other._fence = fence
        return other

    @property
    def namespace(self) -> str:
        """The namespace of the kubeconfig's context, or of the pod."""
        return self.transport.access.namespace

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self.transport.access.host

    @property
    def requests(self) -> int:
        """The number of requests sent so far."""
        return self.transport.requests

    def get(self, ref: Ref, *, timeout: float | None = None) -> dict[str, Any] | None:
        """Return an object, or None when it does not exist; with a `timeout`, sent once and given up after it.

        A 404 without a reason means that the path itself is not served: then discovery is asked anew, which raises
        UnknownKind when the kind is gone.
        """
        try:
            return self.raw("GET", self._path(ref), timeout=timeout)
        except ApiError as error:
            if error.not_found and error.reason:
                return None
            if error.not_found:
                self.forget_discovery()
                self.resource(ref.api_version, ref.kind)
            raise

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
    ) -> Listing:
        """Return all objects of a kind in a namespace, or in all namespaces; read in pages of 500.

        `metadata_only`: the server sends only the metadata of each object (PartialObjectMetadata).
        """
        path = self.resource(api_version, kind).path(namespace)
        query = {"limit": str(_PAGE), **_selectors(labels, fields)}
        headers = {"Accept": _METADATA} if metadata_only else None
        items: list[dict[str, Any]] = []
        while True:
            try:
                page = self.raw("GET", path, query=query, headers=headers)
            except ApiError as error:
                if not error.expired or "continue" not in query:
                    raise
                items, query = [], {k: v for k, v in query.items() if k != "continue"}  # the pages ran out of time
                continue
            items += ({**item, "apiVersion": api_version, "kind": kind} for item in page.get("items") or [])
            token = page["metadata"].get("continue")
            if not token:
                return Listing(items, page["metadata"]["resourceVersion"])
            query["continue"] = token

    def first_page(self, api_version: str, kind: str, namespace: str | None) -> Listing | None:
        """Return all objects of a kind if one page holds them; None when there are more, or the kind is not served."""
        try:
            path = self.resource(api_version, kind).path(namespace)
        except UnknownKind:
            return None
        page = self.raw("GET", path, query={"limit": str(_PAGE)})
        if page["metadata"].get("continue"):
            return None
        items = [{**item, "apiVersion": api_version, "kind": kind} for item in page.get("items") or []]
        return Listing(items, page["metadata"]["resourceVersion"])

    def create(
        self, obj: Mapping[str, Any], *, manager: str, dry_run: bool = False, safe: bool = False
    ) -> dict[str, Any]:
        """Create an object and return it.

        Sent once only, unless `safe` says that the caller recognises its own object after a 409.
        """
        path = self._path(Ref.of(obj), collection=True)
        return self.raw("POST", path, query=_writing(manager, dry_run), body=obj, safe=safe)

    def apply(
        self, obj: Mapping[str, Any], *, manager: str, force: bool = False, dry_run: bool = False, strict: bool = True
    ) -> Applied:
        """Apply an object by server-side apply; a resourceVersion in it is a precondition (409).

        Of a fenced client, what was created all the same after the target was lost (the process was suspended between
        the question and the request) is deleted at once.
        """
        query = {**_writing(manager, dry_run), "force": "true" if force else "false"}
        if strict:
            query["fieldValidation"] = "Strict"
        status, _, body = self.transport.request(
            "PATCH", self._path(Ref.of(obj)), query=query, body=obj, content_type="application/apply-patch+yaml",
            safe=True, fence=self._fence,
        )  # fmt: skip
        applied = Applied(json.loads(body), status == 201)
        if applied.created and not dry_run and self._fence is not None and self._fence.lost.is_set():
            self._take_back(applied.obj)
        return applied

    def _take_back(self, obj: Mapping[str, Any]) -> None:
        """Delete what was created when nothing was to be sent any more, unless somebody has written to it since."""
        own, metadata = copy.copy(self), obj["metadata"]
        own._fence = None
        with suppress(ApiError):
            own.delete(Ref.of(obj), uid=metadata["uid"], version=metadata["resourceVersion"], propagation="Background")
        raise LockLost(f"{Ref.of(obj)} was created after the target was lost, and is deleted again")

    def replace(
        self, obj: Mapping[str, Any], *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> dict[str, Any]:
        """Update an object as a whole and return it, on condition that it still has the given resourceVersion (409).

        With a `timeout`, the request is sent once and given up after it.
        """
        query, path = _writing(manager, dry_run), self._path(Ref.of(obj))
        return self.raw("PUT", path, query=query, body=obj, safe=True, timeout=timeout)

    def patch(
        self, ref: Ref, change: Mapping[str, Any], *, manager: str, subresource: str = "", safe: bool = False
    ) -> dict[str, Any]:
        """Send a JSON merge patch (RFC 7386) and return the object.

        `safe` says that sending it twice does no harm, as with a resourceVersion in it.
        """
        path = self._path(ref, subresource=subresource)
        media = "application/merge-patch+json"
        return self.raw("PATCH", path, query=_writing(manager, False), body=change, content_type=media, safe=safe)

    def delete(
        self,
        ref: Ref,
        *,
        uid: str | None,
        version: str | None = None,
        propagation: str = "Foreground",
        dry_run: bool = False,
    ) -> None:
        """Delete an object if it has that UID and resourceVersion (else 409); an absent one is no error.

        `version` is for what somebody may apply anew under the same UID, which must not be missed. A pod and a Job stay
        what they were made as (their spec is immutable), so the UID tells all there is to tell, and their version
        changes with each status: a precondition of it would fail without a reason. A request that comes late finds
        another UID, or none.
        """
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid is not None:
            body["preconditions"] = {"uid": uid, **({"resourceVersion": version} if version is not None else {})}
        if dry_run:
            body["dryRun"] = ["All"]
        try:
            self.raw("DELETE", self._path(ref), body=body, safe=uid is not None)
        except ApiError as error:
            if not error.not_found:
                raise

    def evict(self, pod: Ref, *, uid: str) -> None:
        """Evict a pod if it has that UID (else 409; see `delete`); 429 while a PodDisruptionBudget forbids it."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": pod.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        path = self._path(pod, subresource="eviction")
        self.transport.request("POST", path, body=body, timeout=READ, fence=self._fence)

    def logs(self, namespace: str, pod: str, container: str, *, tail: int = 20, previous: bool = False) -> str:
        """Return the last lines of a container's log, at most 64 KiB."""
        query = {
            "container": container,
            "tailLines": str(tail),
            "limitBytes": "65536",
            "previous": str(previous).lower(),
        }
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        return self.transport.request("GET", path, query=query, safe=True)[2].decode(errors="replace")

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return how the server serves a kind; raise UnknownKind when it does not."""
        return self._discovery.find(api_version, kind)

    def versions(self, group: str) -> tuple[str, ...]:
        """Return the versions in which an API group is served now, as GROUP/VERSION; none when it is not served."""
        return self._discovery.versions(group)

    def forget_discovery(self) -> None:
        """Drop what is cached of kinds and schemas, so that the server is asked anew."""
        self._discovery.forget()
        self._schemas.forget()

    def schema(self, api_version: str, kind: str) -> Schema | None:
        """Return the server's OpenAPI schema of a kind, or None where it can't be had."""
        return self._schemas.find(api_version, kind)

    def can_i(self, verb: str, resource: Resource, namespace: str | None, subresource: str = "") -> bool:
        """Return whether we may do something, by a SelfSubjectAccessReview."""
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural, "subresource": subresource}
        if resource.namespaced and namespace:
            attributes["namespace"] = namespace
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self.raw("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=body, safe=True)
        return bool(answer["status"]["allowed"])

    def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        safe: bool = False,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Send any request and return the JSON of the answer; retried if a GET or `safe`, never with a timeout."""
        _, _, answer = self.transport.request(
            method,
            path,
            query=query,
            body=body,
            content_type=content_type,
            timeout=timeout,
            safe=safe or method == "GET",
            headers=headers,
            fence=self._fence,
        )
        try:
            return dict(json.loads(answer))
        except ValueError as error:
            raise ApiError(method, path, 0, "Garbage", "the answer is not JSON") from error

    def abort(self) -> None:
        """Refuse all further requests."""
        self.transport.abort()

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def _path(self, ref: Ref, *, collection: bool = False, subresource: str = "") -> str:
        resource = self.resource(ref.api_version, ref.kind)
        if resource.namespaced and not ref.namespace:
            raise ValueError(f"{ref} needs a namespace")
        return resource.path(ref.namespace, "" if collection else ref.name, subresource)


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _writing(manager: str, dry_run: bool) -> dict[str, str]:
    return {"fieldManager": manager, **({"dryRun": "All"} if dry_run else {})}
