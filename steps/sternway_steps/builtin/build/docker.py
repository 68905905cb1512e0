"""Docker's engine: BuildKit in it when the buildx plugin is there, else its classic builder."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ...config.build import BuildConfig
from ...errors import Failed
from ...existing import is_file
from ...process.run import answer, run
from .builder import Built, Finding, Work, args_environ, args_words, each, flags
from .dockerfile import instructions
from .keys import is_git

_PUSHED = re.compile(r"digest: (sha256:[0-9a-f]{64})")
_MODERN = re.compile(
    r"(?<=^RUN )--(mount|network|security)\b|(?<=^COPY )--(link|chmod|parents|exclude)\b"
    r"|(?<=^ADD )--(link|chmod|checksum|keep-git-dir)\b|(?<= )<<-?[\"']?\w+",
    re.IGNORECASE,
)
"""What a Dockerfile's instructions have by BuildKit alone (docs.docker.com/reference/dockerfile)."""
_SHORT = 20.0
"""Seconds that the engine has for an answer when we tidy up; it may be gone."""


class Docker:
    """`docker build` and `docker push`."""

    name, stages = "docker", True

    def findings(self, config: BuildConfig) -> list[Finding]:
        """Ask the engine for its version, and hold what is asked against what it can."""
        environ = _environ(config)
        version = run(["docker", "version", "--format", "{{.Server.Version}}"], _nothing, environ=environ)
        if version.code:
            return [("builder", f"Docker's engine does not answer: {(version.tail or ('?',))[-1]}")]
        found: list[Finding] = []
        if len(config.platforms) > 1:
            found.append(("platforms", "Docker's engine builds one platform at a time; builder: buildkit builds more"))
        if not _buildx(environ):
            for key, value in (("secrets", config.secrets), ("cache", config.cache.get("to"))):
                if value:
                    found.append((key, f"Docker's classic builder has no {key} of that kind: install docker-buildx"))
            found += [("dockerfile", f"{at} needs BuildKit: install docker-buildx") for at in _modern(config)]
        return found

    def build(self, work: Work) -> Built:
        """Build into the engine; nothing gets a name, so nothing that is there loses its own."""
        config, environ = work.config, _environ(work.config)
        modern, file = _buildx(environ), work.scratch / "image"
        command = ["docker", "build", "--iidfile", str(file), "--file", str(work.dockerfile)]
        command += ["--target", config.target] if config.target else []
        command += args_words(config.args) + flags("--label", work.labels)
        command += each("--platform", config.platforms) + each("--cache-from", config.cache.get("from", ()))
        if modern:
            command += ["--progress", "plain", "--load", *each("--secret", work.secrets())]
            command += each("--cache-to", config.cache.get("to", ()))
        else:
            command += ["--force-rm"]  # else the container of an instruction that fails is left
        # Provenance has the time in it: an unchanged image would have a new digest in every run.
        kind = {"DOCKER_BUILDKIT": "1" if modern else "0", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        work.run([*command, str(work.source.folder)], "build", {**args_environ(config.args), **environ, **kind})
        return Built((file.read_text().strip(),))

    def push(self, work: Work, built: Built) -> str:
        """Push under a name that no other run gives: what has it on the engine is what is pushed."""
        environ, name = _environ(work.config), work.staging.text
        work.run(["docker", "tag", built.ids[0], name], "push", environ)
        done = work.run(["docker", "push", name], "push", environ)
        for line in reversed(done.tail):
            if match := _PUSHED.search(line):
                return match[1]
        raise Failed("push: docker did not say which digest it pushed", details={"log": list(done.tail)})

    def forget(self, config: BuildConfig, name: str) -> None:
        """Remove a name. An image that loses its last one is deleted, and with it what makes the next build the same.

        So the name is first given to an empty image, which goes with it.
        """
        environ = _environ(config)
        with suppress(OSError, TimeoutError), tempfile.NamedTemporaryFile() as empty:
            if answer(["docker", "image", "inspect", name], _SHORT, environ=environ).code:
                return
            empty.write(bytes(10240))  # an archive of no files
            empty.flush()
            answer(["docker", "import", empty.name, name], _SHORT, environ=environ)
            answer(["docker", "rmi", name], _SHORT, environ=environ)


def _modern(config: BuildConfig) -> list[str]:
    """Name what of a Dockerfile the classic builder does not know; nothing of one that is still in a repository."""
    file = Path(config.context) / config.dockerfile
    if is_git(config.context) or not is_file(file):
        return []
    found = instructions(file.read_text(errors="replace"))
    marked = [(one, match[0]) for one in found if (match := _MODERN.search(one.text))]
    return [f"{config.dockerfile}:{one.line}: {one.text.split()[0]} {what}" for one, what in marked]


def _environ(config: BuildConfig) -> Mapping[str, str]:
    return {"DOCKER_HOST": config.host} if config.host else {}


def _buildx(environ: Mapping[str, str]) -> bool:
    return run(["docker", "buildx", "version"], _nothing, environ=environ).code == 0


def _nothing() -> None:
    """Be asked for nothing: these calls are short."""
