"""Which lines of a log tell of an error, by what loggers write; a guess, for logs have no grammar."""

from __future__ import annotations

import re

_MOST = 50
"""Lines of one stack trace that are taken with it."""
_ERROR = re.compile(
    r"(?i:(?<![\w-])(?:error|err|fatal|panic|critical|crit|emerg|emergency|severe|traceback|exception|failed|failure)"
    r"(?![\w-]))|\w(?:Error|Exception)\b|^[EF]\d{4} |^\S*\[[EF]\]"
)
"""Words of syslog, log4j, logrus, zap, Python and Go; klog's head; what exceptions are called."""
_NONE = re.compile(
    r"(?i)\b(?:no|0|without) (?:errors?|failures?)\b|\b(?:error|err)[\"']?\s*[=:]\s*(?:null|nil|none|<nil>|\"\"|0\b)"
)
_MORE = re.compile(r"\s+\S|Caused by: |goroutine \d|\.\.\. \d+ more")
"""How the lines of a stack trace begin."""


class ErrorLines:
    """Takes the lines of one container, and tells which of them to show: those of errors, and their stack traces."""

    def __init__(self) -> None:
        self._more = 0

    def shows(self, line: str) -> bool:
        """Return whether a line is one of them; what we say of a log is too."""
        if self._more and _MORE.match(line):
            self._more -= 1
            return True
        found = line.startswith("… ") or (_ERROR.search(_NONE.sub("", line)) is not None)
        self._more = _MOST if found else 0
        return found
