"""From parsed arguments to an exit code: opens the session, minds the signals, prints errors."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from ..attempt import Abandoned
from ..errors import SternwayError
from ..exits import Exit, exit_of
from ..session import Session
from . import actions
from .output import Output, output_for

if TYPE_CHECKING:
    from ..cluster.transport import RequestLog


def call(name: str, arguments: dict[str, Any]) -> None:
    """Run a command and exit with its code."""
    output = output_for(arguments.pop("output"))
    verbose = arguments.pop("verbose")
    code: int
    try:
        with ExitStack() as stack:
            code = _call(name, arguments, output, verbose, stack)
    except SternwayError as error:
        output.error(error)
        code = _code(error)
    except Abandoned:
        code = Exit.STOPPED
    except Exception as error:  # noqa: BLE001  whatever it is, the user gets one line and a code
        output.error(error)
        code = _code(error)
        if code == Exit.BUG:
            traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    # A request that hangs in another thread must not keep a stopped process alive.
    os._exit(code) if code == Exit.STOPPED else sys.exit(code)


def guarded(command: click.Command) -> click.Command:
    """Give a command of another package the errors and the exit codes of ours."""
    body = command.callback
    assert body is not None  # noqa: S101  click's own commands have one

    def call_it(*arguments: Any, **keys: Any) -> None:
        try:
            body(*arguments, **keys)
        except SternwayError as error:
            output_for("text").error(error)
            sys.exit(_code(error))

    command.callback = call_it
    return command


def _call(name: str, arguments: dict[str, Any], output: Output, verbose: bool, stack: ExitStack) -> int:
    kubeconfig, context = arguments.pop("kubeconfig"), arguments.pop("context")
    config = actions.load_config(arguments) if "path" in arguments else None
    if arguments.pop("sandbox"):
        kubeconfig = stack.enter_context(_sandbox())
    session = stack.enter_context(
        Session(
            kubeconfig=kubeconfig,
            context=context,
            journal=arguments.pop("journal", None),
            namespace=arguments.pop("namespace", None),
            on_request=_log if verbose else None,
            on_warning=_once(output.note),
        )
    )
    stack.enter_context(_signals(session, output))
    action = getattr(actions, name)
    return int(
        action(session, output, config, **arguments) if config is not None else action(session, output, **arguments)
    )


@contextmanager
def _sandbox() -> Iterator[str]:
    from ..places import state_folder
    from ..sandbox import Sandbox

    state = os.environ.get("STERNWAY_STATE") or str(state_folder() / "sandbox.json")
    with Sandbox(state=state) as sandbox:
        yield sandbox.kubeconfig


@contextmanager
def _signals(session: Session, output: Output) -> Iterator[None]:
    """Let the first signal stop the run and undo it, and the second one leave at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if session.stop.is_set():
            session.client.abort()
            raise Abandoned
        session.stop.set()
        output.note(f"{signal.Signals(number).name}: stopping, then undoing; once more leaves at once")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _once(note: Callable[[str], None]) -> Callable[[str], None]:
    """Show each warning once, however many objects it is about."""
    shown: set[str] = set()

    def warn(text: str) -> None:
        if text not in shown:
            shown.add(text)
            note(f"warning: {text}")

    return warn


def _log(request: RequestLog) -> None:
    status = request.status or "no answer"
    click.echo(f"  {request.method} {request.path}: {status} ({request.seconds * 1000:.0f} ms)", err=True)


def _code(error: Exception) -> int:
    from ..cluster.api_error import ApiError
    from ..cluster.discovery import UnknownKind
    from ..config.errors import ConfigErrors

    if isinstance(error, ConfigErrors):
        return Exit.USAGE
    if isinstance(error, UnknownKind):
        return Exit.REFUSED
    if isinstance(error, ApiError):
        return Exit.TRANSIENT if error.retryable or error.unreachable else Exit.REFUSED
    return exit_of(error)
