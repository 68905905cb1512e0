"""Writes the page: one file of HTML in ASCII signs alone, whatever the text that it shows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ... import __version__
from ...journal.replay import Story
from ...plain_text import plain
from ...saga.recorded_changes import RecordedChange
from .model import page_of

_HERE = Path(__file__).parent


def render(story: Story, changes: Sequence[RecordedChange], note: str = "") -> str:
    """Return the page of a run as HTML; `note` says why it tells less than the journal would.

    Whatever a log, a name or a server's answer holds is shown as text: it is plain first, then escaped, in attributes
    too. And a browser that minds Content-Security-Policy runs no script in it, loads nothing, and takes no style but
    ours.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        return value if isinstance(value, Markup) else _shown(str(value))

    style = (_HERE / "page.css").read_text(encoding="ascii")
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, finalize=finalize,
        keep_trailing_newline=True,
    )  # fmt: skip
    text = environment.get_template("page.html.jinja").render(
        page=page_of(story, changes, note),
        style=Markup(style),  # noqa: S704  it is ours
        style_digest=Markup(_digest(style)),  # noqa: S704  base64
        version=__version__,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _shown(text: str) -> Any:
    """Return foreign text as HTML.

    Half of a surrogate pair is no character, and can't be referred to. Where a job writes the page into its log, no
    line of it is a command to GitHub (see github_commands).
    """
    from markupsafe import Markup, escape

    whole = plain(text).encode("utf-8", "replace").decode()
    return Markup(str(escape(whole)).replace("::", "&#58;:").replace("##[", "&#35;#["))  # noqa: S704  it is escaped


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
