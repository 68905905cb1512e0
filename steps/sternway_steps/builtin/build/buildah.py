"""buildah: needs no daemon. Its storage is its own affair (STORAGE_DRIVER, BUILDAH_ISOLATION)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ...config.build import BuildConfig
from ...process.run import run
from .builder import Built, Finding, Work, args_environ, args_words, each, flags


class Buildah:
    """`buildah build` and `buildah push`; several platforms become one index."""

    name, stages = "buildah", True

    def findings(self, config: BuildConfig) -> list[Finding]:
        """Ask whether it runs here at all: it needs rights that some containers do not have."""
        done = run(["buildah", "images", "--quiet", "--filter", "reference=sternway-asks"], lambda: None)
        if done.code:
            return [("builder", f"buildah does not run here: {(done.tail or ('?',))[-1]}")]
        caches = [*config.cache.get("from", ()), *config.cache.get("to", ())]
        if any(entry.startswith("type=") for entry in caches):
            return [("cache", "buildah takes images as caches and no type=…; builder: buildkit has them all")]
        return []

    def build(self, work: Work) -> Built:
        """Build each platform; nothing gets a name, so nothing that is there loses its own."""
        config = work.config
        # Its cache gives one platform's layers for another's (seen at 1.28.2, FROM scratch).
        cached = "--no-cache" if config.platforms else "--layers"
        command = ["buildah", "build", cached, "--file", str(work.dockerfile), *_registry(work)]
        command += ["--target", config.target] if config.target else []
        command += args_words(config.args) + flags("--label", work.labels)
        command += each("--secret", work.secrets())
        command += each("--cache-from", config.cache.get("from", ())) + each("--cache-to", config.cache.get("to", ()))
        ids = []
        for number, platform in enumerate(config.platforms or ("",)):
            file = work.scratch / f"image-{number}"
            wanted = ["--platform", platform] if platform else []
            work.run(
                [*command, "--iidfile", str(file), *wanted, str(work.source.folder)], "build", args_environ(config.args)
            )
            ids.append(file.read_text().strip())
        return Built(tuple(ids))

    def push(self, work: Work, built: Built) -> str:
        """Push the image, or an index of all platforms."""
        file, to = work.scratch / "digest", f"docker://{work.staging.text}"
        if len(built.ids) == 1:
            work.run(["buildah", "push", *_registry(work), "--digestfile", str(file), built.ids[0], to], "push")
            return file.read_text().strip()
        index = f"sternway-{secrets.token_hex(8)}"
        work.run(["buildah", "manifest", "create", index, *built.ids], "push")
        try:
            command = ["buildah", "manifest", "push", "--all", *_registry(work), "--digestfile", str(file), index, to]
            work.run(command, "push")
        finally:
            run(["buildah", "manifest", "rm", index], lambda: None)
        return file.read_text().strip()

    def forget(self, config: BuildConfig, name: str) -> None:
        """Do nothing: what is pushed has no name here, but in the registry alone."""


def _registry(work: Work) -> list[str]:
    """Let it use Docker's credentials where a variable names them, and plain HTTP where the registry speaks it."""
    folder = os.environ.get("DOCKER_CONFIG")
    own = not os.environ.get("REGISTRY_AUTH_FILE") and folder and (Path(folder) / "config.json").is_file()
    login = ["--authfile", f"{folder}/config.json"] if own else []
    return [*login, "--tls-verify=false"] if work.reference.plain else login
