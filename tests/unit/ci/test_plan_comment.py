"""The plan on a pull request: the generated scripts in a real shell, against servers that answer as GitHub and GitLab."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.sandbox import Sandbox

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.ci.github_plan import github_plan
from sternway_templates.ci.gitlab_plan import gitlab_plan
from sternway_templates.ci.parameters import pipeline_inputs

MARKER = "<!-- sternway plan of web -->"
TOKENS = {"github": ("Authorization", "Bearer t0k"), "gitlab": ("PRIVATE-TOKEN", "t0k")}
EDITS = {"github": "PATCH", "gitlab": "PUT"}


@dataclass
class Platform:
    """What GitHub's and GitLab's API does with comments, as their references have it: 100 a page, edited by id."""

    name: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    url: str = ""

    def say(self, author: str, body: str) -> None:
        by = {"user": {"login": author}} if self.name == "github" else {"author": {"username": author}}
        self.comments.append({"id": len(self.comments) + 1, "body": body, **by})

    def answer(self, method: str, url: str, headers: Any, body: dict[str, str]) -> tuple[int, Any]:
        header, value = TOKENS[self.name]
        if headers[header] != value:
            return 401, {}
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if self.status != 200:
            return self.status, {}
        if path == "/user":
            return 200, {"username": "bot"}
        if method == "GET":
            page = int(query["page"][0]) - 1
            return 200, self.comments[page * 100 : page * 100 + 100]
        if method == "POST":
            self.say("github-actions[bot]" if self.name == "github" else "bot", body["body"])
            return 201, self.comments[-1]
        found = next(each for each in self.comments if each["id"] == int(path.rsplit("/", 1)[1]))
        assert method == EDITS[self.name]
        found["body"] = body["body"]
        return 200, found


@pytest.fixture(params=["github", "gitlab"])
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    found = Platform(request.param)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            status, answer = found.answer(self.command, self.path, self.headers, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815  the names that the server looks for

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Pipeline:
    """The jobs of a pull request, as a folder has its files."""

    folder: Path
    platform: Platform

    def __post_init__(self) -> None:
        with contextlib.chdir(self.folder):
            found = pipeline_inputs("config/test.yaml", {})
        made = github_plan(found) if self.platform.name == "github" else gitlab_plan(found)
        document = yaml.safe_load(made)
        if self.platform.name == "github":
            [*_, write, plan, _keep] = document["jobs"]["plan"]["steps"]
            comment = document["jobs"]["comment"]["steps"][-1]
            self.scripts = [write["run"], plan["run"], comment["run"]]
            self.told = comment["env"]
        else:
            comment = document["comment-web"]
            self.scripts = ["", document[".sternway-plan-web"]["script"][0], comment["script"][0]]
            self.told = comment["variables"]

    def plan(self, environment: str, content: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "ENVIRONMENT": environment, "SAGA_CONFIG": f"config/{environment}.yaml", "CONTENT": content,
            "FOLDER": "plan" if self.platform.name == "github" else ".sternway-plan",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"), "KUBECONFIG": str(self.folder / "kubeconfig"),
        }  # fmt: skip
        if self.platform.name == "gitlab":
            (self.folder / "kubeconfig").write_text(content)
        done = self.shell(self.scripts[0], environ)
        return done if done.returncode else self.shell(self.scripts[1], environ)

    def comment(self) -> subprocess.CompletedProcess[str]:
        issues = f"{self.platform.url}/repos/o/r/issues"
        url = {"COMMENTS": f"{issues}/7/comments", "EDITED": f"{issues}/comments"}
        if self.platform.name == "gitlab":
            url = dict.fromkeys(url, f"{self.platform.url}/projects/1/merge_requests/7/notes")
            url["AUTHOR_URL"] = f"{self.platform.url}/user"
        return self.shell(self.scripts[2], {**self.told, **url, "TOKEN": "t0k", "PAGE": "https://ci.example/9"})

    def shell(self, script: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=self.folder, env={"HOME": str(self.folder), "PATH": path, **environ},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


@pytest.fixture
def pipeline(platform: Platform, tmp_path: Path) -> Pipeline:
    (tmp_path / "config").mkdir()
    for name in ("live", "test"):
        keys = {
            "name": "web",
            "namespace": "default",
            "image": "localhost/app:1",
            "port": 8080,
            "labels": {"for": name},
        }
        (tmp_path / f"config/{name}.yaml").write_text(json.dumps(keys))
    return Pipeline(tmp_path, platform)


def test_a_pull_request_has_one_comment_and_it_is_renewed(pipeline: Pipeline, sternway_sandbox: Sandbox) -> None:
    platform, kubeconfig = pipeline.platform, Path(sternway_sandbox.kubeconfig).read_text()
    for _ in range(120):
        platform.say("someone", "looks good")
    platform.say("someone", f"{MARKER}\nnot ours, though it begins like it")
    for name in ("live", "test"):
        done = pipeline.plan(name, kubeconfig)
        assert done.returncode == 0, done.stdout + done.stderr
    for number, said in enumerate(("written", "renewed"), 1):
        done = pipeline.comment()
        assert (done.returncode, done.stdout) == (0, f"the comment is {said}\n"), done.stderr
        assert [each["body"].startswith(MARKER) for each in platform.comments[120:]] == [True, True], number
    body = platform.comments[-1]["body"]
    assert body.index("## web: live") < body.index("## web: test")
    assert body.count("### Plan: ") == 2
    assert "<b>create</b> deployment.apps/web" in body
    assert platform.comments[120]["body"] == f"{MARKER}\nnot ours, though it begins like it"
    shown = (pipeline.folder / "summary.md").read_text() if platform.name == "github" else done.stdout
    assert platform.name == "gitlab" or "## web: live" in shown


def test_without_a_kubeconfig_it_says_that_nothing_is_planned(pipeline: Pipeline) -> None:
    done = pipeline.plan("test", "")
    assert done.returncode == 0, done.stderr
    assert pipeline.comment().returncode == 0
    assert "Nothing is planned: there is no KUBECONFIG here." in pipeline.platform.comments[-1]["body"]
    assert "add one to the environment test-plan" in pipeline.platform.comments[-1]["body"]


def test_a_mistake_of_the_configuration_fails_the_job_and_is_in_the_comment(
    pipeline: Pipeline, sternway_sandbox: Sandbox
) -> None:
    (pipeline.folder / "config/test.yaml").write_text("name: web\nimgae: web:1\n")
    done = pipeline.plan("test", Path(sternway_sandbox.kubeconfig).read_text())
    assert done.returncode == Exit.USAGE, done.stdout + done.stderr
    assert pipeline.comment().returncode == 0
    assert "imgae" in pipeline.platform.comments[-1]["body"]


def test_a_token_without_the_right_to_comment_fails_nothing(pipeline: Pipeline) -> None:
    assert pipeline.plan("test", "").returncode == 0
    for status, code in ((403, 0), (404, 0), (500, 1)):
        pipeline.platform.status = status
        done = pipeline.comment()
        assert done.returncode == code, done.stderr
        assert bool(code) or "this token may not write one" in done.stdout
    assert pipeline.platform.comments == []


def test_a_plan_that_is_too_long_leads_to_the_page_of_the_job(pipeline: Pipeline) -> None:
    most = int(pipeline.told["MOST"])
    folder = pipeline.folder / ("plan" if pipeline.platform.name == "github" else ".sternway-plan")
    folder.mkdir()
    (folder / "a.md").write_text("## web: a\n\n### Plan: 9 to change\n\n" + "é" * most)
    (folder / "b.md").write_text("## web: b\n\n### Plan: 1 to change\n\n- short\n")
    assert pipeline.comment().returncode == 0
    [comment] = pipeline.platform.comments
    assert len(comment["body"]) < most
    assert "### Plan: 9 to change\n\n_There is no room" in comment["body"]
    assert "[read it there](https://ci.example/9)" in comment["body"]
    assert "- short" in comment["body"]


def test_what_writes_the_comment_runs_nothing_of_the_folder(pipeline: Pipeline) -> None:
    done = pipeline.comment()
    assert (done.returncode, done.stdout) == (0, "no comment: there is no plan\n"), done.stderr
    for module in ("json", "urllib", "sitecustomize", "usercustomize"):
        (pipeline.folder / f"{module}.py").write_text("raise SystemExit('taken over')\n")
    assert pipeline.plan("test", "").returncode == 0
    done = pipeline.comment()
    assert (done.returncode, done.stderr) == (0, "")
