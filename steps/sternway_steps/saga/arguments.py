"""What a program passes to a session is checked before anything happens; at run time, types alone hold nobody off."""

from __future__ import annotations

import functools
import inspect
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ..config import Config
from ..config.schema import ON_CONFLICT, ON_INTERRUPT
from ..errors import Misuse
from ..journal.encryption import JournalKeys
from ..spec import Action
from .job import Job

P = ParamSpec("P")
R = TypeVar("R")


class Closable(Protocol):
    """What can be closed, and answers nothing then."""

    closed: bool


S = TypeVar("S", bound=Closable)


def _seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds)


_FLAG = (_is(bool), "True or False")
_TEXT = (_is(str), "a str")
_CONFIG = (_is(Config), "a Config, such as load(PATH) gives")
_FILE = (_is(str, os.PathLike), "a path")
_EXPECTED: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "config": _CONFIG,
    "journal_of": _CONFIG,
    "journal_keys": (_is(JournalKeys), "JournalKeys, such as keys_in_file(PATH) gives"),
    "tell": (callable, "a function that takes an event; leave it out for none"),
    "stop": (_is(threading.Event), "a threading.Event"),
    "on_conflict": (lambda value: value in ON_CONFLICT, f"one of {', '.join(ON_CONFLICT)}"),
    "on_interrupt": (lambda value: value in ON_INTERRUPT, f"one of {', '.join(ON_INTERRUPT)}"),
    "wait_lock": (_seconds, "a number of seconds, 0 or more"),
    "action": (_is(Action), "an Action"),
    "job": (_is(Job), "a Job of saga.job"),
    **dict.fromkeys(("run", "name", "target", "phase", "workflow", "context", "namespace"), _TEXT),
    **dict.fromkeys(("unattended", "force_held", "restart_stale", "recreate", "everywhere"), _FLAG),
    **dict.fromkeys(("kubeconfig", "journal"), _FILE),
    **dict.fromkeys(("on_request", "on_warning", "on_retry"), (callable, "a function")),
}


def checked(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let a session's method raise Misuse for a wrong argument, and when the session is closed.

    None is right where it is the default.
    """
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(session: S, /, *arguments: P.args, **keys: P.kwargs) -> R:
        where = f"Session.{method.__name__}"
        if getattr(session, "closed", False):
            raise Misuse(f"{where}: this session is closed", remedy="call it within `with Session() as session:`")
        for name, value in signature.bind(session, *arguments, **keys).arguments.items():
            if value is not None or signature.parameters[name].default is not None:
                require(where, name, value)
        return method(session, *arguments, **keys)

    return call


def require(where: str, name: str, value: Any) -> None:
    """Raise Misuse when an argument is not what its name stands for."""
    holds, expected = _EXPECTED.get(name, (lambda _: True, ""))
    if not holds(value):
        given = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
        raise Misuse(f"{where}: {name} is {given}", remedy=f"expected is {expected}")
