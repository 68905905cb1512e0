"""The four errors of a step, the one that stops it, and those of the API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class _Pickled(Exception):
    """An exception that reaches another process whole, whatever its constructor takes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.args, dict(self.__dict__))


def _remade(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    made = kind.__new__(kind, *args)
    made.args = args
    made.__dict__.update(state)
    return made


class SternwayError(_Pickled):
    """A failure that a user can read: one plain sentence, and what to do about it.

    Args:
        message: what happened, where; never holds the value of a secret.
        remedy: what the user can do, or None.
        details: what was seen, as JSON data (logs, events, objects); goes into the journal and the report.

    """

    def __init__(self, message: str, *, remedy: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details: Mapping[str, Any] = details or {}

    @property
    def transient(self) -> bool:
        """Whether it may work if tried again."""
        return False


class Refused(SternwayError):
    """Found before the first change: nothing was touched, there is nothing to undo."""


class Misuse(Refused, TypeError, ValueError):
    """A program called us with what can't be meant: found before anything happened."""


class Held(Refused):
    """A schedule would deploy again what was undone; `details` names the run (held_by) and when it ended."""


def together(findings: Sequence[Refused]) -> Refused:
    """Return several refusals (at least one) as one that says all of them."""
    if len(findings) == 1:
        return findings[0]
    remedies = dict.fromkeys(bad.remedy for bad in findings if bad.remedy)
    return Refused("\n".join(bad.message for bad in findings), remedy="; ".join(remedies) or None)


class Transient(SternwayError):
    """May work if tried again: the API server is away, a lock is held.

    Args:
        retry_after: seconds that the other side asked to wait, or None.

    """

    def __init__(self, message: str, *, remedy: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """Always."""
        return True


class Failed(SternwayError):
    """This step cannot succeed: what was done has to be undone."""


class RollbackFailed(SternwayError):
    """Something could not be put back: says what and why; the runner adds the command that resumes."""


class Stopped(SternwayError):
    """Somebody asked the run to stop, or its deadline passed; raised by `Context.check` and by waits, not by steps."""


class Abandoned(BaseException):
    """The user asked a second time to stop: leave at once. No Exception, so that no step swallows it.

    Whoever raises it has cut off the client first, so that no request begins after it.
    """


class ClusterError(_Pickled):
    """What the API server says, or does not say, to a request: a fact that its caller judges, or lets pass.

    A step that lets it pass has met something Transient, or has Failed, as `transient` says.
    """

    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    @property
    def transient(self) -> bool:
        """Whether the same request may be answered otherwise if it is sent again."""
        return False


def is_transient(error: BaseException | None) -> bool:
    """Ask an error whether what it stopped may work if tried again; no error, and one that is not ours, says no."""
    return isinstance(error, SternwayError | ClusterError) and error.transient


class Bug(_Pickled):
    """An error that the contract does not know, as a journal tells it; `kind` is the name of the class it was of."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def kind_of(error: BaseException) -> str:
    """Return the name of an error's class, also of one that a journal tells."""
    return error.kind if isinstance(error, Bug) else type(error).__name__


def with_kind(error: BaseException) -> str:
    """Return an error's words with the name of its class before them, unless they say it themselves."""
    kind, words = kind_of(error), str(error)
    return words if isinstance(error, Bug) and f"{kind}: " in words else f"{kind}: {words}"
