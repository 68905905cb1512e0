"""The lines below a line: objects, differences, evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..cluster.preview import Field, Preview
from ..step import Item

_COLOURS = {
    "created": "green", "changed": "green", "restored": "yellow", "deleted": "yellow", "kept": "cyan",
    "conflict": "red", "failed": "red", "rejected": "red", "create": "green", "change": "yellow",
}  # fmt: skip
_WIDE = 100
_MANY = 12


def item(found: Item, who: str = "", indent: str = "  ") -> None:
    """Write what became of one thing; `who` stands before it."""
    click.echo(
        f"{indent}{who}{click.style(found.result, fg=_COLOURS.get(found.result))} {found.what}"
        + (f": {found.why}" if found.why else "")
    )
    if found.fields and found.result in ("changed", "restored", "conflict", "failed"):
        click.echo(f"{indent}  {', '.join(found.fields)}")


def preview(found: Preview) -> None:
    """Write what would change in one object."""
    click.echo(
        f"{click.style(found.result, fg=_COLOURS.get(found.result))} {found.ref}"
        + (f": {found.why}" if found.why else "")
    )
    for field in found.fields:
        _field(field)
    for manager, fields in found.takes_over:
        click.echo(f"  takes over from {manager}: {_some(fields)}")
    for note in found.notes:
        click.secho(f"  {note}", fg="yellow")


def evidence(details: Mapping[str, Any]) -> None:
    """Write the evidence of a failed rollout: pod, events, log."""
    if details.get("pod"):
        click.echo(
            f"  pod {details['pod']}" + (f", container {details['container']}" if details.get("container") else "")
        )
    for event in details.get("events") or []:
        click.echo(f"  event {event}")
    for line in details.get("log") or []:
        click.echo(f"  log | {line}")
    if "body" in details:
        click.echo(f"  answer {details.get('status')}: {details['body']}")


def _field(field: Field) -> None:
    if field.had:
        click.secho(f"  - {field.path}: {_short(field.old)}", fg="red")
    if field.has:
        click.secho(f"  + {field.path}: {_short(field.new)}", fg="green")


def _some(fields: Sequence[str]) -> str:
    more = len(fields) - _MANY
    return ", ".join(fields[:_MANY]) + (f" and {more} more" if more > 0 else "")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
