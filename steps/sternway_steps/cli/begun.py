"""Whether anything has begun: until then Ctrl-C ends a command that changes nothing with a code of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..saga.events import Event, RunStarted, StepStarted

if TYPE_CHECKING:
    from .output import Output


class Begun:
    """Hears the events on their way to an output."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.begun = False

    @property
    def output(self) -> Output:
        """The same output, by way of this."""
        return cast("Output", self)

    def event(self, event: Event, at: str = "") -> None:
        """Take an event, and hand it on."""
        self.begun = self.begun or isinstance(event, RunStarted | StepStarted)
        self._output.event(event, at)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)
