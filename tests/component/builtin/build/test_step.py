"""What is found out beforehand, what is never shown, how a build ends that is stopped, and git."""

from __future__ import annotations

import http.server
import json
import os
import random
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.build.dockerfile import instructions
from sternway_steps.builtin.build.failure import explain
from sternway_steps.builtin.build.step import Build
from sternway_steps.errors import Failed, Refused, SternwayError, Stopped, Transient
from sternway_steps.process.marked import GRACE
from sternway_steps.step import Action, Context

from tests.component.builtin.build.conftest import stand_in
from tests.component.builtin.build.shop import SCRATCH, Shop
from tests.helpers import alive, until
from tests.leaks.marks import KINDS, mark_of


def check(shop: Shop, **build: object) -> str:
    with pytest.raises(Refused) as raised:
        Build().check(shop.context(Action.EXECUTE, shop.config(**build)))
    return str(raised.value)


def test_everything_that_is_missing_is_found_at_once(small: Shop) -> None:
    assert small.notes is not None
    (small.notes / "daemon-away").touch()
    said = check(small, dockerfile="Dockerfil", secrets={"a": {"env": "NOT_SET"}, "b": {"file": "no-such"}, "c": {"secret": "s", "key": "k"}})  # fmt: skip
    place = f"{small.folder}/sternway.yaml"
    for words in (
        "build.builder: Docker's engine does not answer: Cannot connect to the daemon",
        f"build.dockerfile: there is no file {small.folder}/app/Dockerfil; there is Dockerfile",
        "build.secrets: a: the variable NOT_SET is not set",
        f"build.secrets: b: the file {small.folder}/no-such can't be read",
        "build.secrets: c: the variable c is not set",
    ):
        assert any(line.startswith(f"{place}:") and words in line for line in said.splitlines()), (words, said)
    assert small.rollback().summary == "nothing to undo"
    assert small.digest() is None
    with pytest.raises(Refused):  # as on Argo, where nobody asked beforehand
        small.execute(dockerfile="Dockerfil")
    assert not [call for call in small.calls() if call[1] == "build"]


def test_a_steps_own_keys_are_named_as_its_own(small: Shop) -> None:
    config = small.config([{"name": "api", "uses": "build", "with": {"context": "nowhere"}}])
    context = small.context(Action.EXECUTE, config)
    context.step = "api"
    with pytest.raises(Refused, match=r"sternway\.yaml:\d+:\d+: api\.with\.context: there is no folder .*/nowhere"):
        Build().check(context)


def test_what_a_builder_cannot_do_is_refused(small: Shop) -> None:
    assert small.notes is not None
    said = check(small, platforms=["linux/amd64", "linux/arm64"], secrets={"t": {"env": "PATH"}}, cache={"to": ["x"]})
    assert "build.platforms: Docker's engine builds one platform at a time" in said
    assert "build.secrets: Docker's classic builder has no secrets of that kind: install docker-buildx" in said
    assert "build.cache: Docker's classic builder has no cache of that kind" in said
    (small.notes / "buildx").touch()
    Build().check(small.context(Action.EXECUTE, small.config(secrets={"t": {"env": "PATH"}})))
    (small.folder.parent / "bin/docker").unlink()
    assert "build.builder: buildctl is not on PATH; install it" in check(small, builder="buildkit") or os.environ.get("BUILDKIT_HOST")  # fmt: skip


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("RUN --mount=type=cache,target=/x true", "RUN --mount"),
        ("COPY --link hello /hello", "COPY --link"),
        ("COPY --chmod=755 hello /hello", "COPY --chmod"),
        ("COPY <<EOF /x\nRUN\nEOF", "COPY <<EOF"),
        ("COPY --from=base /a /b", ""),
        ("RUN echo --mount $((1<<2))", ""),
    ],
)
def test_what_of_a_dockerfile_a_builder_cannot_do_is_said_before_the_build(small: Shop, line: str, what: str) -> None:
    small.dockerfile(f"FROM scratch AS base\n{line}\n")
    if what:
        assert f"build.dockerfile: Dockerfile:2: {what} needs BuildKit: install docker-buildx" in check(small)
    else:
        Build().check(small.context(Action.EXECUTE, small.config()))


def test_caches_that_buildah_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for shop in stand_in(tmp_path, monkeypatch, "buildah"):
        assert "build.cache: buildah takes images as caches" in check(shop, cache={"to": ["type=inline"]})


@pytest.mark.parametrize("builder", ["docker", "buildah", "buildkit"])
def test_options_reach_the_builder_and_no_secret_does(builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("TOKEN", "s3cr3t-one")
    for shop in stand_in(tmp_path, monkeypatch, builder):
        assert shop.notes is not None
        (shop.notes / "buildx").touch()
        (shop.folder / "key").write_text("s3cr3t-two\n")
        config = shop.config(
            args={"A": "1"}, labels={"l": "2"}, target="last", platforms=["linux/amd64"], cache={"from": ["r.example/c:1", f"{shop.host}/c:1"], "to": ["r.example/c:1" if builder == "buildah" else "type=inline"]},
            secrets={"t": {"env": "TOKEN"}, "k": {"file": "key"}, "argo": {"env": "TOKEN", "secret": "s", "key": "k"}},
        )  # fmt: skip
        shop.execute(config=config)
        words = next(" ".join(call) for call in shop.calls() if call[1] == "build")
        wanted = (
            ["--opt build-arg:A=1", "--opt label:l=2", "--opt target=last", "--opt platform=linux/amd64",
             "--import-cache type=registry,ref=r.example/c:1 ",
             f"--import-cache type=registry,ref={shop.host}/c:1,registry.insecure=true", "--export-cache type=inline"]
            if builder == "buildkit" else
            ["--build-arg A", "--label l=2", "--target last", "--platform linux/amd64", "--cache-from r.example/c:1", f"--cache-to {'r.example/c:1' if builder == 'buildah' else 'type=inline'}"]
        )  # fmt: skip
        for word in [*wanted, "--secret id=t,env=TOKEN", f"--secret id=k,src={shop.folder}/key"]:
            assert word in words
        everything = words + shop.journal() + "\n".join(shop.said) + json.dumps(config.to_dict())
        assert "the secret is ***" in everything, "the stand-in shows what it was given"
        assert "s3cr3t" not in everything
        if builder != "buildkit":
            assert any('"args": ["A=1"]' in file.read_text() for file in shop.notes.iterdir())


@pytest.mark.parametrize("builder", ["docker", "buildah", "buildkit"])
def test_no_secret_of_a_build_is_told_or_recorded(
    builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several lines, long ones, bytes that are no text; told whole, and line by line behind what a builder writes."""
    marks = {kind: mark_of(kind, random.Random(kind)) for kind in KINDS}
    for kind, mark in marks.items():
        if len(mark.value) < 100_000:
            monkeypatch.setenv(f"SECRET_{kind}", mark.value.decode(errors="surrogateescape"))
    for shop in stand_in(tmp_path, monkeypatch, builder):
        assert shop.notes is not None
        (shop.notes / "buildx").touch()
        secrets = {}
        for kind, mark in marks.items():
            (shop.folder / kind).write_bytes(mark.value)
            secrets |= {f"file-{kind}": {"file": kind}, f"env-{kind}": {"env": f"SECRET_{kind}"}}
        shop.dockerfile("FROM scratch\nCOPY nothing /hello\n")
        with pytest.raises(Failed) as failed:
            shop.execute(config=shop.config(secrets=secrets, args={"NPM_TOKEN": "pLaNtEd-argument"}))
        words = "\n".join(" ".join(call) for call in shop.calls())
        told = "\n".join(shop.said) + str(failed.value) + json.dumps(failed.value.details)
        assert "***" in told
        for mark in marks.values():
            everything = (told + words).encode(errors="surrogateescape") + shop.journal().encode()
            assert not mark.found_in(everything), mark.kind
        assert ("pLaNtEd-argument" in words) is (builder == "buildkit"), "buildctl takes them as words alone"


def test_a_host_of_the_config_is_where_the_daemon_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILDKIT_HOST", raising=False)
    for shop in stand_in(tmp_path, monkeypatch, "buildkit"):
        program = tmp_path / "bin/buildctl"
        program.write_text(f'#!/bin/sh\necho "$BUILDKIT_HOST" > {tmp_path}/host\nexit 1\n')
        assert "BuildKit's daemon does not answer" in check(shop, host="tcp://here:1234")
        assert (tmp_path / "host").read_text() == "tcp://here:1234\n"


def test_the_first_builder_that_answers_is_taken(small: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILDKIT_HOST", raising=False)
    from tests.component.builtin.build import programs

    assert small.notes is not None
    folder = small.folder.parent / "bin"
    programs.install(folder, "buildah", "buildctl")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    small.execute(builder="auto")
    assert small.calls()[-1][0] == "docker"
    (folder / "docker").write_text("#!/bin/sh\necho no daemon; exit 1\n")
    small.execute("r2", builder="auto")
    assert small.calls()[-1][0] == "buildah"
    monkeypatch.setenv("BUILDKIT_HOST", "tcp://here:1234")
    small.execute("r3", builder="auto")
    assert small.calls()[-1][0] == "buildctl"
    monkeypatch.setenv("PATH", str(small.folder))
    assert "build.builder: there is no builder: docker, buildctl or buildah must be on PATH" in check(small, builder="auto")  # fmt: skip


@pytest.mark.parametrize("how", ["signal", "deadline"])
def test_a_builder_is_ended_with_its_children_and_without_its_grace(small: Shop, how: str) -> None:
    small.dockerfile("FROM scratch\nRUN sleep 600\n")
    assert small.notes is not None
    notes, stop, errors = small.notes, threading.Event(), list[BaseException]()
    context = small.context(Action.EXECUTE, small.config(), stop=stop)

    def execute(context: Context) -> None:
        try:
            Build().execute(context)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=execute, args=(context,))
    thread.start()
    until(lambda: (notes / "asleep").exists(), 20, "it builds")
    began = time.monotonic()
    if how == "signal":
        stop.set()
    else:
        context.deadline = time.monotonic()
    thread.join(60)
    assert time.monotonic() - began < GRACE
    assert isinstance(errors[0], Stopped)
    child = int((notes / "child").read_text())
    until(lambda: not alive(child), 2, "its child is gone")
    assert small.rollback().summary == "nothing to undo"


BUILDKIT = """#7 [3/3] RUN make   && make install
#7 ERROR: process "/bin/sh -c make   && make install" did not complete successfully: exit code: 2
------
 > [3/3] RUN make   && make install:
0.991 make: *** no rule
------
Dockerfile:4
--------------------
   3 |     # why
   4 | >>> RUN make \\
   5 | >>>   && make install
   6 |     COPY <<EOF /x
--------------------
error: failed to solve: process "/bin/sh -c make   && make install" did not complete successfully: exit code: 2"""
"""As buildctl 0.26 writes it."""
CASES: list[tuple[str, str, type[SternwayError], str, str]] = [
    ("Step 3/4 : RUN make   && make install\nmake: *** no rule\nThe command '/bin/sh -c make' returned a non-zero code: 2", "build", Failed, "Dockerfile:4: RUN make   && make install: The command '/bin/sh -c make' returned a non-zero code: 2", ""),
    ('[1/2] STEP 2/3: RUN make   && make install\nerror: exit status 2\nError: building at STEP "RUN make": exit status 2', "build", Failed, 'Dockerfile:4: RUN make   && make install: building at STEP "RUN make": exit status 2', ""),
    (BUILDKIT, "build", Failed, "build: Dockerfile:4: RUN make  && make install: did not complete successfully: exit code: 2", ""),
    ("Dockerfile:1\n--------------------\n   1 | >>> \n   2 |     \n--------------------\nerror: failed to solve: file with no instructions", "build", Failed, "build: Dockerfile:1:", ""),
    ("error: failed to solve: failed to push r.example/web: unexpected status from PUT request to https://r.example/v2/web/manifests/sha256:0: 403 Forbidden", "build", Failed, "push: failed to push r.example/web: unexpected", "docker login r.example, with a user that may push there"),
    ("error: failed to solve: failed to push r.example/web: failed to do request: Head \"https://r.example/v2/web/blobs/sha256:0\": tls: first record does not look like a TLS handshake", "build", Failed, "push: ", "build.insecure: true; r.example among the insecure-registries"),
    ("error: failed to solve: base.example/b:1: failed to do request: Head \"https://base.example/v2/b/manifests/1\": http: server gave HTTP response to HTTPS client", "build", Failed, "build: ", "base.example among the insecure-registries of Docker's engine, or with http = true in buildkitd.toml"),
    ("error: failed to solve: failed to load cache key: Get \"http://files.example/x\": dial tcp 192.0.2.1:80: connect: connection refused", "build", Transient, "cache key", "is files.example up"),
    ("error: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF", "build", Transient, "Unavailable", "is the builder's daemon up"),
    ("Error response from daemon: dockerfile parse error line 3: unknown instruction: FRM", "build", Failed, "Dockerfile:3: dockerfile parse error line 3: unknown instruction: FRM", ""),
    ("denied: requested access to the resource is denied", "push", Failed, "push: denied", "docker login r.example, with a user that may push there"),
    ("Error: pushing image: writing blob: write /x: no space left on device", "push", Failed, "no space left on device", "make room"),
    ("Get \"https://r.example/v2/\": dial tcp: lookup r.example: no such host", "push", Transient, "no such host", "it is tried again"),
    ("received unexpected HTTP status: 500 Internal Server Error", "push", Transient, "500", "it is tried again"),
    ("Error: writing manifest: uploading manifest 1 to r.example/web: received unexpected HTTP status: 500 Internal Server Error", "push", Transient, "500", ""),
    ("Error response from daemon: No such image: sha256:0123", "push", Transient, "No such image", "it is built again"),
    ("received unexpected HTTP status: 503 Service Unavailable", "push", Transient, "503", "it is tried again"),
    ("Error: pushing: pinging container registry: http: server gave HTTP response to HTTPS client", "push", Failed, "HTTP response", "build.insecure: true"),
    ("Step 2/2 : RUN apt-get update\nTemporary failure: connection refused\nThe command '/bin/sh -c apt-get update' returned a non-zero code: 100", "build", Failed, "non-zero code: 100", ""),
    ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "build", Transient, "Cannot connect", "it is tried again"),
    ("", "build", Failed, "it wrote nothing", ""),
]  # fmt: skip
DOCKERFILE = "FROM scratch\n\n# why\nRUN make \\\n  && make install\nCOPY <<EOF /x\nRUN not\nEOF\nLABEL a=b\n"


@pytest.mark.parametrize(("text", "doing", "kind", "words", "remedy"), CASES, ids=range(len(CASES)))
def test_a_failure_says_where_why_and_what_helps(text: str, doing: str, kind: type[SternwayError], words: str, remedy: str) -> None:  # fmt: skip
    found = explain(text.splitlines(), DOCKERFILE, "Dockerfile", doing=doing, host="r.example")
    assert type(found) is kind, found
    assert words in str(found)
    assert remedy in (found.remedy or "")
    if isinstance(found, Failed):
        assert found.details["log"] == text.splitlines()[-15:]


@pytest.mark.parametrize(
    ("dockerfile", "text", "host"),
    [
        ("FROM gone.example/base:1\n", 'Step 1/2 : FROM gone.example/base:1\nGet "https://gone.example/v2/": dial tcp: lookup gone.example: no such host', "gone.example"),
        ("FROM --platform=linux/amd64 python:3\n", 'Error: initializing source docker://python:3: pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": dial tcp: i/o timeout', "docker.io"),
    ],
)  # fmt: skip
def test_a_base_image_whose_host_is_away_is_named(dockerfile: str, text: str, host: str) -> None:
    found = explain(text.splitlines(), dockerfile, "Dockerfile", doing="build", host="r.example")
    assert isinstance(found, Transient)
    assert f"the host of FROM, {host}, does not answer" in str(found)
    assert f"is {host} up" in (found.remedy or "")


def test_instructions_have_the_line_they_begin_in() -> None:
    assert [(i.line, i.text.split()[0]) for i in instructions(DOCKERFILE)] == [(1, "FROM"), (4, "RUN"), (6, "COPY"), (9, "LABEL")]  # fmt: skip


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True).stdout.strip()  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository with a tag v1 and a newer commit on its branch main."""
    folder = tmp_path / "repository"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for version in ("v1", "newer"):
        (folder / "sub/Dockerfile").write_text(SCRATCH)
        (folder / "sub/hello").write_text(version)
        git(folder, "add", ".")
        git(folder, "commit", "-qm", version)
        git(folder, "tag", version)
    git(folder, "tag", "-d", "newer")
    return folder


@pytest.mark.parametrize("revision", ["v1", "main", "", "hash"])
def test_a_git_context_is_built_at_its_revision(small: Shop, repository: Path, revision: str) -> None:
    commit = git(repository, "rev-parse", "v1" if revision in ("v1", "hash") else "main")
    wanted = commit if revision == "hash" else revision
    small.execute(context=f"file://{repository}#{wanted}:sub")
    assert small.notes is not None
    words = next(" ".join(call) for call in small.calls() if call[1] == "build")
    assert f"--label org.opencontainers.image.revision={commit}" in words
    assert commit in small.journal()
    folder = Path(words.split()[-1])
    assert not folder.exists(), "the clone goes again"
    small.rollback()


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("file://{0}#v9:sub", "build.context: file://{0} has no branch and no tag 'v9'"),
        ("file://{0}/nix.git", "build.context: file://{0}/nix.git at HEAD: fatal:"),
    ],
)
def test_a_repository_that_is_not_there_is_found_beforehand(small: Shop, repository: Path, context: str, words: str) -> None:  # fmt: skip
    assert words.format(repository) in check(small, context=context.format(repository))


def test_a_folder_that_the_repository_does_not_have(small: Shop, repository: Path) -> None:
    with pytest.raises(Refused, match="has no folder 'nowhere' at main"):
        small.execute(context=f"file://{repository}#main:nowhere")
    git(repository, "checkout", "-q", "main")
    (repository / "out").symlink_to("/")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "out")
    with pytest.raises(Refused, match="has no folder 'out/etc'"):
        small.execute(context=f"file://{repository}#main:out/etc")


@pytest.mark.parametrize("revision", ["v1", "main", "", "hash"])
def test_a_server_that_gives_no_single_commit_gives_all(small: Shop, repository: Path, revision: str) -> None:
    """Files alone, over HTTP: git's "dumb" protocol, which knows no shallow clone."""
    git(repository, "update-server-info")
    commit = git(repository, "rev-parse", "v1" if revision in ("v1", "hash") else "main")
    wanted = commit if revision == "hash" else revision

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(repository))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        small.execute(context=f"http://127.0.0.1:{server.server_port}/.git#{wanted}:sub")
        server.shutdown()
    assert commit in small.journal()


class _Locked(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_password_in_a_url_reaches_git_and_nobody_else(small: Shop) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Locked) as server:
        server.seen = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        said = check(small, context=f"http://me:t0p%2Fs3cret@127.0.0.1:{server.server_port}/x.git#main")
        server.shutdown()
        assert any(seen and seen.startswith("Basic ") for seen in server.seen)  # type: ignore[attr-defined]
    assert f"http://127.0.0.1:{server.server_port}/x.git does not let us in" in said
    assert "s3cret" not in said + "\n".join(small.said)
    with pytest.raises(Transient, match="does not answer"):
        Build().check(small.context(Action.EXECUTE, small.config(context=f"http://127.0.0.1:{server.server_port}/x.git")))  # fmt: skip
