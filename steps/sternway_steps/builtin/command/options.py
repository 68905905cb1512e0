"""A step that is a command of the user's own: its keys, and what they must be together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...config.each_step import each_changed, each_step
from ...config.option_reader import FileKeys, OptionReader
from ...config.schema import StepConfig
from ...spec import Action
from ...yamltree.document import Entry, Node
from ...yamltree.reader import Reader
from .keys import BY_NAME, COMMAND

USES = "command"
"""The step that runs commands."""

_FORMS = ({"secret", "key"}, {"config", "key"})
_OF_THE_END = ("STATUS", "EXIT_CODE", "CAUSE", "RUN_NAME", "REMEDY")
_TOLD = frozenset(f"STERNWAY_{word}" for word in ("RUN", "STEP", "ATTEMPT", "TARGET", "ACTION", "UNDO", *_OF_THE_END))
_OF_IMAGES = ("workdir", "user", "network", "resources", "serviceAccount", "imagePullSecrets", "nodeSelector")


def _make_step(keys: dict[str, Any]) -> StepConfig:
    """Make the step of what was read; its keys become the options, so that the journal has what the undo needs."""
    options = {key: keys.pop(key) for key in COMMAND if key in keys and key != "effects"}
    # What runs when the run has ended is undone by nobody, whatever it leaves.
    said = "reversible" if "rollback" in options else "irreversible" if "on" in keys else None
    effects = keys.pop("effects", said)
    # A `with` beside it is a mistake, which is named with its place when the whole file is read.
    keys = {key: value for key, value in keys.items() if key != "options"}
    return StepConfig(**{**keys, "uses": USES, "options": options, "effects": effects})


def _check_step(step: StepConfig, where: Node, path: str, reader: Reader) -> None:
    """Find what no key of a command shows by itself. `where` is where the step stands, `path` its field."""
    if step.uses == USES or (isinstance(where.value, dict) and any(key in where.value for key in COMMAND)):
        _check(where, path, reader)


def _placed(step: StepConfig, where: Node, file: FileKeys) -> StepConfig:
    """Return a step whose folder is absolute: the undo may be called from elsewhere. `where` is where it stands.

    Without a folder it is that of the file that names the program; one that is given counts from the file that does.
    """
    if step.uses != USES or ("folder" not in step.options and "image" in step.options):
        return step
    if "folder" in step.options:
        own = file.base / Path(str(step.options["folder"])).expanduser()
    else:
        own = file.folder_of(where.value["execute"].location if "execute" in where.value else where.location)
    return replace(step, options={**step.options, "folder": str(own.resolve())})


def _finish(file: FileKeys) -> None:
    if "steps" in file.keys and "steps" in file.root.value:
        nodes = (node for _, node, _ in each_step(file.keys["steps"], file.root.value["steps"].node))
        file.keys["steps"] = each_changed(file.keys["steps"], lambda step: _placed(step, next(nodes), file))


def _check(where: Node, path: str, reader: Reader) -> None:
    keys: Mapping[str, Entry] = where.value if isinstance(where.value, dict) else {}
    if "execute" not in keys:
        mine = next((key for key in COMMAND if key in keys), None)
        location = keys[mine].location if mine else where.location
        message = "this key belongs to a step that is a command" if mine else "this step is a command, and has none"
        reader.report(location, f"{path}.{mine or 'execute'}", message, "execute: [PROGRAM, ARGUMENT, …]")
        return

    def report(key: str, message: str, expected: str = "", hint: str = "") -> None:
        reader.report(keys[key].location, f"{path}.{key}", message, expected, hint)

    for key in ("uses", "with"):
        if key in keys and (key, keys[key].node.value) != ("uses", USES):
            report(key, "a step is a command or one of Sternway's, not both", hint=f"remove {key}, or execute")
    for key in ("execute", "rollback"):
        words = keys[key].node.value if key in keys else ""
        if key in keys and (not words or (isinstance(words, list) and not words[0].value)):
            report(key, "this command is empty", "[PROGRAM, ARGUMENT, …]")
    _check_effects(keys, report)
    _check_runner(keys, report)
    if "env" in keys and isinstance(keys["env"].node.value, dict):
        _check_env(keys["env"].node, f"{path}.env", reader)


def _check_effects(keys: Mapping[str, Entry], report: Any) -> None:
    effects = keys["effects"].node.value if "effects" in keys else None
    if "on" in keys and ("rollback" in keys or effects == "reversible"):
        key = "rollback" if "rollback" in keys else "effects"
        message = f"with on: {keys['on'].node.value} it runs when the run has ended, so nothing undoes it"
        report(key, message, hint=f"remove {key}, or on")
    elif "on" in keys:
        return
    elif "rollback" in keys and effects in ("none", "irreversible"):
        report("rollback", f"there is nothing to roll back: effects is {effects}", hint="remove one of the two")
    elif "rollback" not in keys and effects == "reversible":
        report("effects", "what is reversible needs the command that undoes it", "rollback: [PROGRAM, ARGUMENT, …]")
    elif "rollback" not in keys and effects is None:
        hint = "rollback: […] undoes it, effects: none leaves nothing, effects: irreversible stays whatever happens"
        report("execute", "nothing says what becomes of it when the run is undone", hint=hint)


def _check_runner(keys: Mapping[str, Entry], report: Any) -> None:
    runner = keys["runner"].node.value if "runner" in keys else "auto"
    if "image" not in keys:
        if runner in (*BY_NAME, "kubernetes"):
            report("runner", f"{runner} runs containers, and there is no image", "image: NAME")
        for key in _OF_IMAGES:
            if key in keys:
                report(key, "this key is for a container, and there is no image", "image: NAME")
    elif runner == "process":
        report("image", "a process of this machine has no image", hint="remove image, or runner: process")
    if "folder" in keys and runner == "kubernetes":
        report("folder", "a pod has no folder of this machine", hint="put the files into the image, or into arguments")
    if "network" in keys and runner == "kubernetes":
        report("network", "this key is for docker and podman", hint="remove it")


def _check_env(node: Node, path: str, reader: Reader) -> None:
    for name, entry in node.value.items():
        value = entry.node.value
        if isinstance(value, dict) and set(value) not in _FORMS:
            expected = "a string, {secret: NAME, key: KEY} or {config: NAME, key: KEY}"
            reader.report(entry.location, f"{path}.{name}", "this says not where the value comes from", expected)
        if name in _TOLD:
            reader.report(entry.location, f"{path}.{name}", "Sternway sets this itself", hint="take another name")


READER = OptionReader(USES, own=COMMAND, make=_make_step, check=_check_step, finish=_finish)


def required(options: Mapping[str, Any], action: Action) -> dict[str, Any] | None:
    """Return all that decides what the options have this step run for an action; None when that is nothing."""
    words = options.get(action.value)
    if not words:
        return None
    rest = {key: value for key, value in options.items() if key not in list(Action) and value not in ({}, (), [], None)}
    return {**rest, "runner": rest.get("runner", "auto"), "command": list(words)}
