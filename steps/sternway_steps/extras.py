"""The extras of the distribution: which package comes with which, and what a user is told where one is missing."""

from __future__ import annotations

from .errors import Refused

_EXTRAS = {
    "cryptography": "encryption",
    "docker": "build",
    "jsonpatch": "sandbox",
    "werkzeug": "sandbox",
    "croniter": "templates",
    "hera": "templates",
}


def missing(what: str, error: ImportError) -> Refused:
    """Return the error for `what` (a command, an option, a step), which could not import a package.

    It is one line: what is missing, and the command that installs it.
    """
    name = (error.name or "").partition(".")[0]
    if name in ("sternway_steps", "sternway_templates"):
        return Refused(f"{what} needs {error.name}, which the step images leave out: pip install 'sternway[all]'")
    if name not in _EXTRAS:
        return Refused(f"{what} can't be loaded: {error}")
    return Refused(f"{what} needs {name}, which is not installed: pip install 'sternway[{_EXTRAS[name]}]'")
