"""The actions that generated workflows use: each pinned by the commit of its release, with the version beside it.

Beside each right to write stands what it is for, which is read where a workflow is reviewed.

Whoever moves one to a new release changes this table alone: `git ls-remote --tags https://github.com/OWNER/NAME`.
"""

from __future__ import annotations

import re

RELEASES = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "azure/login": ("f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca", "v3.0.1"),
    "azure/use-kubelogin": ("0ce7c36141aa27d4934872cf00b0120804c98a29", "v1.3"),
    "google-github-actions/auth": ("7c6bc770dae815cd3e89ee6cdf493a5fab2cc093", "v3.0.0"),
    "google-github-actions/setup-gcloud": ("aa5489c8933f4cc7a4f7d45035b3b1440c9c10db", "v3.0.1"),
}
"""The commit and the version of each."""
_RIGHTS = {
    "id-token: write": "the job's own token signs in to the cloud (OIDC)",
    "pull-requests: write": "the comment with the plan",
}
_USES = re.compile(r"^( *(?:- )?uses:)(?: >-\n *| )([\w./-]+)(@[0-9a-f]{40})$", re.MULTILINE)
"""An action, also where it stands in a line of its own because it is long: no comment could stand beside it there."""


def pinned(action: str) -> str:
    """Return an action as `uses` names it, at the commit of its release."""
    return f"{action}@{RELEASES[action][0]}"


def commented(text: str) -> str:
    """Return a workflow's text with the version beside each action, and with what each right to write is for."""
    for right, why in _RIGHTS.items():
        text = text.replace(f" {right}\n", f" {right}  # {why}\n")
    return _USES.sub(lambda found: f"{found[1]} {found[2]}{found[3]}  # {RELEASES[found[2]][1]}", text)
