"""A small registry over real HTTP, held to a real one by the same tests; it can be strict, closed, or away on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<what>.+)")


@dataclass
class Registry:
    """`deletes`: by digest alone, as CNCF's distribution 2 does; `tags`: tags too; `never`. `login`: "", basic, token."""

    deletes: str = "digest"
    login: str = ""
    password: str = "right"
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    away: Callable[[str, str], bool] = lambda _method, _path: False
    wrong: Callable[[str, str], int] = lambda _method, _path: 0
    """Gives a status to answer, 0 for the right one."""
    realm: str = ""
    gives_up: int = 0
    """So many deletions of a manifest are answered with 500 before its tags are deleted, as distribution 2 does."""
    held: Callable[[str, str], None] = lambda _method, _path: None
    """Called before a request is answered, and may wait: then the request is under way."""

    def __enter__(self) -> Registry:
        registry = self

        class Handler(_Handler):
            owner = registry

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _any(self) -> None:
        owner, parts = self.owner, urlsplit(self.path)
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        owner.held(self.command, parts.path)
        owner.asked.append(f"{self.command} {parts.path}")
        if status := owner.wrong(self.command, parts.path):
            return self._say(status)
        if owner.away(self.command, parts.path):
            return self._say(503, {"Retry-After": "0"})
        if parts.path == "/token":
            good = self.headers.get("Authorization") == self._basic()
            return self._say(200 if good else 401, body=json.dumps({"token": "t0ken"}).encode())
        if owner.login and not self._welcome():
            scope = 'Bearer realm="http://{}/token",service="here",scope="repository:x:pull"'
            ask = 'Basic realm="here"' if owner.login == "basic" else scope.format(owner.host)
            return self._error(401, "UNAUTHORIZED", {"WWW-Authenticate": ask})
        if parts.path.endswith("/blobs/uploads/"):
            return self._begin(parts.path)
        if parts.path.endswith("/tags/list"):
            return self._list(parts.path.removeprefix("/v2/").removesuffix("/tags/list"))
        match = _PATH.fullmatch(parts.path)
        if match is None:
            return self._say(200 if parts.path == "/v2/" else 404)
        if match["kind"] == "blobs":
            return self._blob(match["what"], parse_qs(parts.query))
        return self._manifest(match["name"], match["what"])

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _any  # noqa: N815

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"user:{self.owner.password}".encode()).decode()

    def _welcome(self) -> bool:
        return self.headers.get("Authorization") == (self._basic() if self.owner.login == "basic" else "Bearer t0ken")

    def _begin(self, path: str) -> None:
        number = f"u{len(self.owner.asked)}"
        self.owner.uploads.add(number)
        self._say(202, {"Location": f"{path}{number}?state=1"})

    def _blob(self, what: str, query: dict[str, list[str]]) -> None:
        owner, upload = self.owner, what.removeprefix("uploads/")
        if self.command == "DELETE":
            owner.uploads.discard(upload)
            return self._say(204)
        if self.command == "PUT":
            digest = query["digest"][0]
            if upload not in owner.uploads or digest != _digest(self._body):
                return self._error(400, "DIGEST_INVALID")
            owner.uploads.discard(upload)
            owner.blobs[digest] = self._body
            return self._say(201, {"Docker-Content-Digest": digest})
        return self._say(200, body=owner.blobs[what]) if what in owner.blobs else self._error(404, "BLOB_UNKNOWN")

    def _list(self, name: str) -> None:
        tags = sorted(tag for repository, tag in self.owner.tags if repository == name)
        if not tags and not any(repository == name for repository, _ in self.owner.manifests):
            return self._error(404, "NAME_UNKNOWN")
        return self._say(200, body=json.dumps({"name": name, "tags": tags}).encode())

    def _manifest(self, name: str, what: str) -> None:
        owner = self.owner
        if self.command == "PUT":
            digest, found = _digest(self._body), json.loads(self._body)
            below = [each["digest"] for each in found.get("manifests", ())]
            if any((name, each) not in owner.manifests for each in below):
                return self._error(400, "MANIFEST_BLOB_UNKNOWN")
            if "config" in found and found["config"]["digest"] not in owner.blobs:
                return self._error(400, "MANIFEST_BLOB_UNKNOWN")
            owner.manifests[name, digest] = (self.headers["Content-Type"], self._body)
            if not what.startswith("sha256:"):
                owner.tags[name, what] = digest
            return self._say(201, {"Docker-Content-Digest": digest})
        if self.command == "DELETE":
            return self._delete(name, what)
        digest = what if what.startswith("sha256:") else owner.tags.get((name, what), "")
        if (name, digest) not in owner.manifests:
            return self._error(404, "MANIFEST_UNKNOWN")
        kind, content = owner.manifests[name, digest]
        return self._say(200, {"Content-Type": kind, "Docker-Content-Digest": digest}, content)

    def _delete(self, name: str, what: str) -> None:
        owner = self.owner
        if owner.deletes == "never":
            return self._error(405, "UNSUPPORTED")
        if not what.startswith("sha256:"):
            if owner.deletes != "tags":
                return self._error(400, "DIGEST_INVALID")
            return self._say(202) if owner.tags.pop((name, what), None) else self._error(404, "MANIFEST_UNKNOWN")
        if owner.manifests.pop((name, what), None) is None:
            return self._error(404, "MANIFEST_UNKNOWN")
        if owner.gives_up:
            owner.gives_up -= 1
            return self._error(500, "UNKNOWN")
        for tag in [tag for tag, digest in owner.tags.items() if digest == what and tag[0] == name]:
            del owner.tags[tag]
        return self._say(202)

    def _error(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
        self._say(status, headers, body)

    def _say(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
