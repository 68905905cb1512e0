"""From parsed arguments to an exit code: opens the session, handles signals, prints errors."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..errors import Abandoned, ClusterError, SternwayError
from ..exits import Exit
from ..extras import missing
from ..journal.backends.files import state_folder
from ..journal.encryption import JournalKeys
from ..journal.key_source import VARIABLE, keys_of_environment
from ..session import Session
from ..shortage import shortage
from .begun import Begun
from .code_of import code_of
from .configuration import load_config
from .container_set import SetContainer
from .on_job import told_on_job
from .on_workflow import told_on_workflow
from .output import Output, output_for
from .prints import steps_print_to_their_log
from .signals import stop_on_signals
from .terminal import echo
from .termination import sentence, write_termination_message

if TYPE_CHECKING:
    from ..kube.transport import RequestLog


@dataclass(frozen=True)
class Kind:
    """What a command is to signals and to standard output."""

    one_step: bool = False
    """It is one step of a run, whose undo is another process's work."""
    works: bool = False
    """Steps may work in this process; what they print is theirs."""
    only_reads: bool = False
    """It changes nothing: Ctrl-C leaves it at once."""
    may_not_begin: bool = False
    """It changes nothing before the first event of a run, and says so when Ctrl-C comes earlier."""


Action = Callable[..., int]
"""What a command does: takes the session, the output, what was prepared, and the rest of the arguments."""


def call(action: Action, arguments: dict[str, Any], **kind: bool) -> None:
    """Run a command of this package and exit with its code; `kind` is what `Kind` says of it, but that steps work."""
    perform(action, arguments, load_config if "path" in arguments else None, Kind(works=True, **kind))


def perform(
    action: Action,
    arguments: dict[str, Any],
    prepare: Callable[[dict[str, Any]], Any] | None = None,
    kind: Kind = Kind(),
) -> None:
    """Call an action with a session, signals, errors and exit codes like those of all commands; then exit.

    Args:
        action: what the command does.
        arguments: those of the command line; those that all commands share are taken out.
        prepare: takes its part out of the arguments before a session is opened; its result is the third argument.
        kind: what it is to signals and to standard output.

    """
    verbose, form = arguments.pop("verbose"), arguments.pop("output")

    def body(output: Output) -> int:
        with ExitStack() as stack:
            if kind.works:
                stack.enter_context(steps_print_to_their_log(form))
            return _perform(action, arguments, prepare, output, verbose, kind, stack)

    conclude(form, body, live=not verbose)  # requests are written past what is live


def conclude(form: str, body: Callable[[Output], int], *, live: bool = False) -> NoReturn:
    """Call `body` with the output of a format, print its error as all commands do, and exit with its code."""
    output = output_for(form, live=live)
    code: int
    try:
        code = body(output)
    except SternwayError as error:
        output.error(error)
        write_termination_message(sentence(error))
        code = code_of(error)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Abandoned:
        write_termination_message("told to leave at once: the attempt is sealed, and what is not undone is left")
        code = Exit.STOPPED
    except Exception as raised:  # noqa: BLE001  whatever it is, the user gets one line and a code
        told = shortage(raised) or raised
        output.error(told)
        write_termination_message(f"{type(told).__name__}: {told}")
        code = code_of(told)
        if code == Exit.BUG:
            traceback.print_exc()
    output.done()
    sys.stdout.flush()
    sys.stderr.flush()
    if (container := SetContainer.of(os.environ)) is not None:
        container.end(code)
    # A request that hangs in another thread must not keep a stopped process alive.
    if code in (Exit.STOPPED, Exit.INTERRUPTED):
        os._exit(code)
    sys.exit(code)


def guarded(name: str, load: Callable[[], click.Command]) -> click.Command:
    """Load a command of another package, and give it the errors and the exit codes of ours."""
    try:
        command = load()
    except ImportError as error:
        _refuse(missing(name, error))
    body = command.callback
    assert body is not None  # noqa: S101  click's own commands have one

    def call_it(*arguments: Any, **keys: Any) -> None:
        try:
            body(*arguments, **keys)
        except SternwayError as error:
            _refuse(error)
        except ModuleNotFoundError as error:  # what it loads only when it is called
            _refuse(missing(name, error))

    command.callback = call_it
    return command


def _refuse(error: SternwayError) -> NoReturn:
    output_for("text").error(error)
    sys.exit(code_of(error))


def _perform(
    action: Action,
    arguments: dict[str, Any],
    prepare: Callable[[dict[str, Any]], Any] | None,
    output: Output,
    verbose: bool,
    kind: Kind,
    stack: ExitStack,
) -> int:
    kubeconfig, context = arguments.pop("kubeconfig"), arguments.pop("context")
    stack.enter_context(told_on_workflow(dict(arguments), kubeconfig, context))
    stack.enter_context(told_on_job(dict(arguments), kubeconfig, context))
    arguments |= {"kubeconfig": kubeconfig, "context": context}  # what is prepared may ask the cluster
    prepared = (prepare(arguments),) if prepare is not None else ()
    del arguments["kubeconfig"], arguments["context"]
    if arguments.pop("sandbox", False):
        kubeconfig = stack.enter_context(_sandbox())
    session = stack.enter_context(
        Session(
            kubeconfig=kubeconfig,
            context=context,
            journal=arguments.pop("journal", None),
            namespace=arguments.pop("namespace", None),
            journal_keys=_keys(output.note),
            on_request=_log if verbose else None,
            on_warning=_once(output.note),
            on_retry=output.note,
        )
    )
    heard = Begun(output)
    signalled = stack.enter_context(
        stop_on_signals(
            session,
            output.notice,
            one_step=kind.one_step,
            only_reads=kind.only_reads,
            begun=lambda: heard.begun or not kind.may_not_begin,
        )
    )

    def interrupted() -> bool:
        return kind.may_not_begin and not heard.begun and signalled.number == signal.SIGINT

    try:
        code = int(action(session, heard.output, *prepared, **arguments))
    except (SternwayError, ClusterError):
        if interrupted():
            raise KeyboardInterrupt from None
        raise
    return Exit.INTERRUPTED if interrupted() else code


def _keys(note: Callable[[str], None]) -> JournalKeys | None:
    """Return the keys that the environment names; no program that we start finds them there."""
    keys = keys_of_environment(os.environ, note)
    os.environ.pop(VARIABLE, None)
    return keys


@contextmanager
def _sandbox() -> Iterator[str]:
    try:
        from ..sandbox import Sandbox
    except ImportError as error:
        raise missing("--sandbox", error) from error
    state = os.environ.get("STERNWAY_STATE") or str(state_folder() / "sandbox.json")
    with Sandbox(state=state) as sandbox:
        yield sandbox.kubeconfig


def _once(note: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that shows each warning once, however many objects it is about."""
    shown: set[str] = set()

    def warn(text: str) -> None:
        if text not in shown:
            shown.add(text)
            note(f"warning: {text}")

    return warn


def _log(request: RequestLog) -> None:
    status = request.status or "no answer"
    echo(f"  {request.method} {request.path}: {status} ({request.seconds * 1000:.0f} ms)", err=True)
