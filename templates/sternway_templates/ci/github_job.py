"""What the jobs of GitHub have in common: a checkout, Python, Sternway, and a way to the cluster."""

from __future__ import annotations

from typing import Any

from sternway_steps import __version__

from .actions import pinned
from .cloud import sign_in, uses_tokens
from .parameters import PipelineInputs

Step = dict[str, Any]
QUEUE = {"queue": "max", "cancel-in-progress": False}
"""Up to 100 jobs wait, and none takes the place of another that waits (GitHub's changelog of 2026-05-07)."""

PACKAGE = """\
It needs a variable STERNWAY_PACKAGE: what pip installs, the wheel that you trust or its name in an index of yours."""
_INSTALL = """\
if [ -z "$PACKAGE" ]; then
  missing="there is no variable STERNWAY_PACKAGE here: what pip installs, such as '{example}'"
  echo "::error title=STERNWAY_PACKAGE::$missing"
  echo "$missing" >>"${{GITHUB_STEP_SUMMARY:-/dev/null}}"
  exit 2
fi
python -m pip install "$PACKAGE"
"""


def permissions(request: PipelineInputs) -> dict[str, str]:
    """Return what a job may do at GitHub: read the repository and, to sign in to a cloud, ask for a token."""
    return {"contents": "read", **({"id-token": "write"} if uses_tokens(request) else {})}


def prepared(request: PipelineInputs, environment: str, *, plans: bool = False) -> list[Step]:
    """Return the steps before Sternway's first; the arguments are those of `sign_in`."""
    return [
        {"uses": pinned("actions/checkout"), "with": {"persist-credentials": False}},
        {"uses": pinned("actions/setup-python"), "with": {"python-version": "3.13"}},
        {
            "name": "Install Sternway",
            "env": {"PACKAGE": "${{ vars.STERNWAY_PACKAGE }}"},
            "run": _INSTALL.format(
                example=f"{request.distribution} @ https://HOST/sternway-{__version__}-py3-none-any.whl"
            ),
        },
        *sign_in(request, environment, plans=plans),
    ]


def address(request: PipelineInputs, environment: str) -> str | None:
    """Return where people find what is deployed, or an expression over the environment; None when nobody says so."""
    urls = {each.name: each.config.ci.url or "" for each in request.environments}
    if not any(urls.values()):
        return None
    if len(set(urls.values())) == 1:
        return next(iter(urls.values()))
    parts = [f"{environment} == '{name}' && '{url}'" for name, url in urls.items() if url]
    return f"${{{{ {' || '.join([*parts, repr('')])} }}}}"
