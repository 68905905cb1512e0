"""The API over HTTP: routes, verbs, answers. Werkzeug does the HTTP."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from .access import Access, User
from .api import Api, WriteOptions
from .bodies import APPLY, read
from .discovery import discover
from .faults import Faults
from .kinds import Kind
from .pods import evict, log_of, proxy_to_pod
from .selectors import fields_match, labels_match
from .status import StatusError
from .watching import stream

Start = Callable[..., Any]
_METADATA = re.compile(r"^application/json\s*;[^,]*\bas=PartialObjectMetadataList\b")


class _NoSuchPathError(Exception):
    """Nothing is served at this path, which is answered without a Status object."""


class Application:
    """The WSGI application that serves the API."""

    def __init__(self, api: Api, faults: Faults, access: Access) -> None:
        self._api, self._faults, self._access = api, faults, access
        self.closing = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request, or inject the fault that is set for it."""
        request = Request(environ)
        body = request.get_data()
        accept = request.headers.get("Accept", "")
        fault = self._faults.of(request.method, request.path, environ.get("QUERY_STRING", ""), accept)
        if fault.seconds:
            self.closing.wait(fault.seconds)
        if fault.before:
            fault.before()
        if fault.cut == "before":
            return _cut(environ, start)
        if fault.status:
            error = StatusError(fault.status, fault.reason, "a fault was set for this request")
            return _json(error.body(), error.status, dict(fault.headers))(environ, start)
        try:
            response = self._answer(request, body)
        except _NoSuchPathError:
            response = Response("404 page not found\n", 404, content_type="text/plain")
        except StatusError as error:
            response = _json(error.body(), error.status)
        except (AttributeError, TypeError, KeyError, ValueError, IndexError) as error:
            # Nothing here checks all types, as a real server does before anything else.
            reason = f"an object of this kind cannot have these types: {type(error).__name__}: {error}"
            response = _json(StatusError(400, "BadRequest", reason).body(), 400)
        except HTTPException as error:
            response = _json(StatusError(error.code or 400, message=str(error)).body(), error.code or 400)
        if fault.after:
            fault.after()
        if fault.cut == "after":
            return _cut(environ, start)
        return response(environ, start)

    def _answer(self, request: Request, body: bytes) -> Response:
        path = request.path.rstrip("/")
        if path in ("/readyz", "/healthz", "/livez"):
            return Response("ok")
        found = discover(self._api, path, request.headers.get("Accept", ""))
        if found is not None:
            return _json(found)
        media = request.content_type or ""
        if "protobuf" in media or "cbor" in media:
            raise StatusError(415, "UnsupportedMediaType", f"the sandbox reads JSON and YAML, not {media}")
        data = read(body, media.split(";")[0])
        named = request.headers.get("Impersonate-User", "")
        user = User.acting_as(named, request.headers.getlist("Impersonate-Group"))
        if path.endswith("/selfsubjectaccessreviews"):
            return _json(self._access.review(data, user), 201)
        if path.endswith("subjectaccessreviews"):
            return _json(self._access.review_of(data, path, user), 201)
        kind, namespace, name, subresource, rest = self._route(path)
        verb = _verb(request, name)
        self._access.check(verb, kind, subresource, namespace, name, user)
        if media.startswith(APPLY) and self._api.store.get(kind.key, namespace, name) is None:
            self._access.check("create", kind, subresource, namespace, name, user)
        if subresource == "proxy":
            status, text = proxy_to_pod(self._api, namespace, name, rest, self.closing)
            return (
                Response(text, status, content_type="text/plain")
                if status != 503 or text
                else _json(_no_endpoints(name), 503)
            )
        if subresource == "log":
            return Response(log_of(self._api, kind, namespace, name, request.args), content_type="text/plain")
        if subresource == "eviction":
            return _json(evict(self._api, kind, namespace, name, data), 201)
        if verb == "watch":
            chunks = stream(self._api, kind, namespace, request.args, self.closing)
            return Response(chunks, content_type="application/json", direct_passthrough=True)
        if verb == "list":
            found = self._list(kind, namespace, request.args)
            return _json(_metadata_of(found) if _METADATA.search(request.headers.get("Accept", "")) else found)
        return self._object(request, kind, namespace, name, subresource, verb, data)

    def _object(
        self, request: Request, kind: Kind, namespace: str, name: str, subresource: str, verb: str, data: Any
    ) -> Response:
        args = request.args
        manager = args.get("fieldManager") or request.headers.get("User-Agent", "unknown").split("/")[0]
        dry_run = "All" in args.getlist("dryRun")
        how = WriteOptions(manager, dry_run, args.get("fieldValidation") == "Strict", subresource)
        media = (request.content_type or "").split(";")[0]
        api = self._api
        if verb == "get":
            return _json(api.get(kind, namespace, name))
        if verb == "create":
            return _json(api.create(kind, namespace, data, how), 201)
        if verb == "update":
            return _json(api.update(kind, namespace, name, data, how))
        if verb == "patch" and media == APPLY:
            if not args.get("fieldManager"):
                text = (
                    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
                )
                raise StatusError(400, "BadRequest", text)
            obj, created = api.apply(kind, namespace, name, data, how, force=args.get("force") == "true")
            return _json(obj, 201 if created else 200)
        if verb == "patch":
            return _json(api.patch(kind, namespace, name, data, media, how))
        if verb == "delete":
            options = data if isinstance(data, dict) else {}
            dry_run = dry_run or "All" in (options.get("dryRun") or [])
            for key in ("propagationPolicy", "gracePeriodSeconds"):
                if key in args:
                    options[key] = int(args[key]) if key.startswith("grace") else args[key]
            return _json(api.delete(kind, namespace, name, options, dry_run=dry_run))
        raise StatusError(405, message="the server does not allow this method on the requested resource")

    def _list(self, kind: Kind, namespace: str, args: Mapping[str, str]) -> dict[str, Any]:
        with self._api.store.lock:
            version = self._api.store.version
            found = self._api.store.all(kind.key, namespace or None)
        by_label, by_field = labels_match(args.get("labelSelector", "")), fields_match(args.get("fieldSelector", ""))
        items = [{**o, "apiVersion": kind.api_version, "kind": kind.kind} for o in found if by_label(o) and by_field(o)]
        meta: dict[str, Any] = {"resourceVersion": str(version)}
        limit, first = int(args.get("limit") or 0), int(args.get("continue") or 0)
        if limit and len(items) > first + limit:
            meta |= {"continue": str(first + limit), "remainingItemCount": len(items) - first - limit}
        items = items[first : first + limit] if limit else items
        return {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": meta, "items": items}

    def _route(self, path: str) -> tuple[Kind, str, str, str, str]:
        parts = path.strip("/").split("/")
        if parts[:1] == ["api"]:
            version, rest = "/".join(parts[1:2]), parts[2:]
        elif parts[:1] == ["apis"]:
            version, rest = "/".join(parts[1:3]), parts[3:]
        else:
            raise _NoSuchPathError
        namespace = ""
        if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):
            namespace, rest = rest[1], rest[2:]
        for kind in self._api.kinds():
            if rest and kind.api_version == version and kind.plural == rest[0]:
                name, sub = (rest[1] if len(rest) > 1 else ""), (rest[2] if len(rest) > 2 else "")
                if sub and sub not in kind.subresources:
                    raise StatusError(404, "NotFound", "the server could not find the requested resource")
                return kind, namespace, name, sub, "/" + "/".join(rest[3:])
        raise _NoSuchPathError


def _metadata_of(found: dict[str, Any]) -> dict[str, Any]:
    """Return a list with the metadata of its objects alone."""
    kind = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}
    items = [{**kind, "metadata": item["metadata"]} for item in found["items"]]
    return {**found, "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "items": items}


def _verb(request: Request, name: str) -> str:
    if request.method == "GET":
        watches = request.args.get("watch") in ("1", "true")
        return "watch" if watches else "get" if name else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    if request.method not in verbs or (not name and request.method != "POST"):
        raise StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    return verbs[request.method]


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status, headers=dict(headers or {}), content_type="application/json")


def _no_endpoints(name: str) -> dict[str, Any]:
    return StatusError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"').body()


def _cut(environ: dict[str, Any], start: Start) -> Iterator[bytes]:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start("200 OK", [("Content-Length", "0"), ("Connection", "close")])
    return iter(())
