"""The comment with plans, for any platform: how it begins, and the script that writes it."""

from __future__ import annotations

import inspect
import re

from . import comment
from .parameters import PipelineInputs


def marker(request: PipelineInputs) -> str:
    """Return how the comment begins, by which it is found again."""
    return f"<!-- sternway plan of {request.name} -->"


def program(files: str) -> str:
    """Return the script that writes the comment: Python that sees nothing of the folder that it runs in (-I)."""
    source = re.sub(r"  # noqa.*", "", inspect.getsource(comment))
    return f"python3 -I - {files} <<'PROGRAM'\n{source}PROGRAM\n"
