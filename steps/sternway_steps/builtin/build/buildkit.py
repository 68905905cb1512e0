"""BuildKit by its own client: the daemon is where BUILDKIT_HOST, or the config's host, says."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...config.build import BuildConfig
from ...objects.image_name import split
from ...process.run import run
from .builder import Built, Finding, Work, each


class BuildKit:
    """`buildctl build`, which pushes the manifest by its digest, without a tag."""

    name, stages = "buildkit", False

    def findings(self, config: BuildConfig) -> list[Finding]:
        """Ask the daemon for its workers."""
        done = run(["buildctl", "debug", "workers"], lambda: None, environ=_environ(config))
        if done.code:
            return [("builder", f"BuildKit's daemon does not answer: {(done.tail or ('?',))[-1]}")]
        return []

    def build(self, work: Work) -> Built:
        """Build, and push by digest."""
        config, file = work.config, work.scratch / "metadata.json"
        output = f"type=image,name={work.reference.name},push=true,push-by-digest=true,name-canonical=true"
        if work.reference.plain:
            output += ",registry.insecure=true"
        command = ["buildctl", "build", "--progress", "plain", "--frontend", "dockerfile.v0"]
        command += ["--local", f"context={work.source.folder}", "--local", f"dockerfile={work.dockerfile.parent}"]
        options = {"filename": work.dockerfile.name, **_named("build-arg", config.args), **_named("label", work.labels)}
        options |= {"target": config.target} if config.target else {}
        options |= {"platform": ",".join(config.platforms)} if config.platforms else {}
        command += [word for key, value in options.items() for word in ("--opt", f"{key}={value}")]
        command += each("--secret", work.secrets())
        command += each("--import-cache", [_cache(entry, work) for entry in config.cache.get("from", ())])
        command += each("--export-cache", [_cache(entry, work, ",mode=max") for entry in config.cache.get("to", ())])
        command += ["--output", output, "--metadata-file", str(file)]
        work.run(command, "build", _environ(config))
        found = json.loads(file.read_text())
        config = found.get("containerimage.config.digest")  # of one platform alone
        return Built((config,) if config else (), str(found["containerimage.digest"]))

    def push(self, work: Work, built: Built) -> str:  # noqa: ARG002  build() did
        """Return the digest of what was pushed."""
        assert built.digest is not None  # noqa: S101  build() gave it
        return built.digest

    def forget(self, config: BuildConfig, name: str) -> None:
        """Do nothing: no image has got a name."""


def _environ(config: BuildConfig) -> Mapping[str, str]:
    return {"BUILDKIT_HOST": config.host} if config.host else {}


def _named(name: str, values: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}:{key}": value for key, value in values.items()}


def _cache(entry: str, work: Work, more: str = "") -> str:
    """Return a cache as BuildKit names it: an image stands for a cache in a registry, maybe that of the image."""
    if entry.startswith("type="):
        return entry
    plain = work.reference.plain and split(entry)[0] == work.reference.host
    return f"type=registry,ref={entry}{more}{',registry.insecure=true' if plain else ''}"
