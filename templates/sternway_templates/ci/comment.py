"""Writes the plans of a pull request into one comment, which is renewed when there is a new plan.

It runs as it stands here in a job of GitHub or GitLab, whose API is much the same for this. What it is told comes by
variables: COMMENTS (the URL of the comments), EDITED (of those that are edited), METHOD (that edits), AUTH (the header
that carries TOKEN), AUTHOR (whose comments are ours; without it AUTHOR_URL is asked), MARKER (how our comment begins),
PAGE (where people read what has no room), MOST (characters). Its arguments are files with plans.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def ask(method: str, url: str, body: str | None = None) -> Any:
    """Return what the API answers."""
    header, _, before = os.environ["AUTH"].partition(": ")
    headers = {header: f"{before} {os.environ['TOKEN']}".strip(), "Content-Type": "application/json"}
    data = None if body is None else json.dumps({"body": body}).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  the platform's own API
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def comments() -> Iterator[Any]:
    """Give all comments of the pull request."""
    page = 1
    while found := ask("GET", f"{os.environ['COMMENTS']}?per_page=100&page={page}"):
        yield from found
        page += 1


def text(files: Sequence[str]) -> str:
    """Return the comment; of a plan that has no room its first paragraphs alone."""
    begin = f"{os.environ['MARKER']}\n"
    room = (int(os.environ["MOST"]) - len(begin)) // max(1, len(files)) - 2
    said = f"\n\n_There is no room for the rest here: [read it there]({os.environ['PAGE']})._\n"
    parts = []
    for file in sorted(files):
        plan = Path(file).read_text(encoding="utf-8")
        head = "\n\n".join(plan.split("\n\n")[:2])
        parts.append(plan if len(plan) <= room else head[: room - len(said)] + said)
    return begin + "\n\n".join(parts)


def main(files: Sequence[str]) -> str:
    """Renew our comment, or write the first one."""
    author = os.environ.get("AUTHOR") or ask("GET", os.environ["AUTHOR_URL"])["username"]
    body = text(files)
    for each in comments():
        by = each.get("user") or each.get("author") or {}
        ours = author in (by.get("login"), by.get("username"))
        if ours and (each["body"] or "").startswith(os.environ["MARKER"]):
            ask(os.environ["METHOD"], f"{os.environ['EDITED']}/{each['id']}", body)
            return "renewed"
    ask("POST", os.environ["COMMENTS"], body)
    return "written"


if __name__ == "__main__":
    plans = [each for each in sys.argv[1:] if Path(each).is_file()]
    try:
        print(f"the comment is {main(plans)}" if plans else "no comment: there is no plan")  # noqa: T201
    except urllib.error.HTTPError as refused:
        if refused.code not in (401, 403, 404):
            raise
        print(f"no comment: this token may not write one ({refused}); the plan is on the job's page")  # noqa: T201
