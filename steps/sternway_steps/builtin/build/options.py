"""Combines the section `build` with the steps that build, and reports what no key by itself shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...config.build import BuildConfig
from ...config.each_step import each_changed, each_step
from ...config.option_reader import FileKeys, OptionReader
from ...config.schema import DEFAULT_STEPS, StepConfig
from ...objects.image_name import normalised
from ...yamltree.document import Node
from ...yamltree.reader import MISSING
from .keys import BUILD, is_git, tagged

STEP = "build"
Steps = tuple[StepConfig | tuple[StepConfig, ...], ...]


def _finish(file: FileKeys) -> None:
    """Make the section, and the steps with what they build; a section makes build one of the usual steps."""
    keys, root = file.keys, file.root
    steps: Steps = tuple(keys.get("steps") or DEFAULT_STEPS)
    if "build" in keys and "steps" not in keys:
        steps = (steps[0], StepConfig(STEP, STEP), *steps[1:])
    where = root.value["steps"].node if keys.get("steps") else None
    found = [each for each in each_step(steps, where) if each[0].uses == STEP]
    build = None
    if found:
        build, steps = _Reading(file).all(found, steps)
    elif "build" in keys:
        file.reader.report(root.value["build"].location, "build", "no step builds it", hint="add build to steps")
    keys |= {"build": build, "steps": steps}


@dataclass
class _Reading:
    """One file's build steps, read one after another."""

    file: FileKeys
    locations: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)

    def all(self, found: Sequence[tuple[StepConfig, Node, str]], steps: Steps) -> tuple[BuildConfig, Steps]:
        section: dict[str, Any] = dict(self.file.keys.get("build", {}))
        where = self.file.root.value["build" if "build" in self.file.keys else "steps"].node
        if "build" in self.file.keys:
            self._check(section, self.file.root.value["build"].node, "build", STEP)
        section.setdefault("context", str(self.file.folder_of(where.begun or where.location).resolve()))
        if "image" not in section and "image" in self.file.keys:
            section["image"] = self.file.keys["image"]
        config = BuildConfig(**section)
        by_name = {step.name: self._step(config, step, node, path) for step, node, path in found}
        return replace(config, places=self.locations), each_changed(steps, lambda step: by_name.get(step.name, step))

    def _step(self, config: BuildConfig, step: StepConfig, node: Node, path: str) -> StepConfig:
        entry = node.value.get("with") if isinstance(node.value, dict) else None
        options: dict[str, Any] = {}
        if entry is not None:
            read = self.file.reader.read(entry.node, BUILD, f"{path}.with")
            if read is MISSING:
                return step
            options = dict(read)
            self._check(options, entry.node, f"{path}.with", step.name)
        self._image(config.laid_over(options).image, "image" in options, node, path)
        return replace(step, options=options)

    def _image(self, image: str | None, own: bool, node: Node, path: str) -> None:
        there, named = self.file.root.value, bool(node.location.source)
        location = node.location if named else there["build"].location
        if image is None:
            name = f"{path}.with.image" if named else "build.image"
            hint = "give image at the top, in build, or in the step's with"
            self.file.reader.report(location, name, "it is not said what is built", hint=hint)
            return
        if not own and "image" not in self.file.keys.get("build", {}) and not self.images:
            self.file.reader.read(there["image"].node, tagged, "image")
        whole = normalised(image)
        if whole in self.images:
            hint = "give one of them an image of its own"
            self.file.reader.report(location, path, f"{image} is built by {self.images[whole]} already", hint=hint)
        self.images.setdefault(whole, path)

    def _check(self, section: dict[str, Any], node: Node, path: str, name: str) -> None:
        """Make paths absolute, and note where each key stands."""
        entries, report = node.value, self.file.reader.report
        self.locations.update({f"{name}.{key}": str(entry.location) for key, entry in entries.items()})
        if "context" in section and not is_git(section["context"]):
            section["context"] = str((self.file.base / Path(section["context"]).expanduser()).resolve())
        if "host" in section and section.get("builder") not in ("docker", "buildkit"):
            hint = "builder: docker or buildkit"
            report(entries["host"].location, f"{path}.host", "it is not said whose host that is", hint=hint)
        for which, secret in section.get("secrets", {}).items():
            if set(secret) not in ({"env"}, {"file"}, {"secret", "key"}, {"env", "secret", "key"}):
                expected = "{env: VARIABLE}, {file: PATH}, or for Argo {secret: NAME, key: KEY} with or without env"
                location = entries["secrets"].node.value[which].location
                report(location, f"{path}.secrets.{which}", "this says not where it comes from", expected)
            if "file" in secret:
                secret["file"] = str((self.file.base / Path(secret["file"]).expanduser()).resolve())


_ABOUT = "The image that the step `build` makes and pushes; with it the steps are validate, build, deploy, verify."
READER = OptionReader(STEP, section=BUILD, about=_ABOUT, options=BUILD, finish=_finish)
