"""The files for CI by the words of `template --for`."""

from __future__ import annotations

from .github import github
from .github_plan import github_plan
from .gitlab import gitlab, images_note
from .gitlab_plan import gitlab_plan
from .parameters import PipelineInputs

_MADE = {"github": github, "github-plan": github_plan, "gitlab": gitlab, "gitlab-plan": gitlab_plan}


def made(runner: str, request: PipelineInputs) -> tuple[str, str]:
    """Return a file's text, and what to warn of, "" for nothing."""
    return _MADE[runner](request), images_note(request) if runner.startswith("gitlab") else ""
