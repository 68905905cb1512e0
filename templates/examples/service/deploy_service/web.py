"""The service's HTTP: JSON in, JSON out, and a token for everything that can change or show something."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Flask, Response, abort, jsonify, request, url_for
from sternway_steps import ConfigErrors, Refused, SternwayError, Story, Transient
from werkzeug.exceptions import HTTPException

from .deployments import Deployments, Unknown

_CODES: tuple[tuple[type[SternwayError], int], ...] = (
    (Unknown, 404),
    (ConfigErrors, 400),
    (Refused, 409),
    (Transient, 503),
)
_LONGEST_WAIT = 25.0
"""Seconds that a request for events may wait for the next one: less than proxies do."""


def make_app(deployments: Deployments, token: str) -> Flask:
    """Make the WSGI application; `token` is what callers bear (Authorization: Bearer TOKEN)."""
    app = Flask("deploy_service")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024

    @app.before_request
    def authorize() -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path != "/healthz" and not hmac.compare_digest(given.encode(), token.encode()):
            abort(401, "this needs Authorization: Bearer TOKEN")

    _looking(app, deployments)
    _changing(app, deployments)
    _failing(app)
    return app


def _looking(app: Flask, deployments: Deployments) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/deployments")
    def names() -> Response:
        return jsonify(deployments=deployments.names())

    @app.get("/runs")
    def runs() -> Response:
        return jsonify(runs=[_told(story) for story in deployments.stories()])

    @app.get("/runs/<run>")
    def show(run: str) -> Response:
        return jsonify(_told(deployments.story(run)))

    @app.get("/runs/<run>/events")
    def events(run: str) -> Response:
        work = deployments.work(run)
        if work is None:
            raise Unknown(f"this process does not know run {run}", remedy=f"GET /runs/{run} tells what became of it")
        after = max(0, request.args.get("after", 0, int))
        found, over = work.events(after, min(_LONGEST_WAIT, request.args.get("wait", 0.0, float)))
        return jsonify(events=found, next=after + len(found), over=over)


def _changing(app: Flask, deployments: Deployments) -> None:
    @app.post("/deployments/<name>/runs")
    def start(name: str) -> tuple[Response, int, dict[str, str]]:
        run = deployments.start(name, _values())
        return jsonify(run=run), 202, {"Location": url_for("show", run=run)}

    @app.post("/runs/<run>/cancel")
    def cancel(run: str) -> tuple[Response, int]:
        deployments.cancel(run)
        return jsonify(run=run), 202

    @app.post("/runs/<run>/rollback")
    def rollback(run: str) -> tuple[Response, int]:
        deployments.rollback(run)
        return jsonify(run=run), 202


def _failing(app: Flask) -> None:
    @app.errorhandler(SternwayError)
    def failed(error: SternwayError) -> tuple[Response, int]:
        places = [str(each) for each in error.errors] if isinstance(error, ConfigErrors) else []
        code = next((code for kind, code in _CODES if isinstance(error, kind)), 500)
        return jsonify(error=str(error), remedy=error.remedy, findings=places), code

    @app.errorhandler(HTTPException)
    def wrong(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description, remedy=None, findings=[]), error.code or 500


def _values() -> dict[str, str]:
    body: Any = request.get_json() if request.content_length else {}
    values = body.get("set", {}) if isinstance(body, dict) else None
    if not isinstance(values, dict) or not all(isinstance(value, str | int) for value in values.values()):
        abort(400, 'the body is an object such as {"set": {"image": "web:2"}}')
    return {str(key): str(value) for key, value in values.items()}


def _told(story: Story) -> dict[str, Any]:
    attempts = [{"step": a.step, "action": a.action, "result": a.result or "at work"} for a in story.attempts]
    names = ("run", "target", "started", "ended", "status", "error")
    return {**{name: str(getattr(story, name)) for name in names}, "attempts": attempts}
