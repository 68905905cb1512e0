"""What `sternway steps` shows: every step that a configuration can name. Opens no cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from .. import __version__
from ..config.declared import to_yaml_data
from ..errors import Refused
from ..exits import Exit
from ..registry.entry_points import DiscoveredStep
from ..registry.steps import installed_steps
from .json import write_line
from .output import output_for
from .terminal import echo


def show(form: str, names: Sequence[str] = ()) -> int:
    """List the steps, or those of some names, as text or json; return 3 when one can't be used or is not there."""
    output_for(form)  # so that `sternway steps | head` ends well
    steps = installed_steps()
    ours = [DiscoveredStep(name, "sternway", __version__, step=step) for name, step in steps.own.items()]
    discovered = _named([*ours, *sorted(steps.discovered(), key=lambda step: step.name)], names)
    if form == "json":
        for each in discovered:
            write_line("step", _data(each))
    else:
        _table(discovered)
    return Exit.REFUSED if any(each.problem for each in discovered) else Exit.DONE


def show_declared(names: Sequence[str]) -> int:
    """Print the section `declared` for steps of other packages; return 3 when one can't be used or is not there."""
    import yaml

    output_for("text")
    discovered = _named(sorted(installed_steps().discovered(), key=lambda step: step.name), names)
    problems = list(_problems(discovered))
    for line in problems:
        echo(line, fg="red", err=True)
    if problems:
        return Exit.REFUSED
    section = {each.name: to_yaml_data(each.step.spec) for each in discovered if each.step is not None}
    echo(yaml.safe_dump({"declared": section}, sort_keys=False).rstrip())
    return Exit.DONE


def _named(found: Sequence[DiscoveredStep], names: Sequence[str]) -> list[DiscoveredStep]:
    """Return the steps of some names, all when none is given; one that is not there comes with its problem."""
    by_name = {each.name: each for each in found}
    return [by_name.get(name) or _not_there(name) for name in dict.fromkeys(names or by_name)]


def _not_there(name: str) -> DiscoveredStep:
    problem = Refused(
        f"step {name} is of no package that is installed here", remedy="`sternway steps` lists those that are"
    )
    return DiscoveredStep(name, "", "", problem=problem)


def _data(found: DiscoveredStep) -> dict[str, Any]:
    where = {"name": found.name, "package": found.package, "version": found.version, "entry": found.entry}
    if found.step is None:
        problem = found.problem
        return {**where, "error": str(problem), "remedy": problem.remedy if problem else None}
    return {**asdict(found.step.spec), **where, "summary": found.summary, "error": None, "remedy": None}


def _table(found: Sequence[DiscoveredStep]) -> None:
    rows = [("STEP", "PACKAGE", "EFFECTS", "NEEDS", "WHAT IT DOES"), *map(_row, found)]
    widths = [max(len(row[n]) for row in rows) for n in range(4)]
    for row, each in zip(rows, [None, *found], strict=True):
        cells = [text.ljust(width) for text, width in zip(row[:4], widths, strict=True)]
        echo("  ".join([*cells, row[4]]).rstrip())
        if each is not None and each.step is not None and each.step.spec.options:
            echo(f"  with: {', '.join(each.step.spec.options)}")
    for line in _problems(found):
        echo(line, fg="red", err=True)


def _row(found: DiscoveredStep) -> tuple[str, str, str, str, str]:
    package = f"{found.package} {found.version}".strip()
    if found.step is None:
        return (found.name, package, "unusable", "", "")
    spec = found.step.spec
    needs = ", ".join([*(["cluster"] if spec.needs_cluster else []), *spec.programs])
    return (found.name, package, spec.effects.value, needs or "-", found.summary)


def _problems(found: Sequence[DiscoveredStep]) -> Iterator[str]:
    for each in found:
        if each.problem is not None:
            yield f"error: {each.problem}"
            yield f"  {each.problem.remedy}"
