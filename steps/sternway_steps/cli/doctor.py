"""`sternway doctor`: shows what was looked at, and ends 3 when something will not work."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..config import Config
from ..doctor.examine import Doctor, works
from ..doctor.finding import Finding, Level
from ..exits import Exit
from ..plural import count
from ..registry.load import load
from ..session import Session
from .output import Output

_USUAL = "sternway.yaml"
_WIDTH = max(map(len, Level))


def doctor(session: Session, output: Output, path: str | None, overrides: Sequence[str]) -> int:
    """Look at everything; without a configuration at what none is needed for."""

    def configuration() -> Config | None:
        if path is None and not Path(_USUAL).exists():
            return None
        return load(path or _USUAL, overrides=overrides, environ=os.environ, stdin=sys.stdin)

    found = []
    for finding in Doctor(session, configuration).findings():
        found.append(finding)
        output.result("check", asdict(finding), _lines(finding))
    bad, odd = ([one for one in found if one.level is level] for level in (Level.WRONG, Level.WARNING))
    said = f"{count(len(bad), 'thing')} will not work, {count(len(odd), 'warning')}" if found else ""
    output.result("checked", {"wrong": len(bad), "warnings": len(odd)}, [said])
    return Exit.DONE if works(found) else Exit.REFUSED


def _lines(finding: Finding) -> list[str]:
    indent = " " * (_WIDTH + 2)
    more = [finding.why, f"-> {finding.remedy}" if finding.remedy else ""]
    head = f"{finding.level.value:<{_WIDTH}}  {finding.check}: {finding.what}"
    return [head, *(f"{indent}{text}" for text in more if text)]
