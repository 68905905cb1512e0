"""From the user's file to a Config, or to all reasons why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from ..errors import Refused
from ..objects.selector import selector
from ..yamltree.document import Node
from ..yamltree.errors import ConfigErrors
from ..yamltree.reader import MISSING, Reader
from . import short_form as simple
from .argo import ArgoConfig
from .chart import check_chart
from .each_step import each_changed, each_step
from .extends import read
from .form import form_of
from .hooks import SortedManifests, sort_out, with_hooks
from .manifest import Manifest, twice
from .manifests import read_all
from .object_sources import KEYS, ObjectSources, from_programs
from .on_end import check_on_end, without_on_end
from .option_reader import FileKeys, OptionReader
from .overrides import lay_over
from .prune import check_place, with_prune
from .schema import DEFAULT_STEPS, NOT_UNDONE, Config, DeployConfig, JournalConfig, StepConfig
from .selection import check_selections
from .simple_keys import SIMPLE


def load(
    path: str | Path,
    readers: Sequence[OptionReader],
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    stdin: TextIO | None = None,
    sources: ObjectSources | None = None,
    objects: bool = True,
) -> Config:
    """Return the configuration of a file.

    Args:
        path: the file, merged over those that it extends; paths in a file are relative to its folder.
        readers: how the steps read their options.
        overrides: `key=value` as given to --set; they override `environ` (STERNWAY_*), and that the file.
        environ: variables, usually os.environ; none when left out.
        stdin: where manifests named `-` are read from.
        sources: who renders charts and kustomizations, and fetches URLs.
        objects: False for what needs the target, its journal and its commands alone, such as an undo: no manifest is
            read, rendered or fetched, so none can stand in its way.

    Raises: ConfigErrors, with every finding; Transient when a server of manifests does not answer.

    """
    found = load_with_source(
        path, readers, overrides=overrides, environ=environ, stdin=stdin, sources=sources, objects=objects
    )
    return found[0]


def load_with_source(
    path: str | Path,
    readers: Sequence[OptionReader],
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    stdin: TextIO | None = None,
    sources: ObjectSources | None = None,
    objects: bool = True,
) -> tuple[Config, Node]:
    """Return the configuration as `load` does, and the document after all merging.

    Raises: ConfigErrors, with every finding; Transient when a server of manifests does not answer.
    """
    source = Path(path)
    form = form_of(readers)
    root = read(source, form)
    lay_over(root, form, overrides, environ or {})
    reader = Reader()
    keys = reader.read(root, form, "")
    patterns = _patterns(root)
    manifests = read_all(patterns, source.parent, stdin, reader.errors, sources) if objects else []
    if keys is MISSING:
        raise ConfigErrors(reader.errors)
    if "steps" in keys and not keys["steps"]:
        reader.report(
            root.value["steps"].location, "steps", "it names no step", hint="leave the key out for the usual ones"
        )
        del keys["steps"], root.value["steps"]
    elsewhere = bool(patterns) or any(key in keys for key in KEYS)
    _check(keys, root, elsewhere, reader)
    check_chart(keys, root, reader)
    _check_steps(keys, root, readers, reader)
    if "steps" in keys:
        check_on_end(keys["steps"], root.value["steps"].node, reader)
        check_place(keys["steps"], root.value["steps"].node, reader)
        locations = (str(node.location) for _, node, _ in each_step(keys["steps"], root.value["steps"].node))
        keys["steps"] = each_changed(keys["steps"], lambda step: replace(step, place=next(locations)))
    for own in readers:
        own.finish(FileKeys(keys, root, source.parent, reader))
    if objects and sources is not None and not reader.errors:
        manifests += from_programs(keys, root, source.parent, sources, reader.errors)
    found = sort_out(manifests, keys.get("hooks"), reader)
    manifests = [*_simple_objects(keys, root), *found.manifests] if not reader.errors else []
    if objects and not reader.errors:
        check_selections(keys.get("steps", DEFAULT_STEPS), root, manifests, found.hooks, reader)
    steps, keys["on_end"] = without_on_end(keys.get("steps", DEFAULT_STEPS))
    keys["steps"] = with_prune(with_hooks(steps, found.hooks), keys.get("deploy", DeployConfig()))
    if "journal" in keys:
        keys["journal"] = _with_whole_paths(keys["journal"], source.parent)
    config = _config(keys, manifests, found, reader) if not reader.errors else None
    if config is None or reader.errors:
        raise ConfigErrors(reader.errors)
    return replace(config, whole=objects or not elsewhere), root


def _with_whole_paths(journal: JournalConfig, folder: Path) -> JournalConfig:
    def whole(path: str) -> str:
        return str((folder / Path(path).expanduser()).resolve())

    key = journal.key
    return replace(
        journal,
        path=whole(journal.path) if journal.path else None,
        key=replace(key, file=whole(key.file)) if key is not None and key.file else key,
    )


def _patterns(root: Node) -> list[Node]:
    entry = root.value.get("manifests") if isinstance(root.value, dict) else None
    items = entry.node.value if entry is not None and isinstance(entry.node.value, list) else []
    return [item for item in items if isinstance(item.value, str)]


def _check(keys: dict[str, Any], root: Node, has_manifests: bool, reader: Reader) -> None:
    """Report what no key by itself shows."""
    simple_keys = [key for key in SIMPLE if key in keys]
    location, removed = root.location_of_missing("image")
    deploys = any(step.uses == "deploy" for step, _, _ in each_step(keys["steps"])) if "steps" in keys else True
    if deploys and not has_manifests and "image" not in keys:
        reader.report(location, "image", "there is nothing to deploy", "image, manifests, chart or kustomize", removed)
    elif simple_keys and "image" not in keys:
        location, message = (
            root.value[simple_keys[0]].location,
            "this key belongs to the simple form, which needs image",
        )
        reader.report(location, simple_keys[0], message, "image: …", removed)
    for variable, value in keys.get("env", {}).items():
        forms = ({"secret", "key"}, {"config", "key"}, {"field"})
        if isinstance(value, dict) and set(value) not in forms:
            entry = root.value["env"].node.value[variable]
            expected = "a string, {secret: NAME, key: KEY}, {config: NAME, key: KEY} or {field: PATH}"
            mixed = len({each.location.source for each in entry.node.value.values()}) > 1
            hint = "its keys come from several files: KEY: null removes one" if mixed else ""
            reader.report(entry.location, f"env.{variable}", "this says not where the value comes from", expected, hint)
    _check_journal_key(keys, root, reader)
    removed = root.location_of_missing("port")[1]
    for kind, probe in keys.get("probes", {}).items() if "port" not in keys else ():
        if isinstance(probe, str) or not probe.keys() & {"command", "port"}:
            location = root.value["probes"].node.value[kind].location
            expected = "port at the top" if isinstance(probe, str) else "port: NUMBER"
            reader.report(location, f"probes.{kind}", "it has no port to ask", expected, removed)


def _check_journal_key(keys: dict[str, Any], root: Node, reader: Reader) -> None:
    """Report a key to the journal that says not where it is, or says two places."""
    entry = root.value["journal"].node.value.get("key") if "journal" in keys else None
    if entry is not None and set(entry.node.value) not in ({"file"}, {"secret", "key"}):
        message, expected = "this says not where the key is", "{file: PATH} or {secret: NAME, key: FIELD}"
        reader.report(entry.location, "journal.key", message, expected, "its text stands in neither: make a file of it")


def _check_steps(keys: dict[str, Any], root: Node, readers: Sequence[OptionReader], reader: Reader) -> None:
    for step, where, field in each_step(keys["steps"], root.value["steps"].node) if "steps" in keys else ():
        _check_selector(step, where, field, reader)
        for own in readers:
            own.check(step, where, field, reader)


def _check_selector(step: StepConfig, where: Node, field: str, reader: Reader) -> None:
    if "selector" in step.options and "with" in where.value:
        entry = where.value["with"].node.value["selector"]
        try:
            selector(str(step.options["selector"]))
        except Refused as bad:
            reader.report(entry.location, f"{field}.with.selector", bad.message, hint=bad.remedy or "")


def _simple_objects(keys: dict[str, Any], root: Node) -> list[Manifest]:
    if "image" not in keys:
        return []
    location = root.location  # the image may come from a flag; the Deployment is made from the whole file
    return [Manifest(obj, f"{location.source}:{location.line}") for obj in simple.objects(keys["name"], keys)]


def _config(keys: dict[str, Any], manifests: list[Manifest], found: SortedManifests, reader: Reader) -> Config | None:
    _unique([*manifests, *found.hooks], reader)
    others = (
        "namespace",
        "steps",
        "on_end",
        "build",
        "deploy",
        "verify",
        "journal",
        "deadline",
        "history",
        *NOT_UNDONE,
    )
    rest: dict[str, Any] = {key: keys[key] for key in others if key in keys}
    rest |= {"hooks": tuple(found.hooks), "left_out": tuple(found.left_out)}
    if "waitLock" in keys:
        rest["wait_lock"] = keys["waitLock"]
    if "onInterrupt" in keys:
        rest["on_interrupt"] = keys["onInterrupt"]
    rest |= _undo_times(keys)
    if "declared" in keys:
        rest["declared"] = {step: replace(spec, name=step) for step, spec in keys["declared"].items()}
    return Config(name=keys["name"], manifests=tuple(manifests), **rest)


def _undo_times(keys: dict[str, Any]) -> dict[str, Any]:
    """Return how long an undo may take. A pod that undoes (argo) gets at least what its steps get."""
    argo: ArgoConfig = keys.get("argo", ArgoConfig())
    limit = keys.get("rollbackDeadline", argo.rollback_deadline)
    of_pods = limit if argo.rollback_deadline == ArgoConfig.rollback_deadline else argo.rollback_deadline
    of_steps = (step.rollback_deadline or limit for step, _, _ in each_step(keys["steps"]))
    return {"rollback_deadline": limit, "argo": replace(argo, rollback_deadline=max(of_pods, *of_steps))}


def _unique(manifests: list[Manifest], reader: Reader) -> None:
    for manifest, message in twice(manifests):
        reader.report(manifest.location, "manifests", message, hint="remove one of the two")
