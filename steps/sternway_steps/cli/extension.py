"""What the commands of other packages use of this command line: options, how a command is run, what it may show.

Such a command is a click.Command that a package names in the entry points of the group `sternway.commands`. Its module
is imported for `sternway --help` too, so what is heavy belongs into the function that the command calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import options
from .github_commands import command as github_command
from .optional_word import OptionalWord

if TYPE_CHECKING:
    from .output import Output

__all__ = ["OptionalWord", "Output", "github_command", "options", "perform"]


def perform(
    action: Callable[..., int], arguments: dict[str, Any], prepare: Callable[[dict[str, Any]], Any] | None = None
) -> None:
    """Call `action` with a session, signals, errors and exit codes like those of all commands; then exit.

    Args:
        action: called with the Session, the Output, what `prepare` returned, and the rest of the arguments; returns
            the exit code.
        arguments: those of the command line, with `output`, `verbose`, `kubeconfig` and `context` among them, which
            are taken out.
        prepare: takes its own part out of the arguments before a session is opened; its result is handed to `action`.

    """
    from .main import perform as perform_action

    perform_action(action, arguments, prepare)
