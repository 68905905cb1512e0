"""`sternway init`: writes a configuration from what is there, and says which two commands come next."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ..atomic import write_whole
from ..errors import Refused
from ..existing import is_dir
from ..exits import Exit
from ..plain_text import plain
from ..plural import count
from ..registry.load import schema
from ..scaffold.check import check
from ..scaffold.look import look
from ..scaffold.start import SCHEMA, Manifests, Rendered, Start
from ..scaffold.text import Answers, guess, write
from .output import Output
from .terminal import echo

_DEFAULT = "sternway.yaml"


def init(output: Output, path: str, found_in: Sequence[str], name: str, namespace: str, image: str, force: bool) -> int:
    """Write a configuration; exit 3 when it is there already, or nobody says what is meant."""
    target = Path(path)
    if not force:
        _require_none(target)
    if not is_dir(target.parent):
        raise Refused(f"there is no folder {target.parent}", remedy="make it, or name another file with --config")
    try:
        start = look([Path(one) for one in found_in], target.parent, _choose if _terminal() else None)
    except OSError as error:
        raise Refused(f"{error.filename} can't be read: {error.strerror}", remedy="name what is meant") from error
    if image and start.deploys is not None and start.builds is None:
        raise Refused(
            f"--image says what is built or deployed, and {_found(start)} names its own images", remedy="leave it out"
        )
    given = Answers(name, namespace, image)
    answers = _asked(start, given) if _terminal() else _over(given, guess(start))
    if start.deploys is None and not answers.image:
        file = start.builds.file if start.builds else ""
        raise Refused(f"{file} makes an image, and nobody says which", remedy="sternway init --image REGISTRY/NAME:TAG")
    written = write(start, answers, SCHEMA)
    # A chart may lack what it depends on, and the program that renders it.
    check(written.text, target, objects=not isinstance(start.deploys, Rendered))
    _write(target, written.text, force=force)
    beside = target.with_name(SCHEMA)
    if force or not os.path.lexists(beside):
        _write(beside, json.dumps(schema(), indent=2) + "\n", force=force)
    option = "" if path == _DEFAULT else f" {shlex.quote(path)}"
    folder = "" if target.parent == Path() else f"cd {shlex.quote(str(target.parent))} && "
    commands = [*(folder + one for one in written.before), f"sternway plan{option}", f"sternway run{option}"]
    following = commands[:-1] if written.before else commands
    left_out = [{"file": file, "why": why} for file, why in start.left_out]
    data = {"config": path, "schema": str(beside), "found": _found(start), "left_out": left_out, "next": following}
    lines = [f"{path} deploys {written.deploys}; {beside} explains it to editors"]
    lines += [f"  left out: {file}: {why}" for file, why in start.left_out]
    output.result("config-written", data, [*lines, "next:", *(f"  {command}" for command in following)])
    return Exit.DONE


def _found(start: Start) -> str:
    if isinstance(start.deploys, Manifests):
        return f"{count(len(start.deploys.objects), 'object')} in {', '.join(start.deploys.patterns)}"
    if start.deploys is not None:
        return start.deploys.what
    return start.builds.file if start.builds else "nothing"


def _over(given: Answers, guessed: Answers) -> Answers:
    """Return what was given; what was not, as it was guessed."""
    return Answers(given.name or guessed.name, given.namespace or guessed.namespace, given.image or guessed.image)


def _asked(start: Start, given: Answers) -> Answers:
    """Ask for what was not given, with the guess as the answer of who just presses Enter."""
    answers = _over(given, guess(start))
    if not given.name:
        answers = replace(answers, name=click.prompt("Name", default=answers.name, err=True))
    if not given.namespace:
        text = "Namespace (empty: that of the kubeconfig's context)"
        answers = replace(answers, namespace=click.prompt(text, default=plain(answers.namespace), err=True))
    if start.deploys is None and not given.image:
        text = f"Image that {plain(start.builds.file)} makes, with its registry" if start.builds else "Image"
        answers = replace(answers, image=click.prompt(text, default=answers.image or None, err=True))
    return answers


def _choose(names: Sequence[str]) -> int:
    for number, name in enumerate(names, 1):
        echo(f"  {number}  {name}", err=True)
    return int(click.prompt("Which one", type=click.IntRange(1, len(names)), err=True)) - 1


def _terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _require_none(target: Path) -> None:
    if os.path.lexists(target):
        raise Refused(f"{target} is there already", remedy="--force writes it anew, --config FILE another one")


def _write(target: Path, text: str, *, force: bool) -> None:
    """Write the file; one that came meanwhile is not overwritten."""
    try:
        if force:
            write_whole(target, text)
            return
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _require_none(target)
    except OSError as error:
        remedy = "see whether the folder may be written"
        raise Refused(f"{target} can't be written: {error.strerror}", remedy=remedy) from error
